//! The local engine as the rest of the crate sees it.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::actor::LocalActor;
use super::claim::Claim;
use super::entry::{Entry, Waiter, told};
use super::group::LocalGroup;
use super::handle::LocalHandle;
use super::job::{Effective, Job, Returns};
use super::mailbox::Call;
use super::pending::Waiting;
use super::scheduler::{Odd, Scheduler};
use super::{LocalConfig, pending, worker};
use crate::actor::{ActorDef, Creation, MethodSubmission, RawActor, times};
use crate::engine::{AnyValue, Engine, Fetched, RawRef, Submission};
use crate::placement::{GroupSpec, RawGroup};
use crate::task::{Demand, Options, Scheduling};
use crate::{Error, Node, Resources, Result, RuntimeContext};

/// After how long somebody who waits is told what for, should it never come.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

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

    /// What work with these options takes; `None` is one CPU and nothing else.
    fn claim(&self, options: &Options, demand: Demand) -> Result<Option<Arc<Claim>>> {
        options.validate()?;
        match &options.scheduling {
            Some(Scheduling::NodeAffinity { node_id, soft: false }) if node_id != NODE => {
                return Err(Error::Unschedulable(format!(
                    "there is no node {node_id}: the local engine's is `{NODE}`"
                )));
            }
            Some(Scheduling::PlacementGroup { group, bundle }) => {
                let group = local_group(&group.raw)?;
                group.check(&demand, *bundle)?;
                return Ok(Some(Arc::new(Claim::in_group(demand, group.clone(), *bundle))));
            }
            _ => {}
        }
        if demand.is_one_cpu() {
            return Ok(None);
        }
        if !demand.fits(&self.scheduler.totals) {
            return Err(Error::unschedulable(&demand, std::iter::once(&self.scheduler.totals)));
        }
        Ok(Some(Arc::new(Claim::on_node(demand))))
    }

    fn job(&self, call: Submission, returns: Returns) -> Result<Job> {
        let options = call.task.options();
        let options = match call.overrides {
            None => Effective::Static(options),
            Some(over) => Effective::Merged(Box::new(options.overridden_by(&over))),
        };
        // The common case was decided once for all.
        let plain = matches!(options, Effective::Static(_)) && call.task.is_plain();
        let claim = if plain { None } else { self.claim(&options, Demand::of(&options))? };
        Ok(Job {
            task: call.task,
            args: call.args,
            options,
            num_returns: call.num_returns,
            returns,
            claim,
            attempts: 0,
        })
    }

    fn start_job(&self, job: Job) -> Result<()> {
        worker::adopt(job.returns.first());
        pending::start(Waiting::Task(job), &self.scheduler)
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

fn local_group(group: &RawGroup) -> Result<&Arc<LocalGroup>> {
    match group {
        RawGroup::Local(group) => Ok(group),
        RawGroup::Remote(_) => Err(RawRef::foreign()),
    }
}

fn of_type(handle: Arc<LocalHandle>, wanted: &'static ActorDef) -> Result<RawActor> {
    if !std::ptr::eq(handle.actor.def, wanted) {
        let (name, has) = (handle.actor.name().unwrap_or_default(), handle.actor.def.name);
        return Err(Error::Invalid(format!("the actor named `{name}` is a {has}, not a {}", wanted.name)));
    }
    Ok(RawActor::Local(handle))
}

/// When a time is over; never, for one that is beyond the clock's end.
fn end_of(timeout: Option<Duration>) -> Option<Instant> {
    Instant::now().checked_add(timeout?)
}

/// Sleeps until another thread has news or the deadline is over; `false` once it is.
fn park(deadline: Option<Instant>) -> bool {
    told::catch_up();
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
fn wait_for(
    refs: &[&RawRef],
    deadline: Option<Instant>,
    timeout: Option<Duration>,
    mut long: impl FnMut(),
) -> Result<()> {
    let told = Instant::now() + PATIENCE;
    let mut is_told = false;
    for raw in refs {
        let entry = local(raw)?;
        if entry.is_ready() || entry.add_waiter(Waiter::Thread(thread::current())).is_some() {
            continue;
        }
        while !entry.is_ready() {
            let next = if is_told { deadline } else { deadline.into_iter().chain([told]).min() };
            if park(next) {
                continue;
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                entry.remove_thread(&thread::current());
                return Err(Error::Timeout(timeout.unwrap_or_default()));
            }
            is_told = true;
            long();
        }
    }
    Ok(())
}

impl Engine for LocalEngine {
    fn submit(&self, call: Submission) -> Result<Vec<RawRef>> {
        let returns = Returns::places(call.num_returns)?;
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

    fn spawn(&self, creation: Creation) -> Result<RawActor> {
        let options = creation.options()?;
        let claim = self.claim(&options.base, Demand::of_actor(&options.base))?;
        let claim =
            claim.map_or_else(|| Claim::on_node(Demand::of_actor(&options.base)), |claim| claim.anew());
        let claim = Arc::new(claim.lasting());
        let detached = options.is_detached();
        let reuse = options.get_if_exists == Some(true);
        let namespace = options.namespace.clone().unwrap_or_default();
        let name = options.base.name.clone().map(|name| (namespace, name));
        let actor = LocalActor::new(creation.actor, options, claim.clone(), &self.scheduler);
        let handle = Arc::new(LocalHandle { actor: actor.clone() });
        if let Err(taken) = self.scheduler.names.add(&handle, name, detached) {
            if reuse {
                return of_type(taken, creation.actor);
            }
            let name = taken.actor.name().unwrap_or_default();
            return Err(Error::Invalid(format!("there is an actor named `{name}` already")));
        }
        pending::start(Waiting::Actor(actor, creation.args, claim), &self.scheduler)?;
        Ok(RawActor::Local(handle))
    }

    fn call(&self, call: MethodSubmission) -> Result<Vec<RawRef>> {
        call.validate()?;
        let actor = call.actor.local()?;
        let returns = Returns::places(call.num_returns)?;
        worker::adopt(returns.first());
        let refs = returns.refs();
        let over = call.overrides.as_deref();
        actor.call(Call {
            method: call.method,
            args: call.args,
            num_returns: call.num_returns,
            returns,
            caller: worker::caller(),
            retries: times(over.and_then(|over| over.max_task_retries).or(actor.max_task_retries())),
            retry_exceptions: over.and_then(|over| over.retry_exceptions).unwrap_or(false),
        });
        Ok(refs)
    }

    fn get_actor(&self, actor: &'static ActorDef, name: &str, namespace: Option<&str>) -> Result<RawActor> {
        of_type(self.scheduler.names.find(namespace.unwrap_or_default(), name)?, actor)
    }

    fn kill(&self, actor: &RawActor, no_restart: bool) -> Result<()> {
        actor.local()?.kill(no_restart);
        Ok(())
    }

    fn create_group(&self, spec: &GroupSpec) -> Result<RawGroup> {
        let group = Arc::new(LocalGroup::new(spec, &self.scheduler.totals)?);
        let claim = Arc::new(Claim::on_node(group.sum()).lasting());
        self.scheduler.enqueue_odd(Odd::Group(group.clone(), claim))?;
        Ok(RawGroup::Local(group))
    }

    fn group_ready(&self, group: &RawGroup, timeout: Option<Duration>) -> Result<()> {
        let group = local_group(group)?;
        worker::blocking(&self.scheduler, || group.wait_until_ready(timeout, || self.scheduler.tell()))?
    }

    fn remove_group(&self, group: &RawGroup) -> Result<()> {
        self.scheduler.remove_group(local_group(group)?);
        Ok(())
    }

    fn context(&self) -> Result<RuntimeContext> {
        let actor = worker::current(|current| current.and_then(|current| current.actor));
        Ok(RuntimeContext {
            node_id: NODE.into(),
            job_id: String::new(),
            namespace: String::new(),
            actor_id: actor.map(|(id, _)| format!("{id:x}")),
            restarted: actor.is_some_and(|(_, restarted)| restarted),
        })
    }

    fn env_var(&self, name: &str) -> Option<String> {
        let own = worker::current(|current| current?.env.as_ref()?.env_vars.get(name).cloned());
        own.or_else(|| std::env::var(name).ok())
    }

    fn working_dir(&self) -> Result<PathBuf> {
        let own = worker::current(|current| current?.env.as_ref()?.working_dir.clone());
        own.map_or_else(
            || std::env::current_dir().map_err(|e| Error::Internal(format!("no current folder: {e}"))),
            |folder| Ok(folder.into()),
        )
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
        let deadline = end_of(timeout);
        // What is there is passed over without further ado; the first that is not makes this thread wait for all the rest.
        let first = refs.iter().position(|raw| !matches!(raw, RawRef::Local(entry) if entry.is_ready()));
        if let Some(first) = first {
            let tell = || self.scheduler.tell();
            worker::blocking(&self.scheduler, || wait_for(&refs[first..], deadline, timeout, tell))??;
        }
        refs.iter().try_for_each(|raw| match local(raw)?.get() {
            Some(Ok(value)) => each(Fetched::Shared(value.clone())),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Error::Internal("an object was not there after all".into())),
        })
    }

    fn wait(&self, refs: &[&RawRef], num_returns: usize, timeout: Option<Duration>) -> Result<Vec<bool>> {
        worker::check_cancelled()?;
        let deadline = end_of(timeout);
        let entries: Vec<&Arc<Entry>> = refs.iter().map(|raw| local(raw)).collect::<Result<_>>()?;
        let count = || entries.iter().filter(|entry| entry.is_ready()).count();
        if count() < num_returns {
            let me = thread::current();
            for entry in &entries {
                let _ = entry.add_waiter(Waiter::Thread(me.clone()));
            }
            let waited =
                worker::blocking(&self.scheduler, || while count() < num_returns && park(deadline) {});
            for entry in entries.iter().filter(|entry| !entry.is_ready()) {
                entry.remove_thread(&me);
            }
            waited?;
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
        local(object)?.clone().cancel(&Error::Cancelled("the task was cancelled".into()));
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
