//! What runs when: the account of resources and the queues.
//!
//! Nearly all tasks ask for one CPU and nothing else. They go through a lock-free queue to threads that hold a *lease* on one
//! CPU and run task after task without touching the account. All other tasks, the *odd* ones, are matched against the
//! account under a lock, first in first out, skipping those whose GPUs, memory or custom resources are taken. New actors and
//! placement groups stand in the same line, and keep what they get.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering, fence};
use std::time::Duration;

use crossbeam_deque::{Injector, Steal};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::actor::LocalActor;
use super::claim::{Claim, Fit, Place};
use super::group::{self, LocalGroup};
use super::job::Job;
use super::names::Names;
use super::{LocalConfig, worker};
use crate::task::{Demand, UNIT};
use crate::{Error, Resources, Result};

/// How long a thread without work stays.
const IDLE: Duration = Duration::from_secs(10);

/// The queues, the account and the threads of one local engine.
pub(super) struct Scheduler {
    pub(super) totals: Resources,
    /// Tasks that ask for one CPU and nothing else.
    one_cpu: Injector<Job>,
    /// CPUs in no use, in Ray's units; changed only under `state`. Negative while tasks that waited have gone on and
    /// more run than there are CPUs for, as in Ray.
    free_cpu: AtomicI64,
    /// Whether an odd task waits for CPUs that other tasks hold: those who hold leases give them back.
    wanted: AtomicBool,
    ended: AtomicBool,
    pub(super) names: Names,
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    /// Everything but CPUs.
    free: BTreeMap<String, i64>,
    odd: VecDeque<Odd>,
    /// CPUs that actors and placement groups hold: no end of theirs is in sight.
    lasting_cpu: i64,
    /// Work that is assigned, its resources taken, and waits for a thread to pick it up.
    assigned: VecDeque<Work>,
    idle: usize,
    threads: usize,
    /// Of those, how many wait inside a task.
    blocked: usize,
}

/// What a thread does next.
pub(super) enum Work {
    /// Run one-CPU tasks until there are none; the CPU is taken.
    Lease,
    /// Run this task; what it demands is taken.
    Odd(Job, Arc<Claim>),
    /// Start this actor; what it demands is taken.
    Actor(Arc<LocalActor>, Arc<Claim>),
}

/// What stands in line for resources.
pub(super) enum Odd {
    Task(Job, Arc<Claim>),
    Actor(Arc<LocalActor>, Arc<Claim>),
    Group(Arc<LocalGroup>, Arc<Claim>),
}

impl Odd {
    fn claim(&self) -> &Arc<Claim> {
        match self {
            Odd::Task(_, claim) | Odd::Actor(_, claim) | Odd::Group(_, claim) => claim,
        }
    }

    /// In words.
    fn what(&self) -> &'static str {
        match self {
            Odd::Task(..) => "a task",
            Odd::Actor(..) => "an actor",
            Odd::Group(..) => "a placement group",
        }
    }

    fn fail(self, error: &Error) {
        match self {
            Odd::Task(job, _) => job.returns.fail(error),
            Odd::Actor(actor, _) => actor.die(&error.to_string()),
            Odd::Group(..) => {}
        }
    }
}

impl Scheduler {
    pub(super) fn new(config: &LocalConfig) -> Arc<Scheduler> {
        let units = |n: f64| (n * UNIT as f64).round() as i64;
        let mut free: BTreeMap<String, i64> =
            config.resources.iter().map(|(name, n)| (name.clone(), units(*n))).collect();
        free.insert("GPU".into(), units(config.num_gpus));
        free.insert("memory".into(), i64::try_from(config.memory).unwrap_or(i64::MAX));
        Arc::new(Scheduler {
            totals: config.totals(),
            one_cpu: Injector::new(),
            free_cpu: AtomicI64::new(units(config.num_cpus)),
            wanted: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            names: Names::default(),
            state: Mutex::new(State {
                free,
                odd: VecDeque::new(),
                lasting_cpu: 0,
                assigned: VecDeque::new(),
                idle: 0,
                threads: 0,
                blocked: 0,
            }),
            wake: Condvar::new(),
        })
    }

