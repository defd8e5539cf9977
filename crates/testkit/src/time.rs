//! Bounds: a test that hangs must fail.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Runs `body` on a thread of its own and fails the test when it has not ended within `limit`.
///
/// The thread of a body that hangs cannot be ended and is left behind; what it holds goes with the process (clusters
/// included: see [`crate::ray`]).
///
/// # Panics
///
/// With the body's own panic, or with a message that names the limit.
///
/// ```
/// use std::time::Duration;
///
/// let answer = mobula_testkit::watchdog(Duration::from_secs(60), || 6 * 7);
/// assert_eq!(answer, 42);
/// ```
pub fn watchdog<T: Send + 'static>(limit: Duration, body: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = channel();
    // The new thread carries the test's name, for the messages of panics and skips.
    let name = std::thread::current().name().unwrap_or("watchdog").to_owned();
    let work = move || {
        let value = body();
        // The receiver is gone after a timeout; then nobody wants the value.
        let _ = send.send(value);
    };
    let thread = match std::thread::Builder::new().name(name).spawn(work) {
        Ok(thread) => thread,
        Err(error) => panic!("watchdog: no thread for the test's body: {error}"),
    };
    match receive.recv_timeout(limit) {
        Ok(value) => value,
        Err(RecvTimeoutError::Timeout) => panic!("watchdog: not finished after {limit:?}"),
        // The sender went without a value: the body panicked.
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => panic!("watchdog: the body ended without a value"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_ends_gives_its_value() {
        assert_eq!(watchdog(Duration::from_secs(60), || "done"), "done");
    }

    #[test]
    #[should_panic(expected = "watchdog: not finished after 20ms")]
    fn a_body_that_hangs_is_a_failure() {
        watchdog(Duration::from_millis(20), || {
            loop {
                std::thread::park();
            }
        });
    }

    #[test]
    #[should_panic(expected = "the body's own words")]
    fn a_panic_passes_through() {
        watchdog(Duration::from_secs(60), || panic!("the body's own words"));
    }

    #[test]
    fn the_body_runs_under_the_name_of_its_test() {
        let outside = std::thread::current().name().map(str::to_owned);
        let inside = watchdog(Duration::from_secs(60), || std::thread::current().name().map(str::to_owned));
        assert_eq!(outside, inside);
    }
}
