//! Where the host's answers to one call arrive.

use std::ffi::c_void;

use super::table::Wire;
use super::wire;
use crate::codec::Encoded;
use crate::{Error, Result};

/// The answers to one call: it lives on the caller's stack while the host writes to it.
#[derive(Default)]
pub(super) struct Sink {
    values: Vec<Encoded>,
    error: Option<Error>,
}

impl Sink {
    pub(super) fn pointer(&mut self) -> *mut c_void {
        (&raw mut *self).cast()
    }

    /// Takes one answer.
    ///
    /// # Safety
    /// `sink` came from [`pointer`](Sink::pointer) during a call that has not returned; `wire` as [`wire::accept`] says.
    pub(super) unsafe fn reply(sink: *mut c_void, code: u32, wire: *const Wire) {
        // SAFETY: the caller's promise.
        let (sink, wire) = unsafe { (&mut *sink.cast::<Sink>(), &*wire) };
        // SAFETY: the caller's promise.
        let value = unsafe { wire::accept(wire) };
        if code == 0 {
            sink.values.push(value);
        } else {
            // An error is "task NUL message".
            let text = String::from_utf8_lossy(&value.data).into_owned();
            let (task, message) = text.split_once('\0').unwrap_or(("", &text));
            sink.error = Some(Error::from_code(code, task.into(), message.into()));
        }
    }

    /// The error, if one came.
    pub(super) fn check(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }

    /// The values, of which there have to be `n`.
    pub(super) fn values(mut self, n: usize) -> Result<Vec<Encoded>> {
        self.check()?;
        if self.values.len() != n {
            return Err(silence());
        }
        Ok(self.values)
    }

    /// The one value, as text.
    pub(super) fn text(self) -> Result<String> {
        let value = self.values(1)?.pop().ok_or_else(silence)?;
        wire::text(&value.data).map(str::to_string)
    }
}

/// Python raises what interrupts a thread (Ray's cancel does) before a callback's own first line, where nothing can catch
/// it; the call then comes back without an answer.
pub(super) fn silence() -> Error {
    Error::Cancelled("the call was interrupted".into())
}
