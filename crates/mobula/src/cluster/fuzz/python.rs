//! An interpreter that keeps count: each of its objects has to be let go as often as it was taken, under the lock, and the host's
//! functions answer out of a script of bytes.
//!
//! A promise that is broken panics in a function that Python's callers cannot unwind through, and so ends the process: it is
//! never overlooked.

use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_ulonglong, c_void};
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::input::Input;
use crate::cluster::host::QUESTIONS;
use crate::cluster::python::{MethodDef, PyBuffer, PyObject, SYMBOLS};

enum Kind {
    Bytes(Box<[u8]>),
    Int(i64),
    Float,
    Tuple(Vec<*mut PyObject>),
    View,
    /// One of the host's functions.
    Question(&'static str),
    /// What `define` makes.
    Calls,
    /// A reference, an actor, a group.
    Held,
    Error(u32, Box<[u8]>),
    Builtin(*const MethodDef),
    Type,
}

impl Kind {
    fn counts(&self) -> usize {
        usize::from(!matches!(self, Kind::Calls))
    }
}

struct Fake {
    /// The host's own functions are every thread's.
    count: AtomicUsize,
    kind: Kind,
}

#[derive(Default)]
struct State {
    /// How often the lock is held.
    locked: usize,
    /// But for what `define` makes: an engine keeps that, for every thread.
    live: usize,
    pins: usize,
    /// Buffers that the library lent, to be given back.
    tokens: Vec<u64>,
    script: Vec<u8>,
    codes: [u64; 16],
    raised: Option<usize>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn state<T>(f: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(f)
}

fn new(kind: Kind) -> *mut PyObject {
    state(|s| s.live += kind.counts());
    Box::into_raw(Box::new(Fake { count: AtomicUsize::new(1), kind })).cast()
}

fn look<'a>(at: *mut PyObject) -> &'a Fake {
    assert!(!at.is_null(), "a null object");
    assert!(state(|s| s.locked) > 0, "the lock is not held");
    // SAFETY: the library has only objects of ours; a count of 0 was the end of it.
    unsafe { &*at.cast::<Fake>() }
}

fn again(at: *mut PyObject) -> *mut PyObject {
    look(at).count.fetch_add(1, Ordering::Relaxed);
    at
}

fn raise(code: u32, text: &[u8]) -> *mut PyObject {
    let error = new(Kind::Error(code, text.into()));
    let before = state(|s| s.raised.replace(error as usize));
    assert!(before.is_none(), "an exception is overlooked");
    null_mut()
}

/// Takes the lock for a while.
pub fn locked<T>(f: impl FnOnce() -> T) -> T {
    state(|s| s.locked += 1);
    let done = f();
    state(|s| s.locked -= 1);
    done
}

/// Everything is back but what lives as long as the process.
pub fn end() {
    state(|s| {
        assert_eq!((s.locked, s.pins, s.raised), (0, 0, None), "the lock, buffers, an exception");
        assert!(s.tokens.is_empty());
        s.script.clear();
    });
}

/// How many objects there are.
pub fn live() -> usize {
    state(|s| s.live)
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

/// The next byte of the script; at its end an error.
fn next() -> u8 {
    state(|s| s.script.pop().unwrap_or(255))
}

/// The addresses that the library asks for.
pub fn addresses() -> Vec<*const c_void> {
    SYMBOLS.split_whitespace().map(address).collect()
}

/// A tuple of the host's functions.
pub fn questions() -> *mut PyObject {
    new(Kind::Tuple(QUESTIONS.split_whitespace().map(|name| new(Kind::Question(name))).collect()))
}

/// The functions in a tuple.
pub fn functions(tuple: *mut PyObject) -> Vec<usize> {
    locked(|| match &look(tuple).kind {
        Kind::Tuple(items) => items.iter().map(|item| *item as usize).collect(),
        _ => panic!("no tuple"),
    })
}

pub fn int(number: i64) -> *mut PyObject {
    new(Kind::Int(number))
}

pub fn bytes(bytes: &[u8]) -> *mut PyObject {
    new(Kind::Bytes(bytes.into()))
}

/// What Ray could hand over: nearly always `bytes`, or a tuple as the library makes them.
fn value(input: &mut Input<'_>) -> *mut PyObject {
    let shape = input.byte().unwrap_or(0);
    let blobs: Vec<_> = (0..shape % 4).map(|_| bytes(input.bytes())).collect();
    let refs: Vec<_> = (0..(shape >> 2) % 4).map(|_| new(Kind::Held)).collect();
    let data = bytes(input.bytes());
    let n = int(blobs.len() as i64);
    match shape {
        0xfc.. => new(Kind::Tuple([vec![data, n], refs, blobs].concat())),
        0xf8.. => new(Kind::Tuple([vec![n, data], blobs, refs].concat())),
        0xf0.. => new(Kind::Tuple([vec![data], blobs, refs, vec![n]].concat())),
        _ if blobs.is_empty() && refs.is_empty() => {
            locked(|| dec_ref(n));
            data
        }
        _ => new(Kind::Tuple([vec![data, n], blobs, refs].concat())),
    }
}

pub fn values(input: &mut Input<'_>) -> *mut PyObject {
    new(Kind::Tuple((0..input.small() % 4).map(|_| value(input)).collect()))
}

/// Calls a builtin function, as Python would: with the lock, and arguments that it lets go afterwards. What it gives, or a code.
pub fn call<T>(
    function: usize,
    arguments: &[*mut PyObject],
    read: impl FnOnce(*mut PyObject) -> T,
) -> Result<T, u32> {
    locked(|| {
        let Kind::Builtin(def) = look(function as *mut PyObject).kind else { panic!("no function") };
        // SAFETY: the library's own definition, and arguments as it wants them.
        let made = unsafe { ((*def).function)(null_mut(), arguments.as_ptr(), arguments.len() as isize) };
        let raised = state(|s| s.raised.take());
        assert_eq!(made.is_null(), raised.is_some(), "either a value or an exception");
        let done = match raised {
            Some(error) => {
                let Kind::Error(code, _) = look(error as *mut PyObject).kind else { panic!("no error") };
                dec_ref(error as *mut PyObject);
                Err(code)
            }
            None => {
                let done = read(made);
                dec_ref(made);
                Ok(done)
            }
        };
        arguments.iter().for_each(|argument| dec_ref(*argument));
        let code = *done.as_ref().err().unwrap_or(&0);
        state(|s| s.codes[code as usize] += 1);
        done
    })
}

pub fn read_int(at: *mut PyObject) -> i64 {
    match look(at).kind {
        Kind::Int(number) => number,
        _ => panic!("no number"),
    }
}

/// How many values a task has given, and whether one has something beside its message.
pub fn read_values(at: *mut PyObject) -> (usize, bool) {
    let beside = |at: *mut PyObject| match &look(at).kind {
        Kind::Bytes(_) => false,
        Kind::Tuple(items) => {
            let [data, n, rest @ ..] = &items[..] else { panic!("no value") };
            assert!(matches!(look(*data).kind, Kind::Bytes(_)) && read_int(*n) as usize <= rest.len());
            true
        }
        _ => panic!("no value"),
    };
    // The second of several values is none that is a number.
    let one = |items: &[*mut PyObject]| items.get(1).is_some_and(|n| matches!(look(*n).kind, Kind::Int(_)));
    if let Kind::Tuple(items) = &look(at).kind
        && !one(items)
    {
        return (items.len(), items.iter().any(|item| beside(*item)));
    }
    (1, beside(at))
}

pub fn tokens() -> Vec<u64> {
    state(|s| std::mem::take(&mut s.tokens))
}

/// Reads each of the objects with `f`, under the lock.
pub fn with_values<T>(input: &mut Input<'_>, f: impl FnOnce(&[*mut PyObject]) -> T) -> T {
    locked(|| {
        let tuple = values(input);
        let Kind::Tuple(items) = &look(tuple).kind else { panic!("no tuple") };
        let done = f(items);
        dec_ref(tuple);
        done
    })
}

fn address(symbol: &str) -> *const c_void {
    match symbol {
        "PyGILState_Ensure" => gil_ensure as *const c_void,
        "PyGILState_Release" => gil_release as *const c_void,
        "PyEval_SaveThread" => save_thread as *const c_void,
        "PyEval_RestoreThread" => restore_thread as *const c_void,
        "Py_IncRef" => inc_ref as *const c_void,
        "Py_DecRef" => dec_ref as *const c_void,
        "PyObject_Type" => object_type as *const c_void,
        "PyObject_Vectorcall" => vectorcall as *const c_void,
        "PyBytes_FromStringAndSize" => bytes_new as *const c_void,
        "PyBytes_AsStringAndSize" => bytes_read as *const c_void,
        "PyLong_FromUnsignedLongLong" => int_new as *const c_void,
        "PyLong_AsUnsignedLongLong" => int_read as *const c_void,
        "PyFloat_FromDouble" => float_new as *const c_void,
        "PyTuple_New" => tuple_new as *const c_void,
        "PyTuple_SetItem" => tuple_set as *const c_void,
        "PySequence_Size" => sequence_len as *const c_void,
        "PySequence_GetItem" => sequence_item as *const c_void,
        "PyErr_Fetch" => error_fetch as *const c_void,
        "PyErr_NormalizeException" => error_normalize as *const c_void,
        "PyObject_GetBuffer" => buffer_get as *const c_void,
        "PyBuffer_Release" => buffer_release as *const c_void,
        "PyMemoryView_FromMemory" => view_new as *const c_void,
        "PyCFunction_NewEx" => function_new as *const c_void,
        other => panic!("{other} is not there"),
    }
}

extern "C" fn gil_ensure() -> c_int {
    state(|s| {
        s.locked += 1;
        s.locked as c_int
    })
}

extern "C" fn gil_release(depth: c_int) {
    state(|s| {
        assert_eq!(s.locked as c_int, depth, "locks are given back in order");
        s.locked -= 1;
    });
}

extern "C" fn save_thread() -> *mut c_void {
    state(|s| std::mem::take(&mut s.locked)) as *mut c_void
}

extern "C" fn restore_thread(depth: *mut c_void) {
    state(|s| {
        assert_eq!(s.locked, 0);
        s.locked = depth as usize;
    });
}

extern "C" fn inc_ref(at: *mut PyObject) {
    again(at);
}

extern "C" fn dec_ref(at: *mut PyObject) {
    let fake = look(at);
    let before = fake.count.fetch_sub(1, Ordering::Relaxed);
    assert!(before > 0, "let go too often");
    if before == 1 {
        if let Kind::Tuple(items) = &fake.kind {
            items.iter().filter(|item| !item.is_null()).for_each(|item| dec_ref(*item));
        }
        state(|s| s.live -= fake.kind.counts());
        // SAFETY: the last reference; it came out of a box.
        drop(unsafe { Box::from_raw(at.cast::<Fake>()) });
    }
}

extern "C" fn object_type(at: *mut PyObject) -> *mut PyObject {
    let kind = match look(at).kind {
        Kind::Bytes(_) => 0,
        Kind::Tuple(_) => 1,
        _ => 2,
    };
    static TYPES: OnceLock<[usize; 3]> = OnceLock::new();
    let types = TYPES.get_or_init(|| std::array::from_fn(|_| new(Kind::Type) as usize));
    again(types[kind] as *mut PyObject)
}

extern "C" fn bytes_new(at: *const c_char, len: isize) -> *mut PyObject {
    let len = usize::try_from(len).unwrap_or_else(|_| panic!("a length of {len}"));
    // SAFETY: the library's bytes.
    bytes(if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(at.cast(), len) } })
}

extern "C" fn bytes_read(at: *mut PyObject, data: *mut *mut c_char, len: *mut isize) -> c_int {
    let Kind::Bytes(bytes) = &look(at).kind else {
        raise(15, b"\0these are no bytes");
        return -1;
    };
    // SAFETY: the library lends places for the answer.
    unsafe { (*data, *len) = (bytes.as_ptr() as *mut c_char, bytes.len() as isize) };
    0
}

extern "C" fn int_new(number: c_ulonglong) -> *mut PyObject {
    int(number as i64)
}

extern "C" fn int_read(at: *mut PyObject) -> c_ulonglong {
    let Kind::Int(number) = look(at).kind else {
        raise(15, b"\0this is no number");
        return c_ulonglong::MAX;
    };
    number as u64
}

extern "C" fn float_new(_: f64) -> *mut PyObject {
    new(Kind::Float)
}

extern "C" fn tuple_new(len: isize) -> *mut PyObject {
    new(Kind::Tuple(vec![null_mut(); len as usize]))
}

extern "C" fn tuple_set(tuple: *mut PyObject, at: isize, item: *mut PyObject) -> c_int {
    look(tuple);
    // SAFETY: a new tuple, which nobody else looks at.
    let Kind::Tuple(items) = (unsafe { &mut (*tuple.cast::<Fake>()).kind }) else { panic!("no tuple") };
    items[at as usize] = item;
    0
}

extern "C" fn sequence_len(at: *mut PyObject) -> isize {
    let Kind::Tuple(items) = &look(at).kind else {
        raise(15, b"\0this has no length");
        return -1;
    };
    items.len() as isize
}

extern "C" fn sequence_item(at: *mut PyObject, index: isize) -> *mut PyObject {
    let Kind::Tuple(items) = &look(at).kind else { return raise(15, b"\0this has no items") };
    again(items[index as usize])
}

extern "C" fn error_fetch(kind: *mut *mut PyObject, error: *mut *mut PyObject, trace: *mut *mut PyObject) {
    let raised = state(|s| s.raised.take());
    // SAFETY: the library lends places for the answer.
    unsafe {
        (*kind, *error, *trace) = match raised {
            Some(raised) => (new(Kind::Type), raised as *mut PyObject, new(Kind::Held)),
            None => (null_mut(), null_mut(), null_mut()),
        };
    }
}

extern "C" fn error_normalize(_: *mut *mut PyObject, _: *mut *mut PyObject, _: *mut *mut PyObject) {}

extern "C" fn buffer_get(at: *mut PyObject, buffer: *mut PyBuffer, _: c_int) -> c_int {
    let Kind::Bytes(bytes) = &look(at).kind else {
        raise(15, b"\0this is no buffer");
        return -1;
    };
    state(|s| s.pins += 1);
    // SAFETY: the library lends a place for the answer.
    unsafe {
        (*buffer).buf = bytes.as_ptr() as *mut c_void;
        (*buffer).len = bytes.len() as isize;
        (*buffer).obj = again(at);
    }
    0
}

extern "C" fn buffer_release(buffer: *mut PyBuffer) {
    state(|s| s.pins -= 1);
    // SAFETY: it was filled by `buffer_get`.
    dec_ref(unsafe { (*buffer).obj });
}

extern "C" fn view_new(at: *mut c_char, len: isize, _: c_int) -> *mut PyObject {
    // SAFETY: the library's memory, which stays for now.
    let bytes = unsafe { std::slice::from_raw_parts(at.cast::<u8>(), len as usize) };
    std::hint::black_box(bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)));
    new(Kind::View)
}

