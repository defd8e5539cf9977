//! Ctrl-C while a job is on its way: before there is a job, it ends this process; then it is a wish that the watcher
//! sees; the second time it ends this process all the same.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The exit code of a program that was interrupted.
pub const INTERRUPTED: u8 = 130;

static WATCHED: AtomicBool = AtomicBool::new(false);
static WISHES: AtomicU32 = AtomicU32::new(0);

/// Takes over SIGINT, SIGTERM and SIGHUP, except for those that this process was started to ignore (`nohup`, a script's
/// background).
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ignored = ignored(&std::fs::read_to_string("/proc/self/status").unwrap_or_default());
        let taken = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        // Without them a signal ends this process, and the job goes on.
        let Ok(mut signals) = Signals::new(taken) else { return };
        std::thread::spawn(move || signals.forever().for_each(|_| interrupted()));
    });
}

fn interrupted() {
    let before = WISHES.fetch_add(1, Ordering::SeqCst);
    if before > 0 || !WATCHED.load(Ordering::SeqCst) {
        std::process::exit(INTERRUPTED.into());
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

/// Whether somebody wants the job to stop.
pub fn wished() -> bool {
    WISHES.load(Ordering::SeqCst) > 0
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
