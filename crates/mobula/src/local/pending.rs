//! A task that waits for its arguments.

use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::entry::{Entry, Waiter};
use super::job::Job;
use super::scheduler::Scheduler;
use crate::engine::RawRef;
use crate::task::Arg;
use crate::{Error, Result};

/// A job and how many of its arguments are still to come.
pub(super) struct PendingTask {
    missing: AtomicUsize,
    job: Mutex<Option<Job>>,
    scheduler: Weak<Scheduler>,
}

/// The objects that a job takes as arguments.
fn dependencies(args: &[Arg]) -> impl Iterator<Item = &RawRef> {
    args.iter().flat_map(|arg| match arg {
        Arg::Value(_) => &[][..],
        Arg::Ref(raw) => std::slice::from_ref(raw),
        Arg::Gather(refs, _) => refs,
    })
}

/// Queues the job now, or once its arguments are there.
pub(super) fn start(job: Job, scheduler: &Arc<Scheduler>) -> Result<()> {
    let mut waits_for: Vec<Arc<Entry>> = Vec::new();
    for raw in dependencies(&job.args) {
        let RawRef::Local(entry) = raw else { return Err(RawRef::foreign()) };
        match entry.get() {
            None => waits_for.push(entry.clone()),
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                let error = error.clone();
                job.returns.fail(&error);
                return Ok(());
            }
        }
    }
    if waits_for.is_empty() {
        return scheduler.enqueue(job);
    }
    // One more than there are, so that the task cannot start while it is still being registered.
    let task = Arc::new(PendingTask {
        missing: AtomicUsize::new(waits_for.len() + 1),
        job: Mutex::new(Some(job)),
        scheduler: Arc::downgrade(scheduler),
    });
    for entry in waits_for {
        if entry.add_waiter(Waiter::Task(task.clone())).is_some() {
            task.arrived();
        }
    }
    task.arrived();
    Ok(())
}

impl PendingTask {
    /// One argument less to wait for; the last one starts the task, or fails it where an argument has failed.
    pub(super) fn arrived(&self) {
        if self.missing.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        let Some(job) = self.job.lock().take() else { return };
        let failed = dependencies(&job.args).find_map(|raw| match raw {
            RawRef::Local(entry) => entry.get().and_then(|value| value.err().cloned()),
            RawRef::Remote(_) => None,
        });
        match (failed, self.scheduler.upgrade()) {
            (Some(error), _) => job.returns.fail(&error),
            (None, Some(scheduler)) => {
                // A thread that cannot be started leaves the job queued for those that run.
                let _ = scheduler.enqueue(job);
            }
            (None, None) => job.returns.fail(&Error::Disconnected("the local engine has ended".into())),
        }
    }
}
