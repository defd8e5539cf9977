//! Waiting for what another process does.

use std::time::{Duration, Instant};

/// Asks `attempt` again and again until it gives a value, at most for `limit`.
///
/// For what another process does in its own time: a node that joins, a task that shows up in a state API.
///
/// ```
/// use std::time::Duration;
///
/// let mut left = 3;
/// let value = mobula_nodes::eventually(Duration::from_secs(10), || {
///     left -= 1;
///     (left == 0).then_some("ready")
/// });
/// assert_eq!(value, Some("ready"));
/// ```
pub fn eventually<T>(limit: Duration, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(5);
    loop {
        if let Some(value) = attempt() {
            return Some(value);
        }
        let left = limit.checked_sub(begin.elapsed()).filter(|left| !left.is_zero())?;
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eventually_asks_at_least_once_and_ends() {
        let mut asked = 0;
        let nothing = eventually(Duration::ZERO, || {
            asked += 1;
            None::<()>
        });
        assert_eq!((nothing, asked), (None, 1));
    }
}
