//! An actor of the local engine: a state, its mailbox, and the threads that serve it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::{Condvar, Mutex};

use super::claim::Claim;
use super::engine::LocalEngine;
use super::entry::{Entry, Waiter};
use super::job::resolve;
use super::mailbox::{Call, Mailbox, Turn};
use super::scheduler::{Held, Scheduler};
use super::worker::{self, Current};
use crate::actor::{ActorDef, ActorOptions, Instance, RawActor, less, times};
use crate::engine::RawRef;
use crate::shared::quietly;
use crate::task::{Arg, Args, TaskFailure, catch, references};
use crate::{Error, Ray, Result, RuntimeEnv};

/// One actor.
///
/// It waits in line for its resources, then a thread runs its constructor and after that its calls. A restart is a new thread with a
/// new state: what an old one still does is not seen any more.
pub struct LocalActor {
    pub(super) id: u64,
    pub(super) def: &'static ActorDef,
    options: ActorOptions,
    env: Option<Arc<RuntimeEnv>>,
    claim: Arc<Claim>,
    scheduler: Weak<Scheduler>,
    me: Weak<LocalActor>,
    life: Mutex<Life>,
    bell: Condvar,
}

const GRACEFUL: &str = "ended: its last handle was dropped";

struct Life {
    phase: Phase,
    /// Of the constructor, kept for restarts.
    args: Vec<Arg>,
    mail: Mailbox,
    restarts_left: u64,
    /// How often it was started again.
    incarnation: u64,
    running: Vec<Running>,
    threads: usize,
    idle: usize,
    /// No handle is left: it ends when its calls are done.
    let_go: bool,
}

enum Phase {
    /// In line for its resources, or for its constructor's arguments.
    Waiting,
    /// In its constructor.
    Starting,
    Alive(Arc<Living>),
    Dead(String),
}

/// An actor's state, whose end is the user's code.
struct Living(Instance);

impl Drop for Living {
    fn drop(&mut self) {
        let instance = std::mem::replace(&mut self.0, Box::new(()));
        quietly(|| drop(instance));
    }
}

/// A call under way.
struct Running {
    entry: Option<Arc<Entry>>,
    /// The same call once more, where it may be tried again after a loss.
    spare: Option<Call>,
}

