//! What runs when: the account of resources and the queues.
//!
//! Nearly all tasks ask for one CPU and nothing else. They go through a lock-free queue to threads that hold a *lease* on one
//! CPU and run task after task without touching the account. All other tasks, the *odd* ones, are matched against the
//! account under a lock, first in first out, skipping those whose GPUs, memory or custom resources are taken.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering, fence};
use std::time::Duration;

use crossbeam_deque::{Injector, Steal};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::job::Job;
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
    /// How many odd tasks wait.
    odd_waiting: AtomicUsize,
    ended: AtomicBool,
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    /// Everything but CPUs.
    free: BTreeMap<String, i64>,
    odd: VecDeque<Job>,
    /// Work that is assigned, its resources taken, and waits for a thread to pick it up.
    assigned: VecDeque<Work>,
    idle: usize,
    threads: usize,
}

/// What a thread does next.
pub(super) enum Work {
    /// Run one-CPU tasks until there are none; the CPU is taken.
    Lease,
    /// Run this task; what it demands is taken.
    Odd(Job),
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
            odd_waiting: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            state: Mutex::new(State {
                free,
                odd: VecDeque::new(),
                assigned: VecDeque::new(),
                idle: 0,
                threads: 0,
            }),
            wake: Condvar::new(),
        })
    }

    /// Queues a job whose arguments are there.
    pub(super) fn enqueue(self: &Arc<Self>, job: Job) -> Result<()> {
        if job.demand.is_some() {
            let mut state = self.state.lock();
            state.odd.push_back(job);
            self.odd_waiting.store(state.odd.len(), Ordering::SeqCst);
            return self.dispatch(&mut state, usize::MAX);
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

    /// Takes a one-CPU task, for a thread that holds a lease; `None` where it should give the lease back.
    pub(super) fn next_one_cpu(&self) -> Option<Job> {
        for round in 0..64 {
            if self.odd_waiting.load(Ordering::Relaxed) > 0 || self.free_cpu.load(Ordering::Relaxed) < 0 {
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
        self.add_cpu(done.cpu());
        if let Done::Odd(demand) = done {
            state.change(demand, 1);
        }
    }

    /// The account changes under the lock only; others just read it.
    fn add_cpu(&self, units: i64) {
        self.free_cpu.fetch_add(units, Ordering::SeqCst);
    }

    /// A task starts to wait inside: its CPUs go to others (a GPU or memory does not, as in Ray).
    pub(super) fn block(self: &Arc<Self>, cpu: i64) {
        let mut state = self.state.lock();
        self.add_cpu(cpu);
        let _ = self.dispatch(&mut state, usize::MAX);
    }

    /// A task goes on. It does not wait for a CPU: nothing new starts until the account is balanced again.
    pub(super) fn unblock(&self, cpu: i64) {
        let _state = self.state.lock();
        self.add_cpu(-cpu);
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

    fn pick(&self, state: &mut State, leases: &mut usize) -> Option<Work> {
        let free_cpu = self.free_cpu.load(Ordering::Relaxed);
        for at in 0..state.odd.len() {
            let Some(demand) = state.odd[at].demand.clone() else { continue };
            if !state.has(&demand) {
                continue;
            }
            if demand.cpu > free_cpu.max(0) {
                // It lacks nothing but CPUs, and those come back: nothing younger may take them.
                return None;
            }
            let job = state.odd.remove(at)?;
            self.odd_waiting.store(state.odd.len(), Ordering::SeqCst);
            self.add_cpu(-demand.cpu);
            state.change(&demand, -1);
            return Some(Work::Odd(job));
        }
        if *leases > 0 && free_cpu >= UNIT && state.unclaimed_leases() < self.one_cpu.len() {
            *leases -= 1;
            self.add_cpu(-UNIT);
            return Some(Work::Lease);
        }
        None
    }

    fn spawn(self: &Arc<Self>, state: &mut State) -> Result<()> {
        let scheduler = self.clone();
        let started = std::thread::Builder::new()
            .name("mobula-worker".into())
            .stack_size(8 << 20)
            .spawn(move || worker::run(&scheduler));
        match started {
            Ok(_) => state.threads += 1,
            // The threads there are will come round to it.
            Err(_) if state.threads > 0 => {}
            Err(e) => return Err(Error::Internal(format!("cannot start a thread: {e}"))),
        }
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
        let _state = self.state.lock();
        self.wake.notify_all();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

/// What a thread held and gives back.
pub(super) enum Done {
    Lease,
    Odd(Arc<Demand>),
}

impl Done {
    pub(super) fn cpu(&self) -> i64 {
        match self {
            Done::Lease => UNIT,
            Done::Odd(demand) => demand.cpu,
        }
    }
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
