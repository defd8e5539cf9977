//! The C table: what a library says of itself to whoever loads it, and the way in.
//!
//! It begins with [`ABI`] and its own size, and a loader that does not know the version reads no further.

use std::ffi::c_void;

use super::python::PyObject;

/// The version of this layout, and of what the two sides ask of each other. `host/table.py` carries the same number.
pub const ABI: u32 = 5;

/// Borrowed bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slice {
    pub data: *const u8,
    pub len: usize,
}

impl Slice {
    pub fn of(bytes: &[u8]) -> Slice {
        Slice { data: bytes.as_ptr(), len: bytes.len() }
    }
}

/// What this library tells the host.
#[repr(C)]
pub struct Program {
    /// The version of the layout.
    pub abi: u32,
    /// The size of this table in bytes.
    pub size: u32,
    /// The program's name and version, for people.
    pub name: Slice,
    /// Differs for every build: executable and library must be of the same.
    pub build: Slice,
    /// The host's source, and the program's tasks and actors, as JSON (`describe.rs`): for callers in Python, which have the
    /// library and nothing else. All up to here stands where it is in every version from 4 on.
    pub describe: extern "C" fn() -> Slice,
    /// The names of the functions of CPython that `start` wants, parted by spaces.
    pub symbols: Slice,
    /// The names of the host's functions that `start` wants, parted by spaces.
    pub questions: Slice,
    /// Takes the addresses of the ones and a tuple of the others, and gives a tuple of the library's own functions (see
    /// `program.rs`), or null where something is missing. The interpreter's lock is held.
    pub start: unsafe extern "C" fn(
        symbols: *const *const c_void,
        n: usize,
        questions: *mut PyObject,
    ) -> *mut PyObject,
}

// SAFETY: the table is immutable, and what its pointers name is static.
unsafe impl Sync for Program {}
// SAFETY: as above.
unsafe impl Send for Program {}
