//! A thread that runs tasks, and what it knows of the task it runs.

use std::cell::RefCell;
use std::sync::Arc;

use super::engine::LocalEngine;
use super::entry::Entry;
use super::job::Job;
use super::scheduler::{Done, Scheduler, Work};
use crate::task::UNIT;
use crate::{Error, Ray, Result};

/// The task that this thread runs.
struct Current {
    entry: Option<Arc<Entry>>,
    cpu: i64,
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

pub(super) fn run(scheduler: &Arc<Scheduler>) {
    let ray = Ray::over(Arc::new(LocalEngine::within(scheduler.clone())));
    let mut done = None;
    while let Some(work) = scheduler.next(done.take()) {
        done = Some(match work {
            Work::Lease => {
                while let Some(job) = scheduler.next_one_cpu() {
                    run_job(job, UNIT, &ray, scheduler);
                    if scheduler.has_ended() {
                        break;
                    }
                }
                Done::Lease
            }
            Work::Odd(job) => {
                let demand = job.demand.clone();
                let back = demand.map_or(Done::Lease, Done::Odd);
                run_job(job, back.cpu(), &ray, scheduler);
                back
            }
        });
    }
}

fn run_job(job: Job, cpu: i64, ray: &Ray, scheduler: &Arc<Scheduler>) {
    if job.is_cancelled() {
        return;
    }
    CURRENT.set(Some(Current { entry: job.returns.first().cloned(), cpu }));
    let again = job.run(ray);
    CURRENT.set(None);
    if let Some(job) = again {
        // This thread is here to take it, should no other be.
        let _ = scheduler.enqueue(job);
    }
}

/// Blocks in `wait` while this thread's task, if it runs one, gives its CPUs to others.
pub(super) fn blocking<T>(scheduler: &Arc<Scheduler>, wait: impl FnOnce() -> T) -> T {
    let cpu = CURRENT.with_borrow(|current| current.as_ref().map(|current| current.cpu));
    let Some(cpu) = cpu else { return wait() };
    scheduler.block(cpu);
    let out = wait();
    scheduler.unblock(cpu);
    out
}

/// Remembers that this thread's task, if it runs one, started another.
pub(super) fn adopt(child: Option<&Arc<Entry>>) {
    CURRENT.with_borrow(|current| {
        if let (Some(Current { entry: Some(entry), .. }), Some(child)) = (current, child) {
            entry.add_child(child);
        }
    });
}

/// `Err` where this thread's task was cancelled.
pub(super) fn check_cancelled() -> Result<()> {
    let cancelled = CURRENT.with_borrow(|current| {
        current.as_ref().and_then(|current| current.entry.as_ref()).is_some_and(|entry| entry.is_cancelled())
    });
    if cancelled { Err(Error::Cancelled("the task was cancelled".into())) } else { Ok(()) }
}
