//! Memory of a Python object, read in place.

use std::mem::MaybeUninit;

use bytes::Bytes;

use super::object::Raised;
use super::{Api, Gil, Object, PyBuffer, ending};

/// Memory that an object keeps as long as this lives.
struct Pinned {
    /// CPython compares its address where it releases it, so it stays where it is.
    buffer: Box<PyBuffer>,
    api: &'static Api,
}

// SAFETY: the memory is never written, and the buffer is released under the interpreter's lock.
unsafe impl Send for Pinned {}

impl AsRef<[u8]> for Pinned {
    fn as_ref(&self) -> &[u8] {
        match usize::try_from(self.buffer.len) {
            Ok(len) if len > 0 && !self.buffer.buf.is_null() => {
                // SAFETY: that long, and unchanged, until the buffer is released.
                unsafe { std::slice::from_raw_parts(self.buffer.buf.cast(), len) }
            }
            _ => &[],
        }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if ending() {
            return;
        }
        let _py = Gil::take(self.api);
        // SAFETY: it was filled by `buffer_get`, and is released once.
        unsafe { (self.api.buffer_release)(&mut *self.buffer) }
    }
}

/// The bytes of an object that is a buffer, without a copy.
pub fn pin(api: &'static Api, object: &Object<'_>) -> Result<Bytes, Raised> {
    let mut buffer = Box::new(MaybeUninit::<PyBuffer>::zeroed());
    // SAFETY: a place for the answer; 0 asks for plain bytes, one after the other.
    if unsafe { (api.buffer_get)(object.as_ptr(), buffer.as_mut_ptr(), 0) } != 0 {
        return Err(Raised);
    }
    // SAFETY: of zeros, and now filled.
    let buffer = unsafe { buffer.assume_init() };
    Ok(Bytes::from_owner(Pinned { buffer, api }))
}