    /// Queues a job whose arguments are there.
    pub(super) fn enqueue(self: &Arc<Self>, job: Job) -> Result<()> {
        if let Some(claim) = job.claim.clone() {
            return self.enqueue_odd(Odd::Task(job, claim));
        }
        self.one_cpu.push(job);
        // Pairs with the fence in `next`: either this thread sees the CPU that a worker gave back, or that worker sees
        // the job.
        fence(Ordering::SeqCst);
        if self.free_cpu.load(Ordering::Relaxed) >= UNIT && !self.one_cpu.is_empty() {
            return self.dispatch(&mut self.state.lock(), 1);
        }
        Ok(())
    }

    /// Puts work in line that wants more than a CPU, or less.
    pub(super) fn enqueue_odd(self: &Arc<Self>, odd: Odd) -> Result<()> {
        let mut state = self.state.lock();
        if odd.claim().group().is_some_and(|group| group.is_removed()) {
            drop(state);
            odd.fail(&group::removed());
            return Ok(());
        }
        state.odd.push_back(odd);
        self.dispatch(&mut state, usize::MAX)
    }

    /// Gives back what an actor held.
    pub(super) fn release(self: &Arc<Self>, claim: &Claim) {
        let mut state = self.state.lock();
        self.change(&mut state, claim, 1);
        let _ = self.dispatch(&mut state, usize::MAX);
    }

    /// Takes an actor that died before its turn out of the line.
    pub(super) fn withdraw(&self, actor: &Arc<LocalActor>) {
        let mut state = self.state.lock();
        state.odd.retain(|odd| !matches!(odd, Odd::Actor(other, _) if Arc::ptr_eq(other, actor)));
    }

    /// Ends a placement group: work that waits for it fails, what it does not use comes back.
    pub(super) fn remove_group(self: &Arc<Self>, group: &Arc<LocalGroup>) {
        let mut state = self.state.lock();
        let back = group.remove();
        self.add_cpu(back.cpu);
        state.lasting_cpu -= back.cpu;
        state.change(&back, 1);
        let of_group = |odd: &Odd| match odd {
            Odd::Group(other, _) => Arc::ptr_eq(other, group),
            other => other.claim().group().is_some_and(|other| Arc::ptr_eq(other, group)),
        };
        let (gone, rest) = std::mem::take(&mut state.odd).into_iter().partition(of_group);
        state.odd = rest;
        let _ = self.dispatch(&mut state, usize::MAX);
        drop(state);
        let gone: VecDeque<Odd> = gone;
        gone.into_iter().for_each(|odd| odd.fail(&group::removed()));
    }

    /// Takes a one-CPU task, for a thread that holds a lease; `None` where it should give the lease back.
    pub(super) fn next_one_cpu(&self) -> Option<Job> {
        for round in 0..64 {
            if self.wanted.load(Ordering::Relaxed) || self.free_cpu.load(Ordering::Relaxed) < 0 {
                return None;
            }
            match self.one_cpu.steal() {
                Steal::Success(job) => return Some(job),
                Steal::Retry => std::hint::spin_loop(),
                // Tasks that come one at a time come quickly: sleeping at once costs each of them a wake-up.
                Steal::Empty if round < 16 => std::hint::spin_loop(),
                Steal::Empty => std::thread::yield_now(),
            }
        }
        None
    }

    /// Waits for work; `None` ends the thread. `done` is what the thread has finished: its resources go back first.
    pub(super) fn next(self: &Arc<Self>, done: Option<Done>) -> Option<Work> {
        let mut state = self.state.lock();
        if let Some(done) = done {
            self.give_back(&mut state, &done);
        }
        loop {
            fence(Ordering::SeqCst);
            // A failure to start more threads is no reason for this one to stop.
            let _ = self.dispatch(&mut state, usize::MAX);
            if let Some(work) = state.assigned.pop_front() {
                return Some(work);
            }
            if self.ended.load(Ordering::Relaxed) {
                state.threads -= 1;
                return None;
            }
            state.idle += 1;
            let timed_out = self.wake.wait_for(&mut state, IDLE).timed_out();
            state.idle -= 1;
            if timed_out && state.assigned.is_empty() {
                state.threads -= 1;
                return None;
            }
        }
    }

    fn give_back(&self, state: &mut State, done: &Done) {
        match done {
            Done::Lease => self.add_cpu(UNIT),
            Done::Odd(claim) => self.change(state, claim, 1),
        }
    }

