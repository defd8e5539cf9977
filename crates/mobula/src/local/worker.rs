//! A thread that runs tasks, and what it knows of the task it runs.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::engine::LocalEngine;
use super::entry::Entry;
use super::job::Job;
use super::scheduler::{Done, Held, Scheduler, Work};
use crate::{Error, Ray, Result, RuntimeEnv};

/// The task or method that this thread runs.
pub(super) struct Current {
    /// The object that stands for it.
    pub(super) entry: Option<Arc<Entry>>,
    pub(super) held: Held,
    /// Who it is to the actors that it calls: 0 until it calls one.
    pub(super) caller: u64,
    pub(super) env: Option<Arc<RuntimeEnv>>,
    /// The actor's id and whether it was started again, in an actor.
    pub(super) actor: Option<(u64, bool)>,
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// Runs `f` as `current`.
pub(super) fn within<T>(current: Current, f: impl FnOnce() -> T) -> T {
    CURRENT.set(Some(current));
    let out = f();
    CURRENT.set(None);
    out
}

pub(super) fn run(scheduler: &Arc<Scheduler>) {
    let ray = Ray::over(Arc::new(LocalEngine::within(scheduler.clone())));
    let mut done = None;
    while let Some(work) = scheduler.next(done.take()) {
        done = match work {
            Work::Lease => {
                while let Some(job) = scheduler.next_one_cpu() {
                    run_job(job, Held::OneCpu, &ray, scheduler);
                    if scheduler.has_ended() {
                        break;
                    }
                }
                Some(Done::Lease)
            }
            Work::Odd(job, claim) => {
                run_job(job, Held::Claim(claim.clone()), &ray, scheduler);
                Some(Done::Odd(claim))
            }
            // It keeps what it has until it dies.
            Work::Actor(actor, claim) => (!actor.start()).then_some(Done::Odd(claim)),
        };
    }
}

fn run_job(job: Job, held: Held, ray: &Ray, scheduler: &Arc<Scheduler>) {
    if job.is_cancelled() {
        return;
    }
    let env = job.options.runtime_env.clone().map(Arc::new);
    let current = Current { entry: job.returns.first().cloned(), held, caller: 0, env, actor: None };
    let again = within(current, || job.run(ray));
    if let Some(mut job) = again {
        // The old claim is still to be given back to where it was taken from.
        job.claim = job.claim.map(|claim| Arc::new(claim.anew()));
        // This thread is here to take it, should no other be.
        let _ = scheduler.enqueue(job);
    }
}

/// Blocks in `wait` while this thread's task, if it runs one, gives its CPUs to others.
///
/// # Errors
/// Where no thread is left that could do what this one waits for, and none can be started.
pub(super) fn blocking<T>(scheduler: &Arc<Scheduler>, wait: impl FnOnce() -> T) -> Result<T> {
    let held = CURRENT.with_borrow(|current| current.as_ref().map(|current| current.held.clone()));
    match held {
        None | Some(Held::Nothing) => Ok(wait()),
        Some(held) => {
            scheduler.block(&held)?;
            let out = wait();
            scheduler.unblock(&held);
            Ok(out)
        }
    }
}

/// Remembers that this thread's task, if it runs one, started another.
pub(super) fn adopt(child: Option<&Arc<Entry>>) {
    CURRENT.with_borrow(|current| {
        if let (Some(Current { entry: Some(entry), .. }), Some(child)) = (current, child) {
            entry.add_child(child);
        }
    });
}

/// Who this thread is to actors: one caller's calls stay in order. The driver's threads are one caller together.
pub(super) fn caller() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    CURRENT.with_borrow_mut(|current| match current {
        None => 0,
        Some(current) => {
            if current.caller == 0 {
                current.caller = NEXT.fetch_add(1, Ordering::Relaxed);
            }
            current.caller
        }
    })
}

/// What `read` finds in what this thread runs.
pub(super) fn current<T>(read: impl FnOnce(Option<&Current>) -> T) -> T {
    CURRENT.with_borrow(|current| read(current.as_ref()))
}

/// `Err` where this thread's task was cancelled.
pub(super) fn check_cancelled() -> Result<()> {
    let cancelled = CURRENT.with_borrow(|current| {
        current.as_ref().and_then(|current| current.entry.as_ref()).is_some_and(|entry| entry.is_cancelled())
    });
    if cancelled { Err(Error::Cancelled("the task was cancelled".into())) } else { Ok(()) }
}
