//! A reference that the host keeps for us.

use super::host::try_host;
use crate::engine::RawRef;

/// One `ray.ObjectRef` in the host's hands, by its number; dropped there when it is dropped here.
pub struct RemoteRef {
    id: u64,
    /// What has to live as long: the objects that an actor's constructor took, for its restarts.
    keeps: Vec<RawRef>,
}

impl RemoteRef {
    /// Takes over a handle that the host has just given out.
    pub(super) fn adopt(id: u64) -> RemoteRef {
        RemoteRef { id, keeps: Vec::new() }
    }

    /// Keeps these as long as it lives itself.
    pub(super) fn keeping(mut self, keeps: Vec<RawRef>) -> RemoteRef {
        self.keeps = keeps;
        self
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }
}

impl Drop for RemoteRef {
    fn drop(&mut self) {
        if let Some(host) = try_host() {
            (host.release)(self.id);
        }
    }
}