    /// The account changes under the lock only; others just read it.
    fn add_cpu(&self, units: i64) {
        self.free_cpu.fetch_add(units, Ordering::SeqCst);
    }

    /// Takes a claim (-1) or gives it back (1).
    fn change(&self, state: &mut State, claim: &Claim, sign: i64) {
        self.change_part(state, claim, &claim.demand, sign);
    }

    /// The same for a part of what a claim demands.
    fn change_part(&self, state: &mut State, claim: &Claim, part: &Demand, sign: i64) {
        let bundle = claim.place.bundle();
        if bundle.is_some_and(|(group, at)| group.change(at, part, sign)) {
            return;
        }
        self.add_cpu(sign * part.cpu);
        // What comes back of a group that is gone was counted as lasting too.
        if claim.lasting || bundle.is_some() {
            state.lasting_cpu -= sign * part.cpu;
        }
        state.change(part, sign);
    }

    /// Work starts to wait inside: its CPUs go to others (a GPU or memory does not, as in Ray).
    ///
    /// # Errors
    /// Where all threads wait, there is work, and no thread can be started for it: it would never end.
    pub(super) fn block(self: &Arc<Self>, held: &Held) -> Result<()> {
        let mut state = self.state.lock();
        self.change_cpu(&mut state, held, 1);
        state.blocked += 1;
        let _ = self.dispatch(&mut state, usize::MAX);
        if !state.assigned.is_empty()
            && state.threads <= state.blocked
            && let Err(cause) = self.start_thread(&mut state)
        {
            state.blocked -= 1;
            self.change_cpu(&mut state, held, -1);
            let n = state.threads;
            return Err(Error::Internal(format!(
                "a task waits for another, and no thread can be started for that: {n} of them wait already: {cause}"
            )));
        }
        Ok(())
    }

    /// It goes on. It does not wait for a CPU: nothing new starts until the account is balanced again.
    pub(super) fn unblock(&self, held: &Held) {
        let mut state = self.state.lock();
        self.change_cpu(&mut state, held, -1);
        state.blocked -= 1;
    }

    /// Tells on standard error what work waits for, where actors and placement groups hold it: they may never end.
    pub(super) fn tell(&self) {
        let state = self.state.lock();
        let all = (self.totals.get("CPU").copied().unwrap_or(0.0) * UNIT as f64) as i64;
        let free = all - state.lasting_cpu;
        let lacks = |odd: &&Odd| odd.claim().group().is_none() && odd.claim().demand.cpu > free;
        let (what, demand) = match state.odd.iter().find(lacks) {
            Some(odd) => (odd.what(), odd.claim().demand.to_string()),
            None if UNIT > free && !self.one_cpu.is_empty() => ("a task", "1 CPU".to_owned()),
            None => return,
        };
        let cpus = |units: i64| units as f64 / UNIT as f64;
        let line = format!(
            "note: what is waited for may never come: {what} waits for {demand}, and actors and placement groups hold {} of {} \
             CPUs\n",
            cpus(state.lasting_cpu),
            cpus(all)
        );
        drop(state);
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    }

    fn change_cpu(&self, state: &mut State, held: &Held, sign: i64) {
        match held {
            Held::Nothing => {}
            Held::OneCpu => self.add_cpu(sign * UNIT),
            Held::Claim(claim) => {
                let cpus = Demand { cpu: claim.demand.cpu, ..Demand::default() };
                self.change_part(state, claim, &cpus, sign);
            }
        }
    }

    /// Assigns what can run, at most `leases` one-CPU threads, to idle threads or new ones.
    fn dispatch(self: &Arc<Self>, state: &mut MutexGuard<'_, State>, mut leases: usize) -> Result<()> {
        while let Some(work) = self.pick(state, &mut leases) {
            state.assigned.push_back(work);
            if state.idle >= state.assigned.len() {
                self.wake.notify_one();
            } else {
                self.spawn(state)?;
            }
        }
        Ok(())
    }

