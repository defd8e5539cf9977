//! An object of the local engine: a value that is or will be there, and who waits for it.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::Thread;

use parking_lot::Mutex;

use super::pending::PendingTask;
use crate::{Error, Result};

/// A value, shared by all who hold its object.
pub type Shared = Arc<dyn Any + Send + Sync>;

/// One object, and the task that makes it.
#[derive(Default)]
pub struct Entry {
    value: OnceLock<Result<Shared>>,
    waiters: Mutex<Vec<Waiter>>,
    cancelled: AtomicBool,
    /// What the task that makes this object started itself: cancelled with it.
    children: Mutex<Vec<Weak<Entry>>>,
    /// All objects of the same task, where it makes several; set once, before the task is queued.
    siblings: OnceLock<Arc<[Weak<Entry>]>>,
}

/// Who is told once an object is there.
pub(super) enum Waiter {
    /// A thread that blocks in `get` or `wait`.
    Thread(Thread),
    /// A task that has this object as an argument.
    Task(Arc<PendingTask>),
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
            // Each entry is new: the slot is empty.
            let _ = entry.siblings.set(weak.clone());
        }
        entries
    }

    pub(super) fn get(&self) -> Option<&Result<Shared>> {
        self.value.get()
    }

    /// The value, taken out where this was the last reference to the object, so that a task can own it.
    pub(super) fn take(self: Arc<Self>) -> Option<Result<Shared>> {
        match Arc::try_unwrap(self) {
            Ok(entry) => entry.value.into_inner(),
            Err(entry) => entry.value.get().cloned(),
        }
    }

    /// Makes the object ready and tells all who wait, unless it was already (a cancelled task may still return).
    pub(super) fn complete(self: Arc<Self>, value: Result<Shared>) {
        if self.value.set(value).is_err() {
            return;
        }
        // Who adds itself later sees the value: see `add_waiter`.
        let waiters = std::mem::take(&mut *self.waiters.lock());
        // Let go first: a dependant that holds the last reference may then own the value.
        drop(self);
        for waiter in waiters {
            match waiter {
                Waiter::Thread(thread) => thread.unpark(),
                Waiter::Task(task) => task.arrived(),
            }
        }
    }

    /// Adds a waiter; gives it back where the value is there already.
    pub(super) fn add_waiter(&self, waiter: Waiter) -> Option<Waiter> {
        let mut waiters = self.waiters.lock();
        // Under the lock: `complete` sets the value before it takes the list.
        if self.value.get().is_some() {
            return Some(waiter);
        }
        waiters.push(waiter);
        None
    }

    /// Removes a thread that stopped waiting.
    pub(super) fn remove_thread(&self, thread: &Thread) {
        self.waiters
            .lock()
            .retain(|waiter| !matches!(waiter, Waiter::Thread(other) if other.id() == thread.id()));
    }

    pub(super) fn add_child(&self, child: &Arc<Entry>) {
        let mut children = self.children.lock();
        // Tasks that start very many children drop those that are done and forgotten.
        if children.len() == children.capacity() {
            children.retain(|child| child.strong_count() > 0);
        }
        children.push(Arc::downgrade(child));
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Cancels the task that makes this object and, by way of its children, all that it started.
    pub(super) fn cancel(self: Arc<Self>) {
        let family: Vec<Arc<Entry>> = match self.siblings.get() {
            Some(all) => all.iter().filter_map(Weak::upgrade).collect(),
            None => vec![self],
        };
        for entry in family {
            if entry.value.get().is_some() || entry.cancelled.swap(true, Ordering::AcqRel) {
                continue;
            }
            let children = std::mem::take(&mut *entry.children.lock());
            entry.complete(Err(Error::Cancelled("the task was cancelled".into())));
            for child in children.into_iter().filter_map(|child| child.upgrade()) {
                child.cancel();
            }
        }
    }
}
