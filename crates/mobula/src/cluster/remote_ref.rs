//! A reference that the host keeps for us.

use super::host::try_host;

/// One `ray.ObjectRef` in the host's hands, by its number; dropped there when it is dropped here.
pub struct RemoteRef(u64);

impl RemoteRef {
    /// Takes over a handle that the host has just given out.
    pub(super) fn adopt(id: u64) -> RemoteRef {
        RemoteRef(id)
    }

    pub(crate) fn id(&self) -> u64 {
        self.0
    }
}

impl Drop for RemoteRef {
    fn drop(&mut self) {
        if let Some(host) = try_host() {
            (host.release)(self.0);
        }
    }
}
