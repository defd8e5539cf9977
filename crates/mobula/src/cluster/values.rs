//! Values between [`Encoded`] and Python: plain `bytes`, or where buffers or references stand beside the message, a tuple of
//! that, how many buffers follow, the buffers, and the references.

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
    let mut parts = Vec::with_capacity(2 + value.blobs.len() + value.refs.len());
    parts.push(data);
    parts.push(host.check(py, Object::int(py, value.blobs.len() as u64))?);
    for blob in &value.blobs {
        parts.push(buffer(host, py, blob, loan)?);
    }
    for raw in &value.refs {
        parts.push(object(host, py, raw)?);
    }
    host.check(py, Object::tuple(py, parts))
}

fn buffer<'py>(host: &Host, py: &'py Gil, blob: &Bytes, loan: Loan) -> Result<Object<'py>> {
    // SAFETY: the caller keeps it for the length of the call; for longer the token below does.
    let view = host.check(py, unsafe { Object::view(py, blob) })?;
    if loan == Loan::Call {
        return host.ask(py, Question::Buffer, [&view]);
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
    let Some((data, blobs, refs)) = parts(host, py, object)? else {
        // It raises an error.
        return Err(host
            .ask(py, Question::Foreign, [object])
            .err()
            .unwrap_or_else(|| Host::nonsense("an error")));
    };
    let data = Bytes::copy_from_slice(host.check(py, data.as_bytes())?);
    let blobs = blobs.iter().map(|blob| host.check(py, pin(host.api(), blob))).collect::<Result<_>>()?;
    let refs = refs.into_iter().map(|held| RawRef::Remote(Arc::new(RemoteRef::of(held)))).collect();
    Ok(Encoded { data, blobs, refs })
}

/// A value's message, its buffers and its references.
type Parts<'py> = (Object<'py>, Vec<Object<'py>>, Vec<Object<'py>>);

/// What [`to_python`] has put into a tuple; `None` where it is no such tuple.
fn parts<'py>(host: &Host, py: &'py Gil, object: &Object<'py>) -> Result<Option<Parts<'py>>> {
    if !host.is_tuple(py, object)? {
        return Ok(None);
    }
    let mut items = host.check(py, object.items())?.into_iter();
    let (Some(data), Some(n)) = (items.next(), items.next()) else { return Ok(None) };
    let n = host.check(py, n.as_int()).map_or(usize::MAX, |n| n as usize);
    if n > items.len() || !host.is_bytes(py, &data)? {
        return Ok(None);
    }
    Ok(Some((data, items.by_ref().take(n).collect(), items.collect())))
}

/// The host's object for a reference.
pub(super) fn object<'py>(host: &Host, py: &'py Gil, raw: &RawRef) -> Result<Object<'py>> {
    match raw {
        RawRef::Remote(remote) => host.check(py, remote.object(py)),
        RawRef::Local(_) => Err(RawRef::foreign()),
    }
}
