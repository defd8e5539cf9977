//! An object of the local engine: a value that is or will be there, and who waits for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::Thread;

use parking_lot::Mutex;

use super::actor::LocalActor;
use super::pending::PendingTask;
use crate::shared::Shared;
use crate::{Error, Result};

/// One object, and the task that makes it.
///
/// There may be a hundred thousand of them: what most never need stands outside.
#[derive(Default)]
pub struct Entry {
    value: OnceLock<Result<Shared, Box<Error>>>,
    rest: Mutex<Option<Box<Rest>>>,
    cancelled: AtomicBool,
}

#[derive(Default)]
struct Rest {
    waiters: Vec<Waiter>,
    /// What the task that makes this object started itself: cancelled with it.
    children: Vec<Weak<Entry>>,
    /// All objects of the same task, where it makes several.
    siblings: Option<Arc<[Weak<Entry>]>>,
}

/// Who is told once an object is there.
pub(super) enum Waiter {
    /// A thread that blocks in `get` or `wait`.
    Thread(Thread),
    /// A task that has this object as an argument.
    Task(Arc<PendingTask>),
    /// An actor that has a call with this object as an argument.
    Actor(Weak<LocalActor>),
}

impl Entry {
    pub(super) fn ready(value: Shared) -> Arc<Entry> {
        Arc::new(Entry { value: Ok(value).into(), ..Entry::default() })
    }

    /// The objects of one task that makes `n` of them.
    pub(super) fn family(n: usize) -> Vec<Arc<Entry>> {
        let entries: Vec<Arc<Entry>> = (0..n).map(|_| Arc::default()).collect();
        let weak: Arc<[Weak<Entry>]> = entries.iter().map(Arc::downgrade).collect();
        for entry in &entries {
            entry.rest.lock().get_or_insert_default().siblings = Some(weak.clone());
        }
        entries
    }

    pub(super) fn is_ready(&self) -> bool {
        self.value.get().is_some()
    }

    pub(super) fn get(&self) -> Option<Result<&Shared, &Error>> {
        self.value.get().map(|value| value.as_ref().map_err(|error| &**error))
    }

    /// The value, taken out where this was the last reference to the object, so that a task can own it.
    pub(super) fn take(self: Arc<Self>) -> Option<Result<Shared>> {
        let value = match Arc::try_unwrap(self) {
            Ok(entry) => entry.value.into_inner(),
            Err(entry) => entry.value.get().cloned(),
        };
        value.map(|value| value.map_err(|error| *error))
    }

    /// Makes the object ready and tells all who wait, unless it was already (a cancelled task may still return).
    pub(super) fn complete(self: Arc<Self>, value: Result<Shared>) {
        if self.value.set(value.map_err(Box::new)).is_err() {
            return;
        }
        // Who adds itself later sees the value: see `add_waiter`.
        let waiters =
            self.rest.lock().as_mut().map(|rest| std::mem::take(&mut rest.waiters)).unwrap_or_default();
        // Let go first: a dependant that holds the last reference may then own the value.
        drop(self);
        for waiter in waiters {
            match waiter {
                Waiter::Thread(thread) => thread.unpark(),
                Waiter::Task(task) => told::arrived(task),
                Waiter::Actor(actor) => {
                    if let Some(actor) = actor.upgrade() {
                        actor.ring();
                    }
                }
            }
        }
    }

    /// Adds a waiter; gives it back where the value is there already.
    pub(super) fn add_waiter(&self, waiter: Waiter) -> Option<Waiter> {
        let mut rest = self.rest.lock();
        // Under the lock: `complete` sets the value before it takes the list.
        if self.is_ready() {
            return Some(waiter);
        }
        rest.get_or_insert_default().waiters.push(waiter);
        None
    }

    /// Removes a thread that stopped waiting.
    pub(super) fn remove_thread(&self, thread: &Thread) {
        if let Some(rest) = self.rest.lock().as_mut() {
            rest.waiters
                .retain(|waiter| !matches!(waiter, Waiter::Thread(other) if other.id() == thread.id()));
        }
    }

    pub(super) fn add_child(&self, child: &Arc<Entry>) {
        let mut rest = self.rest.lock();
        let children = &mut rest.get_or_insert_default().children;
        // Tasks that start very many children drop those that are done and forgotten.
        if children.len() == children.capacity() {
            children.retain(|child| child.strong_count() > 0);
        }
        children.push(Arc::downgrade(child));
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Cancels the task that makes this object and, by way of its children, all that it started: the object holds `error`.
    pub(super) fn cancel(self: Arc<Self>, error: &Error) {
        let mut left = vec![self];
        while let Some(entry) = left.pop() {
            let siblings = entry.rest.lock().as_ref().and_then(|rest| rest.siblings.clone());
            let family: Vec<Arc<Entry>> = match siblings {
                Some(all) => all.iter().filter_map(Weak::upgrade).collect(),
                None => vec![entry],
            };
            for entry in family {
                if entry.is_ready() || entry.cancelled.swap(true, Ordering::AcqRel) {
                    continue;
                }
                let children = entry.rest.lock().as_mut().map(|rest| std::mem::take(&mut rest.children));
                entry.complete(Err(error.clone()));
                left.extend(children.unwrap_or_default().into_iter().filter_map(|child| child.upgrade()));
            }
        }
    }
}

/// Tasks whose arguments have come, one after the other: one that fails completes its own objects, and so on along a chain of
/// any length, which a stack does not have.
pub(super) mod told {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use super::{Arc, PendingTask};

    #[derive(Default)]
    struct Told {
        busy: bool,
        tasks: VecDeque<Arc<PendingTask>>,
    }

    thread_local! {
        static TOLD: RefCell<Told> = RefCell::default();
    }

    /// Now, or once this thread is done with what it does for another.
    pub fn arrived(task: Arc<PendingTask>) {
        let queue = |told: &mut Told| {
            told.tasks.push_back(task.clone());
            std::mem::replace(&mut told.busy, true)
        };
        match TOLD.try_with(|told| queue(&mut told.borrow_mut())) {
            Ok(true) => {}
            Ok(false) => {
                let _done = Done;
                catch_up();
            }
            // The thread ends.
            Err(_) => task.arrived(),
        }
    }

    /// Does what is queued, for a thread that is about to wait and might wait for just that.
    pub fn catch_up() {
        while let Ok(Some(task)) = TOLD.try_with(|told| told.borrow_mut().tasks.pop_front()) {
            task.arrived();
        }
    }

    struct Done;

    impl Drop for Done {
        fn drop(&mut self) {
            let _ = TOLD.try_with(|told| told.borrow_mut().busy = false);
        }
    }
}
