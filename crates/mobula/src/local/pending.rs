//! A task that waits for its arguments.

use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::actor::LocalActor;
use super::claim::Claim;
use super::entry::{Entry, Waiter};
use super::job::Job;
use super::scheduler::{Odd, Scheduler};
use crate::engine::RawRef;
use crate::task::{Arg, references};
use crate::{Error, Result};

/// What waits for arguments.
pub(super) enum Waiting {
    Task(Job),
    /// A new actor, with its constructor's.
    Actor(Arc<LocalActor>, Vec<Arg>, Arc<Claim>),
}

impl Waiting {
    fn args(&self) -> &[Arg] {
        match self {
            Waiting::Task(job) => &job.args,
            Waiting::Actor(_, args, _) => args,
        }
    }

    fn fail(self, error: &Error) {
        match self {
            Waiting::Task(job) => job.returns.fail(error),
            Waiting::Actor(actor, ..) => actor.die(&format!("could not be made: {error}")),
        }
    }

    fn enqueue(self, scheduler: &Arc<Scheduler>) -> Result<()> {
        match self {
            Waiting::Task(job) => scheduler.enqueue(job),
            Waiting::Actor(actor, args, claim) => {
                actor.give_args(args);
                scheduler.enqueue_odd(Odd::Actor(actor, claim))
            }
        }
    }
}

/// Work and how many of its arguments are still to come.
pub(super) struct PendingTask {
    missing: AtomicUsize,
    work: Mutex<Option<Waiting>>,
    scheduler: Weak<Scheduler>,
}

/// Queues the work now, or once its arguments are there.
pub(super) fn start(work: Waiting, scheduler: &Arc<Scheduler>) -> Result<()> {
    let mut waits_for: Vec<Arc<Entry>> = Vec::new();
    let mut failed = None;
    for raw in references(work.args()) {
        let RawRef::Local(entry) = raw else { return Err(RawRef::foreign()) };
        match entry.get() {
            None => waits_for.push(entry.clone()),
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                failed = Some(error.clone());
                break;
            }
        }
    }
    if let Some(error) = failed {
        work.fail(&error);
        return Ok(());
    }
    if waits_for.is_empty() {
        return work.enqueue(scheduler);
    }
    // One more than there are, so that the task cannot start while it is still being registered.
    let task = Arc::new(PendingTask {
        missing: AtomicUsize::new(waits_for.len() + 1),
        work: Mutex::new(Some(work)),
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
    /// One argument less to wait for; the last one starts the work, or fails it where an argument has failed.
    pub(super) fn arrived(&self) {
        if self.missing.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        let Some(work) = self.work.lock().take() else { return };
        let failed = references(work.args()).find_map(|raw| match raw {
            RawRef::Local(entry) => entry.get().and_then(|value| value.err().cloned()),
            RawRef::Remote(_) => None,
        });
        match (failed, self.scheduler.upgrade()) {
            (Some(error), _) => work.fail(&error),
            (None, Some(scheduler)) => {
                // A thread that cannot be started leaves the work queued for those that run.
                let _ = work.enqueue(&scheduler);
            }
            (None, None) => work.fail(&Error::Disconnected("the local engine has ended".into())),
        }
    }
}
