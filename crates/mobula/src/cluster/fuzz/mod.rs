//! What a fuzzer may do to this crate: the bodies of the targets in `fuzz/`, and the same bodies as ordinary tests.
//!
//! Everything that comes from outside is bytes: a host's wires, an object's message, a task's id. None of them may panic across
//! the boundary, read what is not there, or give a buffer or a reference back other than once. The host here
//! ([`host`]) keeps count of what it lends; it answers the library's calls out of the fuzzer's bytes too.

mod host;
mod input;
mod program;
mod sample;
mod values;

use std::ffi::c_void;
use std::sync::LazyLock;

use super::program::{table, with_args};
use super::sink::Sink;
use super::table::{Program, Slice};
use super::wire;
use crate::actor::Instance;
use crate::codec::Encoded;
use crate::{LocalConfig, Ray, actor, task};

pub use sample::sample;
pub use values::values;

use input::Input;

/// The entry points of the C table: `run`, `create`, `reply` and the calls that they lead to, with arbitrary wires.
///
/// # Panics
/// Where one of the promises above is broken.
pub fn c_table(data: &[u8]) {
    let program = introduced();
    let mut input = Input::new(data);
    host::begin();
    let mut instances = Vec::new();
    while let Some(operation) = input.byte() {
        match operation % 4 {
            0 | 1 => run(program, &mut input, &instances),
            2 => instances.extend(create(program, &mut input)),
            _ => reply(program, &mut input),
        }
    }
    for instance in instances {
        // SAFETY: `create` made it, and nothing calls it any more.
        drop(unsafe { Box::from_raw(instance as *mut Instance) });
    }
    host::end();
}

/// The registries and the decoding of arguments, without a host: arbitrary ids and argument messages.
///
/// # Panics
/// Where one of the promises above is broken.
pub fn arguments(data: &[u8]) {
    introduced();
    let mut input = Input::new(data);
    host::begin();
    // Starting its threads would be most of the time that an input takes.
    static RAY: LazyLock<Ray> = LazyLock::new(|| Ray::local(LocalConfig::with_cpus(1.0)));
    while input.left() {
        let (id, may_panic) = program::id(&mut input, program::TASKS);
        let values = accepted(&mut input);
        let Ok(id) = std::str::from_utf8(&id) else { continue };
        match task::find(id) {
            // What needs an engine has it from the other target.
            Ok(def) if def.signature.contains("ObjectRef") => {}
            Ok(def) => {
                let done = task::catch(|| with_args(values, |args| (def.run)(&RAY, args)).map(drop));
                assert!(may_panic || !done.is_err_and(|failure| failure.panicked), "{id} panicked");
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        let _ = (actor::find(id).is_ok(), actor::find_method(id).is_ok());
    }
    host::end();
}

/// This library's table, with the counting host's handed to it.
fn introduced() -> &'static Program {
    // SAFETY: the table is static.
    let program = unsafe { &*table(&program::DEFINITION) };
    assert_eq!((program.start)(&host::TABLE), 0);
    assert_eq!((program.start)(std::ptr::null()), 1);
    program
}

fn accepted(input: &mut Input<'_>) -> Vec<Encoded> {
    let wires = host::wires(input);
    // SAFETY: the wires' lists live as long as `wires`; their buffers and handles are new.
    wires.iter().map(|wire| unsafe { wire::accept(&wire.wire()) }).collect()
}

fn run(program: &Program, input: &mut Input<'_>, instances: &[u64]) {
    let instance = input.choose(instances).copied().filter(|_| input.flag()).unwrap_or(0);
    let known = if instance == 0 { program::TASKS } else { program::METHODS };
    let (id, may_panic) = program::id(input, known);
    let (num_returns, whole) = (i64::from(input.small()) - 1, u32::from(input.flag()));
    let wires = host::wires(input);
    host::script(input);
    let list: Vec<_> = wires.iter().map(host::OwnedWire::wire).collect();
    let frame = host::frame();
    let code = (program.run)(Slice::of(&id), instance, list.as_ptr(), list.len(), num_returns, whole, frame);
    assert!(code <= 15 && (may_panic || code != 2), "{}: code {code}", String::from_utf8_lossy(&id));
    host::ran(code, num_returns, whole != 0);
}

fn create(program: &Program, input: &mut Input<'_>) -> Option<u64> {
    let (id, _) = program::id(input, program::ACTORS);
    let wires = host::wires(input);
    host::script(input);
    let list: Vec<_> = wires.iter().map(host::OwnedWire::wire).collect();
    let mut instance = 0;
    let code = (program.create)(Slice::of(&id), list.as_ptr(), list.len(), host::frame(), &mut instance);
    assert!(code != 2 && (code == 0) == (instance != 0), "code {code}, instance {instance}");
    (code == 0).then_some(instance)
}

/// Some answers to a call that wants a number of them.
fn reply(program: &Program, input: &mut Input<'_>) {
    let mut sink = Sink::default();
    let pointer: *mut c_void = sink.pointer();
    let mut replies = 0;
    for wire in host::wires(input) {
        let code = u32::from(input.small());
        replies += usize::from(code == 0);
        (program.reply)(pointer, code, &wire.wire());
    }
    let wanted = usize::from(input.small());
    if wanted == 0 {
        let _ = sink.text();
    } else if let Ok(values) = sink.values(wanted) {
        assert_eq!((values.len(), replies), (wanted, wanted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many inputs as a test may take, the same ones each time.
    const INPUTS: u64 = 100_000;

    fn each(target: fn(&[u8]), kind: u8) {
        for seed in 0..INPUTS {
            target(&sample(kind, seed));
        }
    }

    #[test]
    fn the_c_table_survives() {
        each(c_table, 0);
    }

    #[test]
    fn values_survive() {
        each(values, 1);
    }

    #[test]
    fn arguments_survive() {
        each(arguments, 2);
    }

    /// The generator gets somewhere: calls succeed, and each kind of failure is met.
    #[test]
    fn samples_reach_every_outcome() {
        for seed in 0..20_000 {
            c_table(&sample(0, seed));
        }
        let seen = host::codes();
        assert!(seen[0] > 100 && seen[1] > 100 && seen[2] > 0, "{seen:?}");
    }
}
