//! A host that keeps count: what it lends has to come back once, and it answers out of a script of bytes.
//!
//! A callback that panics ends the process, since panics do not cross: so a broken promise is never overlooked.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ffi::c_void;

use super::input::Input;
use crate::cluster::host::host;
use crate::cluster::program::reply;
use crate::cluster::table::{ABI, Buffer, Host, Slice, Wire};
use crate::cluster::wire;

#[derive(Default)]
struct State {
    next: u64,
    pins: HashMap<u64, Box<[u8]>>,
    refs: HashSet<u64>,
    /// Buffers that the library lent, to be freed.
    tokens: Vec<u64>,
    emitted: usize,
    /// Whether something that was emitted had buffers or references.
    beside: bool,
    script: Vec<u8>,
    codes: [u64; 16],
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn state<T>(f: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(f)
}

pub fn begin() {
    state(|s| {
        assert!(s.pins.is_empty() && s.refs.is_empty());
        s.next = 0;
    });
}

/// Everything that was lent is back.
pub fn end() {
    free_tokens();
    state(|s| {
        assert!(s.pins.is_empty(), "{} buffers are still pinned", s.pins.len());
        assert!(s.refs.is_empty(), "the handles {:?} were not released", s.refs);
        s.script.clear();
    });
}

/// How often a task has ended with each code.
#[cfg(test)]
pub fn codes() -> [u64; 16] {
    state(|s| s.codes)
}

pub fn script(input: &mut Input<'_>) {
    let script: Vec<u8> = input.bytes().iter().rev().copied().collect();
    state(|s| s.script = script);
}

pub fn frame() -> u64 {
    state(|s| {
        (s.emitted, s.beside) = (0, false);
        s.next += 1;
        s.next
    })
}

/// A task has ended: it has emitted what it had to.
pub fn ran(code: u32, num_returns: i64, whole: bool) {
    state(|s| {
        s.codes[code as usize] += 1;
        let wanted = if code == 0 && num_returns >= 0 { num_returns as usize } else { 1 };
        assert!(s.emitted >= wanted, "{} of {wanted} values, code {code}", s.emitted);
        assert!(!(whole && s.beside), "a buffer or a reference beside a whole message");
    });
    free_tokens();
}

fn free_tokens() {
    for token in state(|s| std::mem::take(&mut s.tokens)) {
        // SAFETY: each token is taken out of the list that `emit` put it in.
        unsafe { wire::free(token) };
    }
}

fn new_handle() -> u64 {
    state(|s| {
        s.next += 1;
        let id = s.next;
        s.refs.insert(id);
        id
    })
}

/// A wire with the lists that it points to.
pub struct OwnedWire {
    data: Vec<u8>,
    blobs: Vec<Buffer>,
    refs: Vec<u64>,
}

impl OwnedWire {
    pub fn read(input: &mut Input<'_>) -> OwnedWire {
        let shape = input.byte().unwrap_or(0);
        let blobs = (0..shape % 4).map(|_| pin(input.bytes().into())).collect();
        let refs = (0..(shape >> 2) % 4).map(|_| new_handle()).collect();
        OwnedWire { data: input.bytes().to_vec(), blobs, refs }
    }