    fn pick(self: &Arc<Self>, state: &mut State, leases: &mut usize) -> Option<Work> {
        let mut at = 0;
        while let Some(claim) = state.odd.get(at).map(|odd| odd.claim().clone()) {
            match self.fit(state, &claim) {
                Fit::Later => at += 1,
                Fit::WhenTasksEnd => {
                    // Nothing younger may take the CPUs that come back.
                    self.wanted.store(true, Ordering::SeqCst);
                    return None;
                }
                Fit::Now => {
                    self.change(state, &claim, -1);
                    match state.odd.remove(at)? {
                        Odd::Task(job, claim) => return Some(Work::Odd(job, claim)),
                        Odd::Actor(actor, claim) => return Some(Work::Actor(actor, claim)),
                        Odd::Group(group, _) => {
                            group.activate();
                            // Those before it may have waited for it.
                            at = 0;
                        }
                    }
                }
            }
        }
        self.wanted.store(false, Ordering::SeqCst);
        let free_cpu = self.free_cpu.load(Ordering::Relaxed);
        if *leases > 0 && free_cpu >= UNIT && state.unclaimed_leases() < self.one_cpu.len() {
            *leases -= 1;
            self.add_cpu(-UNIT);
            return Some(Work::Lease);
        }
        None
    }

    fn fit(&self, state: &State, claim: &Claim) -> Fit {
        let demand = &claim.demand;
        if let Place::Bundle { group, wanted, taken } = &claim.place {
            return match group.with_room(demand, *wanted) {
                Some(at) => {
                    taken.store(at, Ordering::Relaxed);
                    Fit::Now
                }
                None => Fit::Later,
            };
        }
        if !state.has(demand) {
            return Fit::Later;
        }
        if demand.cpu <= self.free_cpu.load(Ordering::Relaxed).max(0) {
            return Fit::Now;
        }
        let all = (self.totals.get("CPU").copied().unwrap_or(0.0) * UNIT as f64) as i64;
        if demand.cpu <= all - state.lasting_cpu { Fit::WhenTasksEnd } else { Fit::Later }
    }

    fn spawn(self: &Arc<Self>, state: &mut State) -> Result<()> {
        match self.start_thread(state) {
            // The threads there are will come round to it, or notice that they all wait: see `block`.
            Err(_) if state.threads > 0 => Ok(()),
            Err(e) => Err(Error::Internal(format!("cannot start a thread: {e}"))),
            Ok(()) => Ok(()),
        }
    }

    fn start_thread(self: &Arc<Self>, state: &mut State) -> std::io::Result<()> {
        let scheduler = self.clone();
        let thread = std::thread::Builder::new().name("mobula-worker".into()).stack_size(8 << 20);
        thread.spawn(move || worker::run(&scheduler))?;
        state.threads += 1;
        Ok(())
    }

    pub(super) fn available(&self) -> Resources {
        let state = self.state.lock();
        let mut all = self.totals.clone();
        for (name, amount) in &mut all {
            *amount = match (name.as_str(), state.free.get(name)) {
                ("CPU", _) => self.free_cpu.load(Ordering::Relaxed).max(0) as f64 / UNIT as f64,
                ("memory", Some(n)) => *n as f64,
                (_, Some(n)) => *n as f64 / UNIT as f64,
                (_, None) => *amount,
            };
        }
        all
    }

    /// Lets the threads end once they are idle. Tasks that still wait never run.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        let state = self.state.lock();
        self.wake.notify_all();
        drop(state);
        self.names.end();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

/// What a thread held and gives back.
pub(super) enum Done {
    Lease,
    Odd(Arc<Claim>),
}

/// What work holds while it runs, as far as waiting gives it back.
#[derive(Clone)]
pub(super) enum Held {
    /// An actor keeps what it has, as Ray's do; so does who holds nothing.
    Nothing,
    OneCpu,
    Claim(Arc<Claim>),
}

impl State {
    /// Whether all but the CPUs of a demand is free.
    fn has(&self, demand: &Demand) -> bool {
        let free = |name: &str| self.free.get(name).copied().unwrap_or(0);
        demand.gpu <= free("GPU")
            && demand.memory <= free("memory")
            && demand.custom.iter().all(|(name, n)| *n <= free(name))
    }

    fn change(&mut self, demand: &Demand, sign: i64) {
        let mut add = |name: &str, n: i64| {
            if n != 0
                && let Some(free) = self.free.get_mut(name)
            {
                *free += sign * n;
            }
        };
        add("GPU", demand.gpu);
        add("memory", demand.memory);
        demand.custom.iter().for_each(|(name, n)| add(name, *n));
    }

    fn unclaimed_leases(&self) -> usize {
        self.assigned.iter().filter(|work| matches!(work, Work::Lease)).count()
    }
}