extern "C" fn function_new(def: *const MethodDef, _: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    new(Kind::Builtin(def))
}

extern "C" fn vectorcall(
    function: *mut PyObject,
    arguments: *const *mut PyObject,
    n: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    assert!(names.is_null() && state(|s| s.raised.is_none()));
    // SAFETY: the library's list.
    let arguments = if n == 0 { &[] } else { unsafe { std::slice::from_raw_parts(arguments, n) } };
    assert!(arguments.iter().all(|argument| look(*argument).count.load(Ordering::Relaxed) > 0));
    match (&look(function).kind, arguments) {
        (Kind::Question("explain"), [error]) => {
            let Kind::Error(code, text) = &look(*error).kind else { panic!("no error") };
            new(Kind::Tuple(vec![int((*code).into()), bytes(text)]))
        }
        (Kind::Question("fail"), [code, text]) => {
            let Kind::Bytes(text) = &look(*text).kind else { panic!("no text") };
            raise(read_int(*code) as u32, text)
        }
        (Kind::Question("buffer"), [view]) => again(*view),
        (Kind::Question("foreign"), [_]) => raise(15, b"\0no value"),
        (Kind::Question("lend"), [view, token]) => {
            let token = read_int(*token) as u64;
            state(|s| s.tokens.push(token));
            again(*view)
        }
        (Kind::Question(question), _) => answer(question, arguments),
        (Kind::Calls, _) => answer("submit", arguments),
        _ => panic!("this cannot be called"),
    }
}