    pub fn wire(&self) -> Wire {
        let null = self.data.is_empty();
        Wire {
            data: if null { std::ptr::null() } else { self.data.as_ptr() },
            len: self.data.len(),
            blobs: self.blobs.as_ptr(),
            num_blobs: self.blobs.len(),
            refs: self.refs.as_ptr(),
            num_refs: self.refs.len(),
        }
    }
}

pub fn wires(input: &mut Input<'_>) -> Vec<OwnedWire> {
    (0..input.small() % 4).map(|_| OwnedWire::read(input)).collect()
}

fn pin(bytes: Box<[u8]>) -> Buffer {
    state(|s| {
        s.next += 1;
        let buffer = Buffer { data: bytes.as_ptr(), len: bytes.len(), owner: s.next };
        s.pins.insert(s.next, bytes);
        buffer
    })
}

pub static TABLE: Host = Host {
    abi: ABI,
    size: size_of::<Host>() as u32,
    define,
    submit,
    put,
    get,
    wait,
    cancel,
    query,
    release,
    unpin,
    emit,
};

/// The next byte of the script; at its end an error.
fn next() -> u8 {
    state(|s| s.script.pop().unwrap_or(255))
}

/// Answers a call, or says nothing; whether an out-parameter is to be written.
fn respond(sink: *mut c_void, value: bool) -> bool {
    let choice = next();
    match choice % 8 {
        0..5 if value => answer(sink, 0),
        0..5 => {}
        5 => {}
        _ => answer(sink, u32::from(next() % 16)),
    }
    // An error may come after handles were given out.
    choice % 8 < 5 || choice >= 128
}

fn answer(sink: *mut c_void, code: u32) {
    let script = state(|s| std::mem::take(&mut s.script));
    let reversed: Vec<u8> = script.into_iter().rev().collect();
    let mut input = Input::new(&reversed);
    let wire = OwnedWire::read(&mut input);
    let rest = input.rest().iter().rev().copied().collect();
    state(|s| s.script = rest);
    reply(sink, code, &wire.wire());
}

/// # Safety
/// The library's list is valid during the call.
unsafe fn live(handles: *const u64, n: usize) {
    // SAFETY: the caller's promise.
    let handles = unsafe { wire::list(handles, n) };
    state(|s| {
        handles.iter().for_each(|handle| assert!(s.refs.contains(handle), "handle {handle} is unknown"))
    });
}

/// Reads a wire of the library's to its end; whether its buffers are lent for longer than the call.
///
/// # Safety
/// As [`live`].
unsafe fn look(wire: *const Wire, kept: bool) {
    // SAFETY: the caller's promise.
    let wire = unsafe { &*wire };
    // SAFETY: the caller's promise.
    let (data, blobs) = unsafe { (wire::list(wire.data, wire.len), wire::list(wire.blobs, wire.num_blobs)) };
    // SAFETY: the caller's promise.
    unsafe { live(wire.refs, wire.num_refs) };
    let mut sum = data.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    for blob in blobs {
        // SAFETY: the caller's promise.
        let bytes = unsafe { wire::list(blob.data, blob.len) };
        sum = bytes.iter().fold(sum, |sum, byte| sum.wrapping_add(*byte));
        assert_eq!(blob.owner != 0, kept);
        if kept {
            state(|s| s.tokens.push(blob.owner));
        }
    }
    std::hint::black_box(sum);
    state(|s| s.beside |= kept && (!blobs.is_empty() || wire.num_refs > 0));
}

extern "C" fn define(spec: Slice, id: *mut u64, sink: *mut c_void) {
    // SAFETY: the library's text lives until this returns.
    let spec: Result<serde_json::Value, _> = serde_json::from_slice(unsafe { spec.bytes() });
    assert!(spec.is_ok());
    if respond(sink, false) {
        // SAFETY: the library lends a place for the answer. A kind of call is no handle, and is never released.
        unsafe { *id = 1 };
    }
}

extern "C" fn submit(
    _call: u64,
    message: *const Wire,
    args: *const u64,
    num_args: usize,
    returns: *mut u64,
    num_returns: usize,
    sink: *mut c_void,
) {
    // SAFETY: the library's lists live until this returns.
    unsafe { look(message, false) };
    // SAFETY: as above.
    unsafe { live(args, num_args) };
    if respond(sink, false) {
        let given = usize::from(next()).min(num_returns);
        for at in 0..given {
            // SAFETY: there is room for `num_returns`.
            unsafe { *returns.add(at) = new_handle() };
        }
    }
}

extern "C" fn put(value: *const Wire, id: *mut u64, sink: *mut c_void) {
    // SAFETY: the library's lists live until this returns.
    unsafe { look(value, false) };
    if respond(sink, false) {
        // SAFETY: the library lends a place for the answer.
        unsafe { *id = new_handle() };
    }
}

extern "C" fn get(handles: *const u64, n: usize, _timeout: f64, sink: *mut c_void) {
    // SAFETY: the library's list lives until this returns.
    unsafe { live(handles, n) };
    for _ in 0..n {
        respond(sink, true);
    }
}

extern "C" fn wait(
    handles: *const u64,
    n: usize,
    _num_returns: usize,
    _timeout: f64,
    ready: *mut u8,
    sink: *mut c_void,
) {
    // SAFETY: the library's list lives until this returns.
    unsafe { live(handles, n) };
    for at in 0..n {
        // SAFETY: there is room for `n`.
        unsafe { *ready.add(at) = next() };
    }
    respond(sink, true);
}

extern "C" fn cancel(handle: u64, _force: i32, sink: *mut c_void) {
    // SAFETY: one number.
    unsafe { live(&handle, 1) };
    respond(sink, true);
}

extern "C" fn query(question: Slice, handles: *const u64, n: usize, out: *mut u64, sink: *mut c_void) {
    // SAFETY: the library's text lives until this returns.
    let question: Result<serde_json::Value, _> = serde_json::from_slice(unsafe { question.bytes() });
    assert!(question.is_ok());
    // SAFETY: as above.
    unsafe { live(handles, n) };
    let question = question.unwrap_or_default();
    if question["ask"] == "nodes" && next() < 200 {
        let text = r#"[{"id":"1","alive":true,"hostname":"h","address":"a","resources":{"CPU":4.0}}]"#;
        let wire = OwnedWire { data: text.into(), blobs: Vec::new(), refs: Vec::new() };
        return reply(sink, 0, &wire.wire());
    }
    if respond(sink, true) && question["ask"] == "get_actor" {
        // SAFETY: the library lends a place for the answer.
        unsafe { *out = new_handle() };
    }
}

extern "C" fn release(handle: u64) {
    assert!(state(|s| s.refs.remove(&handle)), "handle {handle} is released twice");
}

extern "C" fn unpin(pin: u64) {
    let bytes = state(|s| s.pins.remove(&pin));
    assert!(bytes.is_some(), "buffer {pin} is let go of twice");
}

extern "C" fn emit(_frame: u64, value: *const Wire, sink: *mut c_void) {
    // SAFETY: the library's lists live until this returns.
    unsafe { look(value, true) };
    state(|s| s.emitted += 1);
    // An error's text goes to a sink too.
    match next() {
        250 => {}
        251 => answer(sink, u32::from(next() % 16)),
        _ => reply(sink, 0, &OwnedWire { data: Vec::new(), blobs: Vec::new(), refs: Vec::new() }.wire()),
    }
    assert!(host().is_ok());
}
