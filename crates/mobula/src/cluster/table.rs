//! The C table: the layout of everything that crosses between the host and this library.
//!
//! Both tables begin with [`ABI`] and their own size, and a side that does not know the other's version refuses it before it
//! reads further. Callbacks return nothing: an exception that escapes a `ctypes` callback would leave garbage as the
//! return value, so answers arrive through the sink or an out-parameter, and silence is an error.

use std::ffi::c_void;

/// The version of this layout. `host/table.py` carries the same number.
pub const ABI: u32 = 4;

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

    /// # Safety
    /// `data` is null, or points to `len` bytes that stay as they are for `'a`.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.data.is_null() || self.len == 0 {
            return &[];
        }
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

/// A buffer outside the message. `owner` names who keeps the memory: for the host's buffers a pin to be released with
/// [`Host::unpin`], for ours a token to be released with [`Program::free`], 0 for memory borrowed for the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Buffer {
    pub data: *const u8,
    pub len: usize,
    pub owner: u64,
}

/// A value in transit: a MessagePack message, its buffers, and the handles of the references in it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Wire {
    pub data: *const u8,
    pub len: usize,
    pub blobs: *const Buffer,
    pub num_blobs: usize,
    pub refs: *const u64,
    pub num_refs: usize,
}

/// What the host can do for this library. Any thread may call any of them; the host takes the interpreter's lock.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Host {
    /// The version of the layout.
    pub abi: u32,
    /// The size of this table in bytes.
    pub size: u32,
    /// Defines a kind of call (in JSON: a task, a new actor or a method, with its options); answers with its number.
    pub define: extern "C" fn(spec: Slice, id: *mut u64, sink: *mut c_void),
    /// Submits one call: the message with its arguments, the references among them, and room for the handles of what
    /// it returns. A method's actor is the last of `args`; a new actor's handle is its one return.
    pub submit: extern "C" fn(
        call: u64,
        message: *const Wire,
        args: *const u64,
        num_args: usize,
        returns: *mut u64,
        num_returns: usize,
        sink: *mut c_void,
    ),
    /// Stores a value; writes its handle.
    pub put: extern "C" fn(value: *const Wire, handle: *mut u64, sink: *mut c_void),
    /// Waits for values, at most `timeout` seconds unless that is negative; answers with each, or with an error.
    pub get: extern "C" fn(handles: *const u64, n: usize, timeout: f64, sink: *mut c_void),
    /// Waits until some are ready; marks them with 1.
    pub wait: extern "C" fn(
        handles: *const u64,
        n: usize,
        wanted: usize,
        timeout: f64,
        ready: *mut u8,
        sink: *mut c_void,
    ),
    /// Cancels the task that makes an object.
    pub cancel: extern "C" fn(handle: u64, force: i32, sink: *mut c_void),
    /// Does what a JSON object asks for under `ask` (`nodes`, `kill`, `get_actor`, …), with these handles; answers with JSON,
    /// and with a handle where the question is for one.
    pub query:
        extern "C" fn(question: Slice, handles: *const u64, n: usize, out: *mut u64, sink: *mut c_void),
    /// Drops a reference.
    pub release: extern "C" fn(handle: u64),
    /// Lets go of a buffer.
    pub unpin: extern "C" fn(pin: u64),
    /// Takes over one return value of the task that runs under `frame`.
    pub emit: extern "C" fn(frame: u64, value: *const Wire, sink: *mut c_void),
}

/// What this library can do for the host.
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
    /// library and nothing else. All up to here stands where it is in every version from 3 on.
    pub describe: extern "C" fn() -> Slice,
    /// Hands over the host's table; 0, or 1 where its version is unknown.
    pub start: extern "C" fn(host: *const Host) -> i32,
    /// Runs the program's `main` with these arguments; its exit code.
    pub main: extern "C" fn(args: *const Slice, n: usize) -> i32,
    /// Runs a task, or a method of the actor `instance`: its id, then the message and the resolved references as `n` wires.
    /// Returns go to `Host::emit` under `frame`. 0, or an error's code, after its text was emitted. Where `whole` is not 0,
    /// returns have no buffers and no references: the caller reads MessagePack alone.
    pub run: extern "C" fn(
        task: Slice,
        instance: u64,
        wires: *const Wire,
        n: usize,
        num_returns: i64,
        whole: u32,
        frame: u64,
    ) -> u32,
    /// Makes an actor, as `run` runs a task; its `instance` is never 0 and lives as long as the process.
    pub create:
        extern "C" fn(actor: Slice, wires: *const Wire, n: usize, frame: u64, instance: *mut u64) -> u32,
    /// One answer to a call: the value or, where `code` is not 0, an error's task and message.
    pub reply: extern "C" fn(sink: *mut c_void, code: u32, wire: *const Wire),
    /// Releases a buffer that this library lent the host.
    pub free: extern "C" fn(token: u64),
}

// SAFETY: the table is immutable, and what its pointers name is static.
unsafe impl Sync for Program {}
// SAFETY: as above.
unsafe impl Send for Program {}
