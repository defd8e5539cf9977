//! What this library offers the host.

use std::ffi::{OsString, c_void};
use std::os::unix::ffi::OsStringExt;
use std::sync::{Arc, OnceLock};

use super::describe::description;
use super::engine::ClusterEngine;
use super::host::{host, introduce};
use super::sink::Sink;
use super::table::{ABI, Host, Program, Slice, Wire};
use super::wire::{self, Lent};
use crate::actor::{self, Instance};
use crate::codec::{Encoded, Encoder};
use crate::program::{self, Definition};
use crate::task::{self, Args, Made, Output, TaskFailure, WireArgs, catch};
use crate::{Error, Ray, Result};

static DEFINITION: OnceLock<&'static Definition> = OnceLock::new();

/// The table that the library's one exported function returns.
pub fn table(definition: &'static Definition) -> *const Program {
    static TABLE: OnceLock<Program> = OnceLock::new();
    let _ = DEFINITION.set(definition);
    TABLE.get_or_init(|| Program {
        abi: ABI,
        size: size_of::<Program>() as u32,
        name: Slice::of(definition.name.as_bytes()),
        build: Slice::of(definition.build.as_bytes()),
        describe,
        start,
        main,
        run,
        create,
        reply,
        free,
    })
}

/// This process's one connection, by way of its host.
fn ray() -> Result<&'static Ray> {
    static RAY: OnceLock<Ray> = OnceLock::new();
    let definition =
        DEFINITION.get().ok_or_else(|| Error::Internal("the program has not introduced itself".into()))?;
    host()?;
    Ok(RAY.get_or_init(|| Ray::over(Arc::new(ClusterEngine::new(definition.build)))))
}

extern "C" fn describe() -> Slice {
    static TEXT: OnceLock<String> = OnceLock::new();
    Slice::of(TEXT.get_or_init(description).as_bytes())
}

extern "C" fn start(host: *const Host) -> i32 {
    // SAFETY: the host hands over a whole table, of which the version is looked at first.
    i32::from(!unsafe { introduce(host) })
}

extern "C" fn main(args: *const Slice, n: usize) -> i32 {
    // SAFETY: the host's list lives until this returns.
    let args = unsafe { wire::list(args, n) };
    // SAFETY: so does each text.
    let args = args.iter().map(|arg| OsString::from_vec(unsafe { arg.bytes() }.to_vec())).collect();
    let ran = catch(|| {
        let definition =
            DEFINITION.get().ok_or(Error::Internal("the program has not introduced itself".into()))?;
        Ok(program::run_hosted(definition, ray()?, args))
    });
    ran.unwrap_or_else(|failure| {
        eprintln!("error: the program panicked: {}", failure.message);
        1
    })
}

extern "C" fn run(
    task: Slice,
    instance: u64,
    wires: *const Wire,
    n: usize,
    num_returns: i64,
    whole: u32,
    frame: u64,
) -> u32 {
    // SAFETY: the host's lists live until this returns, its buffers are pinned and its handles new. All are taken over at
    // once, so that each is given back exactly once whatever happens next.
    let (id, values) = unsafe { accept(task, wires, n) };
    let num_returns = usize::try_from(num_returns).ok();
    outcome(id, frame, || {
        let text = wire::text(id)?;
        let ray = ray()?;
        let output = with_args(values, |args| match instance {
            0 => (task::find(text)?.run)(ray, args),
            // SAFETY: the host knows no instances but those that `create` made, and these are never dropped.
            at => (actor::find_method(text)?.run)(ray, unsafe { &*(at as *const Instance) }, args),
        })?;
        emit(output, num_returns, whole != 0, frame)
    })
}

extern "C" fn create(actor: Slice, wires: *const Wire, n: usize, frame: u64, instance: *mut u64) -> u32 {
    // SAFETY: as for `run`.
    let (id, values) = unsafe { accept(actor, wires, n) };
    outcome(id, frame, || {
        let (def, ray) = (actor::find(wire::text(id)?)?, ray()?);
        let made = with_args(values, |args| (def.create)(ray, args))?;
        // SAFETY: the host lends a place for the answer.
        unsafe { *instance = Box::into_raw(Box::new(made)) as u64 };
        Ok(())
    })
}

/// # Safety
/// The slice and the wires live until the caller returns, and the wires' buffers and handles are nobody else's.
unsafe fn accept<'a>(id: Slice, wires: *const Wire, n: usize) -> (&'a [u8], Vec<Encoded>) {
    // SAFETY: the caller's promise.
    let wires = unsafe { wire::list(wires, n) };
    // SAFETY: the caller's promise.
    let values = wires.iter().map(|wire| unsafe { wire::accept(wire) }).collect();
    // SAFETY: the caller's promise.
    (unsafe { id.bytes() }, values)
}

pub(super) fn with_args<T>(values: Vec<Encoded>, f: impl FnOnce(Args<'_>) -> T) -> T {
    let mut values = values.into_iter();
    let message = values.next().unwrap_or_default();
    f(Args::wire(WireArgs {
        inline: &message.data,
        blobs: message.blobs,
        refs: message.refs,
        resolved: values,
    }))
}

/// Runs `f`, and emits how it failed: 0, or the error's code.
fn outcome(id: &[u8], frame: u64, f: impl FnOnce() -> Result<(), TaskFailure>) -> u32 {
    let Err(failure) = catch(f) else { return 0 };
    let name = String::from_utf8_lossy(id);
    let name = name.rsplit_once('#').map_or(&*name, |(name, _)| name);
    let error = failure.into_error(name);
    let message = match &error {
        Error::TaskFailed { message, .. } => message.clone(),
        other => other.to_string(),
    };
    if let Ok(host) = host() {
        let text = format!("{name}\0{message}");
        let wire = Wire { data: text.as_ptr(), len: text.len(), ..EMPTY };
        (host.emit)(frame, &wire, Sink::default().pointer());
    }
    error.code()
}

const EMPTY: Wire = Wire {
    data: std::ptr::null(),
    len: 0,
    blobs: std::ptr::null(),
    num_blobs: 0,
    refs: std::ptr::null(),
    num_refs: 0,
};

fn emit(output: Output, num_returns: Option<usize>, whole: bool, frame: u64) -> Result<(), TaskFailure> {
    let values = match output.into_made(num_returns)? {
        Made::One(value) => vec![value],
        Made::Many(values) => values,
    };
    for value in values {
        let encoder = if whole { Encoder::whole() } else { Encoder::default() };
        let encoded = value.encode_with(encoder)?;
        let lent = Lent::keep(&encoded)?;
        let mut sink = Sink::default();
        (host()?.emit)(frame, &lent.wire(&encoded.data), sink.pointer());
        sink.values(1)?;
    }
    Ok(())
}

pub(super) extern "C" fn reply(sink: *mut c_void, code: u32, wire: *const Wire) {
    // SAFETY: the host answers only the calls that are under way, with lists that live until this returns.
    unsafe { Sink::reply(sink, code, wire) }
}

extern "C" fn free(token: u64) {
    // SAFETY: the host gives back each token once.
    unsafe { wire::free(token) }
}
