//! A reference to something of Ray's.

use super::host::try_host;
use super::python::{Gil, Object, Raised};
use crate::engine::RawRef;

/// A Python object that is kept from here: a `ray.ObjectRef`, an actor's handle, a placement group, a remote function. It is let
/// go when this is dropped.
pub struct RemoteRef {
    handle: u64,
    /// What has to live as long: the objects that an actor's constructor took, for its restarts.
    keeps: Vec<RawRef>,
}

impl RemoteRef {
    pub(super) fn of(object: Object<'_>) -> RemoteRef {
        RemoteRef { handle: object.into_handle(), keeps: Vec::new() }
    }

    /// Keeps these as long as it lives itself.
    pub(super) fn keeping(mut self, keeps: Vec<RawRef>) -> RemoteRef {
        self.keeps = keeps;
        self
    }

    /// A number that nothing else has while this lives.
    pub(crate) fn id(&self) -> u64 {
        self.handle
    }

    pub(super) fn object<'py>(&self, py: &'py Gil) -> Result<Object<'py>, Raised> {
        // SAFETY: the handle is kept until `drop`.
        unsafe { Object::of_handle(py, self.handle) }
    }
}

impl Drop for RemoteRef {
    fn drop(&mut self) {
        if let Some(host) = try_host() {
            // SAFETY: the handle was ours, and this is its end.
            unsafe { Object::release(host.api(), self.handle) }
        }
    }
}
