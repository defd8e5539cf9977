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
    named: HashMap<(String, String), Named>,
    /// For the end of the engine.
    all: Vec<Weak<LocalActor>>,
}

enum Named {
    /// Alive as long as a handle is.
    Plain(Weak<LocalHandle>),
    /// Alive until it is killed.
    Detached(Arc<LocalHandle>),
}

impl Named {
    fn handle(&self) -> Option<Arc<LocalHandle>> {
        let handle = match self {
            Named::Plain(weak) => weak.upgrade(),
            Named::Detached(handle) => Some(handle.clone()),
        };
        handle.filter(|handle| !handle.actor.is_dead())
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
        if let Some(key) = &name
            && let Some(taken) = inner.named.get(key).and_then(Named::handle)
        {
            return Err(taken);
        }
        let named =
            if detached { Named::Detached(handle.clone()) } else { Named::Plain(Arc::downgrade(handle)) };
        // One without a name lives on by itself if it is detached.
        let key = name.unwrap_or_else(|| (String::new(), format!("\0{:p}", Arc::as_ptr(handle))));
        if detached || !key.1.starts_with('\0') {
            inner.named.insert(key, named);
        }
        inner.all.retain(|actor| actor.strong_count() > 0);
        inner.all.push(Arc::downgrade(&handle.actor));
        Ok(())
    }

    pub(super) fn find(&self, namespace: &str, name: &str) -> Result<Arc<LocalHandle>> {
        let inner = self.0.lock();
        let found = inner.named.get(&(namespace.into(), name.into())).and_then(Named::handle);
        found.ok_or_else(|| {
            let place =
                if namespace.is_empty() { String::new() } else { format!(" in namespace `{namespace}`") };
            Error::Invalid(format!("there is no live actor named `{name}`{place}"))
        })
    }

    /// Forgets an actor that has died.
    pub(super) fn remove(&self, actor: &LocalActor) {
        let mut gone = Vec::new();
        let mut inner = self.0.lock();
        inner.named.retain(|_, named| {
            let dead = match named {
                Named::Plain(weak) => weak.upgrade().is_none_or(|handle| {
                    let dead = std::ptr::eq(&*handle.actor, actor);
                    // The last handle is not to be dropped under the lock.
                    gone.push(handle);
                    dead
                }),
                Named::Detached(handle) => {
                    let dead = std::ptr::eq(&*handle.actor, actor);
                    if dead {
                        gone.push(handle.clone());
                    }
                    dead
                }
            };
            !dead
        });
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
