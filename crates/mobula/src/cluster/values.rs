//! Values between [`Encoded`] and Python: plain `bytes`, or the host's `Value` where buffers or references stand beside the message.

use std::sync::Arc;

use bytes::Bytes;

use super::host::{Host, Question};
use super::python::{Gil, Object, pin};
use super::remote_ref::RemoteRef;
use crate::Result;
use crate::codec::Encoded;
use crate::engine::RawRef;

/// How long Python may use the buffers of a value.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Loan {
    /// Until the call returns: they stay ours.
    Call,
    /// As long as it likes: it gives each back to [`free`].
    Kept,
}

/// The Python object of a value.
pub(super) fn to_python<'py>(host: &Host, py: &'py Gil, value: &Encoded, loan: Loan) -> Result<Object<'py>> {
    let data = host.check(py, Object::bytes(py, &value.data))?;
    if value.blobs.is_empty() && value.refs.is_empty() {
        return Ok(data);
    }
    let refs = value.refs.iter().map(|raw| object(host, py, raw)).collect::<Result<_>>()?;
    let blobs = value.blobs.iter().map(|blob| view(host, py, blob, loan)).collect::<Result<_>>()?;
    let [blobs, refs] = [blobs, refs].map(|items| Object::tuple(py, items));
    host.ask(py, Question::Value, [&data, &host.check(py, blobs)?, &host.check(py, refs)?])
}

fn view<'py>(host: &Host, py: &'py Gil, blob: &Bytes, loan: Loan) -> Result<Object<'py>> {
    // SAFETY: the caller keeps it for the length of the call; for longer the token below does.
    let view = host.check(py, unsafe { Object::view(py, blob) })?;
    if loan == Loan::Call {
        return Ok(view);
    }
    let token = Box::into_raw(Box::new(blob.clone()));
    let lent = host
        .check(py, Object::int(py, token as u64))
        .and_then(|number| host.ask(py, Question::Lend, [&view, &number]));
    if lent.is_err() {
        // SAFETY: Python did not get it.
        unsafe { free(token as u64) };
    }
    lent
}

/// Gives back a buffer that Python kept.
///
/// # Safety
/// `token` was lent, and was not given back before.
pub(super) unsafe fn free(token: u64) {
    // SAFETY: the caller's promise: this is the box that `view` made.
    drop(unsafe { Box::from_raw(token as *mut Bytes) });
}

/// The value of a Python object: the message is copied, the buffers are not, the references are counted once more.
pub(super) fn from_python<'py>(host: &Host, py: &'py Gil, object: &Object<'py>) -> Result<Encoded> {
    if host.is_bytes(py, object)? {
        let data = host.check(py, object.as_bytes())?;
        return Ok(Encoded { data: Bytes::copy_from_slice(data), ..Encoded::default() });
    }
    let parts = host.ask(py, Question::Parts, [object])?;
    let parts: [Object<'_>; 3] =
        host.check(py, parts.items())?.try_into().map_err(|_| Host::nonsense("a value"))?;
    let [data, blobs, refs] = parts;
    let data = Bytes::copy_from_slice(host.check(py, data.as_bytes())?);
    let blobs = host.check(py, blobs.items())?;
    let blobs = blobs.iter().map(|blob| host.check(py, pin(host.api(), blob))).collect::<Result<_>>()?;
    let refs = host.check(py, refs.items())?;
    let refs = refs.into_iter().map(|held| RawRef::Remote(Arc::new(RemoteRef::of(held)))).collect();
    Ok(Encoded { data, blobs, refs })
}

/// The host's object for a reference.
pub(super) fn object<'py>(host: &Host, py: &'py Gil, raw: &RawRef) -> Result<Object<'py>> {
    match raw {
        RawRef::Remote(remote) => host.check(py, remote.object(py)),
        RawRef::Local(_) => Err(RawRef::foreign()),
    }
}
