//! Ctrl-C while a job is on its way: before there is a job, it ends this process; then it is a wish that the watcher
//! sees; the second time it ends this process all the same.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// The exit code of a program that was interrupted.
pub const INTERRUPTED: u8 = 130;

static WATCHED: AtomicBool = AtomicBool::new(false);
static WISHES: AtomicU32 = AtomicU32::new(0);

/// Takes over SIGINT, SIGTERM and SIGHUP. Where something else in this process has done so, that stays.
pub fn install() {
    let _ = ctrlc::try_set_handler(|| {
        let before = WISHES.fetch_add(1, Ordering::SeqCst);
        if before > 0 || !WATCHED.load(Ordering::SeqCst) {
            std::process::exit(INTERRUPTED.into());
        }
        eprintln!("stopping the job; once more leaves it to itself");
    });
}

/// From now on there is a job to stop.
pub fn watch() {
    WATCHED.store(true, Ordering::SeqCst);
}

/// Whether somebody wants the job to stop.
pub fn wished() -> bool {
    WISHES.load(Ordering::SeqCst) > 0
}
