//! Named actors, and all that are alive.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::actor::LocalActor;
use super::handle::LocalHandle;
use crate::{Error, Result};

/// The actors of one engine.
#[derive(Default)]
pub(super) struct Names(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    named: HashMap<(String, String), Weak<LocalHandle>>,
    /// Alive until they are killed, by a name or without.
    detached: Vec<Arc<LocalHandle>>,
    /// For the end of the engine.
    all: Vec<Weak<LocalActor>>,
}

impl Inner {
    fn find(&self, key: &(String, String)) -> Option<Arc<LocalHandle>> {
        self.named.get(key)?.upgrade().filter(|handle| !handle.actor.is_dead())
    }
}

impl Names {
    /// Adds an actor; where `name` is taken, gives the actor that has it.
    pub(super) fn add(
        &self,
        handle: &Arc<LocalHandle>,
        name: Option<(String, String)>,
        detached: bool,
    ) -> Result<(), Arc<LocalHandle>> {
        let mut inner = self.0.lock();
        if let Some(key) = name {
            if let Some(taken) = inner.find(&key) {
                return Err(taken);
            }
            inner.named.insert(key, Arc::downgrade(handle));
        }
        if detached {
            inner.detached.push(handle.clone());
        }
        inner.all.retain(|actor| actor.strong_count() > 0);
        inner.all.push(Arc::downgrade(&handle.actor));
        Ok(())
    }

    pub(super) fn find(&self, namespace: &str, name: &str) -> Result<Arc<LocalHandle>> {
        let found = self.0.lock().find(&(namespace.into(), name.into()));
        found.ok_or_else(|| {
            let place =
                if namespace.is_empty() { String::new() } else { format!(" in namespace `{namespace}`") };
            Error::Invalid(format!("there is no live actor named `{name}`{place}"))
        })
    }

    /// Forgets an actor that has died.
    pub(super) fn remove(&self, actor: &LocalActor) {
        // Handles are not to be dropped under the lock: the last one ends its actor.
        let mut held = Vec::new();
        let mut inner = self.0.lock();
        inner.named.retain(|_, weak| {
            let handle = weak.upgrade();
            let stays = handle.as_ref().is_some_and(|handle| !std::ptr::eq(&*handle.actor, actor));
            held.extend(handle);
            stays
        });
        held.extend(inner.detached.extract_if(.., |handle| std::ptr::eq(&*handle.actor, actor)));
        drop(inner);
    }

    /// The engine ends, and every actor with it.
    pub(super) fn end(&self) {
        let inner = std::mem::take(&mut *self.0.lock());
        for actor in inner.all.iter().filter_map(Weak::upgrade) {
            actor.die("ended with the local engine");
        }
    }
}
