//! Values between [`Encoded`] and the C table's [`Wire`].

use std::sync::Arc;

use bytes::Bytes;

use super::host::try_host;
use super::remote_ref::RemoteRef;
use super::table::{Buffer, Wire};
use crate::codec::Encoded;
use crate::engine::RawRef;
use crate::{Error, Result};

/// Memory of the host, kept until this is dropped.
struct Pinned {
    buffer: Buffer,
}

// SAFETY: the buffer is immutable and stays until it is unpinned; `unpin` may be called from any thread.
unsafe impl Send for Pinned {}

impl AsRef<[u8]> for Pinned {
    fn as_ref(&self) -> &[u8] {
        if self.buffer.len == 0 {
            return &[];
        }
        // SAFETY: the host keeps the buffer, unchanged, for as long as the pin is held.
        unsafe { std::slice::from_raw_parts(self.buffer.data, self.buffer.len) }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Some(host) = try_host() {
            (host.unpin)(self.buffer.owner);
        }
    }
}

/// A wire that is lent to the host, with the lists it points to.
pub(super) struct Lent {
    blobs: Vec<Buffer>,
    refs: Vec<u64>,
}

impl Lent {
    /// For the length of a call: the buffers stay ours.
    pub(super) fn borrow(value: &Encoded) -> Result<Lent> {
        Lent::with(value, |_| 0)
    }

    /// For the host to keep: each buffer carries a token that the host gives back to `free`.
    pub(super) fn keep(value: &Encoded) -> Result<Lent> {
        Lent::with(value, |bytes| Box::into_raw(Box::new(bytes.clone())) as u64)
    }

    fn with(value: &Encoded, owner: impl Fn(&Bytes) -> u64) -> Result<Lent> {
        // References first: a token that is made has to reach the host.
        let refs = value.refs.iter().map(handle).collect::<Result<_>>()?;
        let buffer = |bytes: &Bytes| Buffer { data: bytes.as_ptr(), len: bytes.len(), owner: owner(bytes) };
        Ok(Lent { blobs: value.blobs.iter().map(buffer).collect(), refs })
    }

    pub(super) fn wire(&self, data: &[u8]) -> Wire {
        Wire {
            data: data.as_ptr(),
            len: data.len(),
            blobs: self.blobs.as_ptr(),
            num_blobs: self.blobs.len(),
            refs: self.refs.as_ptr(),
            num_refs: self.refs.len(),
        }
    }
}

/// Gives back a buffer that [`Lent::keep`] lent.
///
/// # Safety
/// `token` came from there and was not given back before.
pub(super) unsafe fn free(token: u64) {
    // SAFETY: the caller's promise: this is the box that `keep` made.
    drop(unsafe { Box::from_raw(token as *mut Bytes) });
}

/// The host's handle of a reference.
pub(super) fn handle(raw: &RawRef) -> Result<u64> {
    match raw {
        RawRef::Remote(remote) => Ok(remote.id()),
        RawRef::Local(_) => Err(RawRef::foreign()),
    }
}

/// Takes over a value from the host: the message is copied, the buffers are not, the handles become ours.
///
/// # Safety
/// `wire` and its lists are valid for reads during the call, its buffers are pinned, its handles are new.
pub(super) unsafe fn accept(wire: &Wire) -> Encoded {
    // SAFETY: the caller's promise; null only with a length of 0.
    let data = unsafe { list(wire.data, wire.len) };
    // SAFETY: as above.
    let blobs = unsafe { list(wire.blobs, wire.num_blobs) };
    // SAFETY: as above.
    let refs = unsafe { list(wire.refs, wire.num_refs) };
    Encoded {
        data: Bytes::copy_from_slice(data),
        blobs: blobs.iter().map(|buffer| Bytes::from_owner(Pinned { buffer: *buffer })).collect(),
        refs: refs.iter().map(|id| RawRef::Remote(Arc::new(RemoteRef::adopt(*id)))).collect(),
    }
}

/// # Safety
/// `data` is null, or points to `len` values that live for `'a`.
pub(super) unsafe fn list<'a, T>(data: *const T, len: usize) -> &'a [T] {
    if data.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data, len) }
}

/// The text of a message from the host.
pub(super) fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes)
        .map_err(|e| Error::Internal(format!("the host sent text that is not UTF-8: {e}")))
}
