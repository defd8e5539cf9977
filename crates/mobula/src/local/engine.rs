//! The local engine as the rest of the crate sees it.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::entry::{Entry, Waiter};
use super::job::{Effective, Job, Returns};
use super::scheduler::Scheduler;
use super::{LocalConfig, pending, worker};
use crate::engine::{AnyValue, Engine, Fetched, RawRef, Submission};
use crate::task::{Demand, Options, Scheduling};
use crate::{Error, Node, Resources, Result};

/// The id of the local engine's one node.
const NODE: &str = "local";

/// One process as a cluster of one node.
pub struct LocalEngine {
    scheduler: Arc<Scheduler>,
    /// Whether dropping this one ends the threads: the driver's does, those that tasks get do not.
    owner: bool,
}

impl LocalEngine {
    /// An engine with no thread yet: they start with the work.
    pub fn start(config: LocalConfig) -> LocalEngine {
        LocalEngine { scheduler: Scheduler::new(&config), owner: true }
    }

    pub(super) fn within(scheduler: Arc<Scheduler>) -> LocalEngine {
        LocalEngine { scheduler, owner: false }
    }

    fn demand(&self, options: &Options) -> Result<Option<Arc<Demand>>> {
        options.validate()?;
        if let Some(Scheduling::NodeAffinity { node_id, soft: false }) = &options.scheduling
            && node_id != NODE
        {
            return Err(Error::Unschedulable(format!(
                "there is no node {node_id}: the local engine's is `{NODE}`"
            )));
        }
        let demand = Demand::of(options);
        if demand.is_one_cpu() {
            return Ok(None);
        }
        if !demand.fits(&self.scheduler.totals) {
            return Err(Error::unschedulable(&demand, std::iter::once(&self.scheduler.totals)));
        }
        Ok(Some(Arc::new(demand)))
    }

    fn job(&self, call: Submission, returns: Returns) -> Result<Job> {
        let options = call.task.options();
        let options = match call.overrides {
            None => Effective::Static(options),
            Some(over) => Effective::Merged(Box::new(options.overridden_by(&over))),
        };
        // The common case was decided once for all.
        let plain = matches!(options, Effective::Static(_)) && call.task.is_plain();
        let demand = if plain { None } else { self.demand(&options)? };
        Ok(Job {
            task: call.task,
            args: call.args,
            options,
            num_returns: call.num_returns,
            returns,
            demand,
            attempts: 0,
        })
    }

    fn start_job(&self, job: Job) -> Result<()> {
        worker::adopt(job.returns.first());
        pending::start(job, &self.scheduler)
    }
}

impl Drop for LocalEngine {
    fn drop(&mut self) {
        if self.owner {
            self.scheduler.end();
        }
    }
}

fn local(raw: &RawRef) -> Result<&Arc<Entry>> {
    match raw {
        RawRef::Local(entry) => Ok(entry),
        RawRef::Remote(_) => Err(RawRef::foreign()),
    }
}

/// Sleeps until another thread has news or the deadline is over; `false` once it is.
fn park(deadline: Option<Instant>) -> bool {
    match deadline {
        None => thread::park(),
        Some(deadline) => {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            thread::park_timeout(left);
        }
    }
    true
}

/// Waits until all are ready.
fn wait_for(refs: &[&RawRef], deadline: Option<Instant>, timeout: Option<Duration>) -> Result<()> {
    for raw in refs {
        let entry = local(raw)?;
        if entry.is_ready() || entry.add_waiter(Waiter::Thread(thread::current())).is_some() {
            continue;
        }
        while !entry.is_ready() {
            if !park(deadline) {
                entry.remove_thread(&thread::current());
                return Err(Error::Timeout(timeout.unwrap_or_default()));
            }
        }
    }
    Ok(())
}

impl Engine for LocalEngine {
    fn submit(&self, call: Submission) -> Result<Vec<RawRef>> {
        let returns = match call.num_returns {
            None => Returns::One(Arc::default()),
            Some(0) => {
                return Err(Error::Invalid("num_returns = 0: a task makes at least one object".into()));
            }
            Some(n) => Returns::Many(Entry::family(n)),
        };
        let job = self.job(call, returns)?;
        let refs = job.returns.refs();
        self.start_job(job)?;
        Ok(refs)
    }

    fn submit_one(&self, call: Submission) -> Result<RawRef> {
        let entry = Arc::<Entry>::default();
        let job = self.job(call, Returns::One(entry.clone()))?;
        self.start_job(job)?;
        Ok(RawRef::Local(entry))
    }

    fn put(&self, value: AnyValue) -> Result<RawRef> {
        Ok(RawRef::Local(Entry::ready(value.shared)))
    }

    fn get(
        &self,
        refs: &[&RawRef],
        timeout: Option<Duration>,
        each: &mut dyn FnMut(Fetched) -> Result<()>,
    ) -> Result<()> {
        worker::check_cancelled()?;
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        // What is there is passed over without further ado; the first that is not makes this thread wait for all the rest.
        let first = refs.iter().position(|raw| !matches!(raw, RawRef::Local(entry) if entry.is_ready()));
        if let Some(first) = first {
            worker::blocking(&self.scheduler, || wait_for(&refs[first..], deadline, timeout))?;
        }
        refs.iter().try_for_each(|raw| match local(raw)?.get() {
            Some(Ok(value)) => each(Fetched::Shared(value.clone())),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Error::Internal("an object was not there after all".into())),
        })
    }

    fn wait(&self, refs: &[&RawRef], num_returns: usize, timeout: Option<Duration>) -> Result<Vec<bool>> {
        worker::check_cancelled()?;
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let entries: Vec<&Arc<Entry>> = refs.iter().map(|raw| local(raw)).collect::<Result<_>>()?;
        let count = || entries.iter().filter(|entry| entry.is_ready()).count();
        if count() < num_returns {
            let me = thread::current();
            for entry in &entries {
                let _ = entry.add_waiter(Waiter::Thread(me.clone()));
            }
            worker::blocking(&self.scheduler, || while count() < num_returns && park(deadline) {});
            for entry in entries.iter().filter(|entry| !entry.is_ready()) {
                entry.remove_thread(&me);
            }
        }
        // Like Ray's: no more are called ready than were asked for.
        let mut left = num_returns;
        Ok(entries
            .iter()
            .map(|entry| {
                let ready = left > 0 && entry.is_ready();
                left -= usize::from(ready);
                ready
            })
            .collect())
    }

    fn cancel(&self, object: &RawRef, _force: bool) -> Result<()> {
        local(object)?.clone().cancel();
        Ok(())
    }

    fn check_cancelled(&self) -> Result<()> {
        worker::check_cancelled()
    }

    fn nodes(&self) -> Result<Vec<Node>> {
        let hostname =
            std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_else(|_| "localhost".into());
        Ok(vec![Node {
            id: NODE.into(),
            alive: true,
            hostname: hostname.trim().into(),
            address: "127.0.0.1".into(),
            resources: self.scheduler.totals.clone(),
        }])
    }

    fn available_resources(&self) -> Result<Resources> {
        Ok(self.scheduler.available())
    }

    fn describe(&self) -> Result<String> {
        let cpus = self.scheduler.totals.get("CPU").copied().unwrap_or(0.0);
        Ok(format!("Embedded in this process: {cpus} {}", if cpus == 1.0 { "CPU" } else { "CPUs" }))
    }

    fn is_local(&self) -> bool {
        true
    }
}
