//! Ctrl-C while a job is on its way: before there is a job, it ends this process; then it is a wish that the watcher
//! sees; the second time it ends this process all the same.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

static WATCHED: AtomicBool = AtomicBool::new(false);
/// The signal that came first; 0 for none.
static WISH: AtomicU8 = AtomicU8::new(0);

/// Takes over SIGINT, SIGTERM and SIGHUP, except for those that this process was started to ignore (`nohup`, a script's
/// background).
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ignored = ignored(&std::fs::read_to_string("/proc/self/status").unwrap_or_default());
        let taken = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        // Without them a signal ends this process, and the job goes on.
        let Ok(mut signals) = Signals::new(taken) else { return };
        std::thread::spawn(move || signals.forever().for_each(interrupted));
    });
}

fn interrupted(signal: i32) {
    let signal = u8::try_from(signal).unwrap_or(0);
    let first = WISH.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_ok();
    if !first || !WATCHED.load(Ordering::SeqCst) {
        std::process::exit(i32::from(128 + signal));
    }
    eprintln!("stopping the job; once more leaves it to itself");
}

/// The signals that a process ignores, as bits from the first signal on.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// From now on there is a job to stop.
pub fn watch() {
    WATCHED.store(true, Ordering::SeqCst);
}

/// Whether somebody wants the job to stop: the exit code, as a shell has it for the signal.
pub fn wished() -> Option<u8> {
    Some(WISH.load(Ordering::SeqCst)).filter(|signal| *signal > 0).map(|signal| 128 + signal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_kernels_words() {
        let status = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000002\n";
        assert_eq!(ignored(status), 1 << (SIGHUP - 1) | 1 << 12);
        assert_eq!(ignored(""), 0);
    }
}