impl LocalActor {
    pub(super) fn new(
        def: &'static ActorDef,
        options: ActorOptions,
        claim: Arc<Claim>,
        scheduler: &Arc<Scheduler>,
    ) -> Arc<LocalActor> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let life = Life {
            phase: Phase::Waiting,
            args: Vec::new(),
            mail: Mailbox::default(),
            restarts_left: times(options.max_restarts),
            incarnation: 0,
            running: Vec::new(),
            threads: 0,
            idle: 0,
            let_go: false,
        };
        Arc::new_cyclic(|me| LocalActor {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            def,
            env: options.base.runtime_env.clone().map(Arc::new),
            options,
            claim,
            scheduler: Arc::downgrade(scheduler),
            me: me.clone(),
            life: Mutex::new(life),
            bell: Condvar::new(),
        })
    }

    pub(super) fn is_dead(&self) -> bool {
        matches!(self.life.lock().phase, Phase::Dead(_))
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.options.base.name.as_deref()
    }

    fn died(&self, reason: &str) -> Error {
        Error::ActorDied(format!("{} {reason}", self.def.name))
    }

    /// Its resources are taken: its life begins. `false` where it is over already, and the resources are to be given back.
    pub(super) fn start(&self) -> bool {
        let mut life = self.life.lock();
        if !matches!(life.phase, Phase::Waiting) {
            return false;
        }
        life.phase = Phase::Starting;
        let started = self.start_thread(&mut life, true);
        drop(life);
        self.unless_threadless(started);
        true
    }

    /// What its constructor takes.
    pub(super) fn give_args(&self, args: Vec<Arg>) {
        self.life.lock().args = args;
    }

    fn start_thread(&self, life: &mut Life, constructs: bool) -> io::Result<()> {
        let (Some(me), incarnation) = (self.me.upgrade(), life.incarnation) else { return Ok(()) };
        let thread = std::thread::Builder::new().name("mobula-actor".into()).stack_size(8 << 20);
        thread.spawn(move || me.serve(incarnation, constructs))?;
        life.threads += 1;
        Ok(())
    }

    /// Ends the actor where it has no thread. Not under the lock: what dies tells others.
    fn unless_threadless(&self, started: io::Result<()>) {
        if let Err(e) = started
            && self.life.lock().threads == 0
        {
            self.die(&format!("could not be made: it has no thread: {e}"));
        }
    }

    /// Starts as many threads as calls wait and may run at once.
    fn staff(&self, life: &mut Life) -> io::Result<()> {
        let mut expected = life.idle;
        while life.mail.len() > expected && life.threads < self.options.concurrency() {
            self.start_thread(life, false)?;
            expected += 1;
        }
        Ok(())
    }

    /// A thread of the actor: the first of an incarnation runs the constructor.
    fn serve(self: Arc<Self>, incarnation: u64, constructs: bool) {
        let Some(scheduler) = self.scheduler.upgrade() else { return };
        let ray = Ray::over(Arc::new(LocalEngine::within(scheduler)));
        if constructs {
            self.construct(incarnation, &ray);
        }
        while let Some((call, instance)) = self.next(incarnation) {
            self.run(call, &instance.0, incarnation, &ray);
        }
    }

    fn construct(&self, incarnation: u64, ray: &Ray) {
        let args = {
            let mut life = self.life.lock();
            if life.restarts_left > 0 { life.args.clone() } else { std::mem::take(&mut life.args) }
        };
        let made = worker::within(self.current(None, incarnation), || {
            resolve(args)
                .map_err(TaskFailure::from)
                .and_then(|args| catch(|| (self.def.create)(ray, Args::shared(args))))
        });
        match made {
            Ok(instance) => {
                let mut life = self.life.lock();
                if life.incarnation == incarnation && matches!(life.phase, Phase::Starting) {
                    life.phase = Phase::Alive(Arc::new(Living(instance)));
                    life.idle += 1; // this thread
                    let _ = self.staff(&mut life);
                    life.idle -= 1;
                }
            }
            Err(failure) => {
                if self.life.lock().incarnation == incarnation {
                    self.die(&format!("could not be made: {}", failure.message));
                }
            }
        }
    }

    fn current(&self, entry: Option<Arc<Entry>>, incarnation: u64) -> Current {
        let actor = Some((self.id, incarnation > 0));
        // One caller, whichever of its methods calls. Tasks count up from 1.
        Current { entry, held: Held::Nothing, caller: u64::MAX - self.id, env: self.env.clone(), actor }
    }

    /// Waits for a call whose turn it is; `None` ends the thread.
    fn next(&self, incarnation: u64) -> Option<(Call, Arc<Living>)> {
        let mut life = self.life.lock();
        loop {
            if life.incarnation != incarnation || matches!(life.phase, Phase::Dead(_)) {
                return None;
            }
            if let Phase::Alive(instance) = &life.phase {
                let instance = instance.clone();
                match life.mail.next() {
                    Some(Turn::Run(call)) => {
                        let spare = (call.retries > 0).then(|| call.again());
                        life.running.push(Running { entry: call.returns.first().cloned(), spare });
                        return Some((call, instance));
                    }
                    Some(Turn::Fail(call, error)) => {
                        drop(life);
                        call.returns.fail(&error);
                        life = self.life.lock();
                        continue;
                    }
                    None if life.let_go && life.running.is_empty() && life.mail.is_empty() => {
                        drop(instance);
                        drop(life);
                        self.die(GRACEFUL);
                        return None;
                    }
                    None => {}
                }
            }
            life.idle += 1;
            self.bell.wait(&mut life);
            // A later incarnation counts its own.
            if life.incarnation == incarnation {
                life.idle -= 1;
            }
        }
    }

    fn run(&self, call: Call, instance: &Instance, incarnation: u64, ray: &Ray) {
        let Call { method, args, num_returns, returns, .. } = call;
        let entry = returns.first().cloned();
        let mut retries = if call.retry_exceptions { call.retries } else { 0 };
        let attempt = |args: Vec<Arg>| {
            worker::within(self.current(entry.clone(), incarnation), || {
                resolve(args).map_err(TaskFailure::from).and_then(|args| {
                    catch(|| {
                        let output = (method.run)(ray, instance, Args::shared(args))?;
                        output.into_made(num_returns).map_err(TaskFailure::from)
                    })
                })
            })
        };
        let cancelled = || entry.as_ref().is_some_and(|entry| entry.is_cancelled());
        let made = loop {
            if retries == 0 {
                break attempt(args);
            }
            let made = attempt(args.clone());
            if made.is_ok() || cancelled() {
                break made;
            }
            retries = less(retries);
        };
        let seen = {
            let mut life = self.life.lock();
            let at = life.running.iter().position(|running| match (&running.entry, &entry) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                _ => false,
            });
            // A later incarnation may run the same call again: its entry is not this thread's.
            let seen = life.incarnation == incarnation;
            if let (true, Some(at)) = (seen, at) {
                life.running.swap_remove(at);
            }
            seen && !matches!(life.phase, Phase::Dead(_))
        };
        drop(entry);
        if seen {
            returns.complete(made.map_err(|failure| failure.into_error(method.path)));
        }
    }

    /// Puts a call into the mailbox.
    pub(super) fn call(&self, call: Call) {
        let waits_for: Vec<Arc<Entry>> = references(&call.args)
            .filter_map(|raw| match raw {
                RawRef::Local(entry) if !entry.is_ready() => Some(entry.clone()),
                _ => None,
            })
            .collect();
        let mut life = self.life.lock();
        if let Phase::Dead(reason) = &life.phase {
            let error = self.died(reason);
            drop(life);
            return call.returns.fail(&error);
        }
        life.mail.push(call);
        if matches!(life.phase, Phase::Alive(_)) {
            // One thread at least there is, which comes round to it.
            let _ = self.staff(&mut life);
        }
        if life.idle > 0 {
            self.bell.notify_one();
        }
        drop(life);
        for entry in waits_for {
            if entry.add_waiter(Waiter::Actor(self.me.clone())).is_some() {
                self.ring();
            }
        }
    }

    pub(super) fn max_task_retries(&self) -> Option<i64> {
        self.options.max_task_retries
    }

    /// An argument has come: it may be a call's turn.
    pub(super) fn ring(&self) {
        let _life = self.life.lock();
        self.bell.notify_all();
    }

    /// No handle is left.
    pub(super) fn let_go(&self) {
        let mut life = self.life.lock();
        life.let_go = true;
        self.bell.notify_all();
        if matches!(life.phase, Phase::Waiting) && life.mail.is_empty() {
            drop(life);
            self.die(GRACEFUL);
        }
    }

    /// Ends it as if its process had died; with `no_restart` for good.
    pub(super) fn kill(&self, no_restart: bool) {
        let mut life = self.life.lock();
        let started = !matches!(life.phase, Phase::Waiting | Phase::Dead(_));
        if no_restart || life.restarts_left == 0 || !started {
            drop(life);
            return self.die("was killed");
        }
        life.restarts_left = less(life.restarts_left);
        life.incarnation += 1;
        let old = std::mem::replace(&mut life.phase, Phase::Starting);
        let lost = life.mail.lose();
        let mut interrupted = Vec::new();
        for running in std::mem::take(&mut life.running).into_iter().rev() {
            match running.spare {
                Some(mut call) => {
                    call.retries = less(call.retries);
                    life.mail.push_front(call);
                }
                None => interrupted.extend(running.entry),
            }
        }
        (life.threads, life.idle) = (0, 0);
        let started = self.start_thread(&mut life, true);
        self.bell.notify_all();
        drop(life);
        drop(old);
        self.unless_threadless(started);
        let error = self.died("was killed and is started again");
        lost.into_iter().for_each(|call| call.returns.fail(&error));
        interrupted.into_iter().for_each(|entry| entry.cancel(&error));
    }

    /// Ends it for good: its calls fail, its resources and its name are free.
    pub(super) fn die(&self, reason: &str) {
        let mut life = self.life.lock();
        let before = match &life.phase {
            Phase::Dead(_) => return,
            _ => std::mem::replace(&mut life.phase, Phase::Dead(reason.into())),
        };
        let lost = life.mail.drain();
        let running = std::mem::take(&mut life.running);
        let args = std::mem::take(&mut life.args);
        self.bell.notify_all();
        drop(life);
        if let (Some(scheduler), Some(me)) = (self.scheduler.upgrade(), self.me.upgrade()) {
            match before {
                Phase::Waiting => scheduler.withdraw(&me),
                _ => scheduler.release(&self.claim),
            }
            scheduler.names.remove(self);
        }
        let error = self.died(reason);
        lost.into_iter().for_each(|call| call.returns.fail(&error));
        running.into_iter().filter_map(|running| running.entry).for_each(|entry| entry.cancel(&error));
        drop((before, args));
    }
}

impl RawActor {
    pub(super) fn local(&self) -> Result<&Arc<LocalActor>> {
        match self {
            RawActor::Local(handle) => Ok(&handle.actor),
            RawActor::Remote(_) => Err(RawRef::foreign()),
        }
    }
}