/// What the script says.
fn answer(question: &str, arguments: &[*mut PyObject]) -> *mut PyObject {
    match next() % 8 {
        0..6 => {}
        // Of what `define` makes, each call may be nonsense by itself.
        6 if question != "define" => return new(Kind::Float),
        6 => {}
        _ => return raise(u32::from(next() % 16), b"t\0m"),
    }
    let len = |at: usize| arguments.get(at).map_or(0, |list| sequence_len(*list) as usize);
    match question {
        "define" => new(Kind::Calls),
        "get" => scripted(),
        "get_all" => new(Kind::Tuple((0..len(0)).map(|_| scripted()).collect())),
        "wait" => new(Kind::Bytes((0..len(0)).map(|_| next()).collect())),
        "submit" => match next() % 4 {
            0 => new(Kind::Tuple((0..next() % 4).map(|_| new(Kind::Held)).collect())),
            _ => new(Kind::Held),
        },
        "query" => {
            let nodes = br#"[{"id":"1","alive":true,"hostname":"h","address":"a","resources":{"CPU":4.0}}]"#;
            let text = if next() < 200 { bytes(nodes) } else { bytes(b"null") };
            new(Kind::Tuple(if next() < 128 { vec![text, new(Kind::Held)] } else { vec![text] }))
        }
        _ => new(Kind::Held),
    }
}

/// A value out of the script.
fn scripted() -> *mut PyObject {
    let script: Vec<u8> = state(|s| std::mem::take(&mut s.script)).into_iter().rev().collect();
    let mut input = Input::new(&script);
    let made = value(&mut input);
    let rest = input.rest().iter().rev().copied().collect();
    state(|s| s.script = rest);
    made
}
