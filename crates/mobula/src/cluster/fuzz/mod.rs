//! What a fuzzer may do to this crate: the bodies of the targets in `fuzz/`, and the same bodies as ordinary tests.
//!
//! Everything that comes from outside is bytes: the objects that Ray hands over, an object's message, a task's id. None of them may
//! panic across the boundary, read what is not there, or give an object or a buffer back other than once. The interpreter here
//! ([`python`]) keeps count of what it lends; it answers the library's calls out of the fuzzer's bytes too.

mod input;
mod program;
mod python;
mod sample;
mod values;

use std::cell::RefCell;
use std::ptr::null;
use std::sync::LazyLock;

use super::host::host;
use super::program::{table, with_args};
use super::python::{Gil, Object};
use super::values::from_python;
use crate::actor::Instance;
use crate::codec::Encoded;
use crate::{LocalConfig, Ray, actor, task};

pub use sample::sample;
pub use values::values;

use input::Input;

/// What the library offers the host, `run`, `create` and `free`, and the calls that they lead to, with arbitrary objects.
///
/// # Panics
/// Where one of the promises above is broken.
pub fn c_table(data: &[u8]) {
    let functions = introduced();
    let before = python::live();
    let mut input = Input::new(data);
    let mut instances = Vec::new();
    while let Some(operation) = input.byte() {
        match operation % 4 {
            0..3 => run(functions, &mut input, &instances),
            _ => instances.extend(create(functions, &mut input)),
        }
    }
    for instance in instances {
        // SAFETY: `create` made it, and nothing calls it any more.
        drop(unsafe { Box::from_raw(instance as *mut Instance) });
    }
    python::end();
    assert_eq!(python::live(), before);
}

/// The registries and the decoding of arguments, without a host: arbitrary ids and argument messages.
///
/// # Panics
/// Where one of the promises above is broken.
pub fn arguments(data: &[u8]) {
    introduced();
    let mut input = Input::new(data);
    let before = python::live();
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
    python::end();
    assert_eq!(python::live(), before);
}

/// The library's functions `main`, `run`, `create` and `free`, once the interpreter is introduced.
fn introduced() -> [usize; 4] {
    thread_local! {
        static FUNCTIONS: RefCell<Option<[usize; 4]>> = const { RefCell::new(None) };
    }
    if let Some(functions) = FUNCTIONS.with_borrow(|functions| *functions) {
        return functions;
    }
    // SAFETY: the table is static.
    let program = unsafe { &*table(&program::DEFINITION) };
    let (addresses, questions) = (python::addresses(), python::questions());
    let functions = python::locked(|| {
        // SAFETY: nothing is handed over, and nothing read.
        assert!(unsafe { (program.start)(null(), 0, questions) }.is_null());
        // SAFETY: the addresses that the library asks for, and its questions.
        unsafe { (program.start)(addresses.as_ptr(), addresses.len(), questions) }
    });
    let Ok(functions) = python::functions(functions).try_into() else { panic!("not four functions") };
    FUNCTIONS.set(Some(functions));
    functions
}

fn accepted(input: &mut Input<'_>) -> Vec<Encoded> {
    let Ok(host) = host() else { panic!("no host") };
    python::with_values(input, |values| {
        // SAFETY: the interpreter's lock is held.
        let py = unsafe { Gil::held(host.api()) };
        // SAFETY: objects that live until this returns.
        let read = |at: &_| from_python(host, &py, &unsafe { Object::borrow(&py, *at) }.ok()?).ok();
        values.iter().filter_map(read).collect()
    })
}

fn run([_, run, _, free]: [usize; 4], input: &mut Input<'_>, instances: &[i64]) {
    let instance = input.choose(instances).copied().filter(|_| input.flag()).unwrap_or(0);
    let known = if instance == 0 { program::TASKS } else { program::METHODS };
    let (id, may_panic) = program::id(input, known);
    let (num_returns, whole) = (i64::from(input.small()), i64::from(input.flag()));
    let values = python::values(input);
    python::script(input);
    let [instance, returns, be_whole] = [instance, num_returns, whole].map(python::int);
    let arguments = [python::bytes(&id), instance, returns, be_whole, values];
    match python::call(run, &arguments, python::read_values) {
        Ok((n, beside)) => {
            assert_eq!(n, num_returns.max(1) as usize);
            assert!(!(whole != 0 && beside), "a buffer or a reference beside a whole message");
        }
        Err(code) => {
            assert!(code <= 15 && (may_panic || code != 2), "{}: code {code}", String::from_utf8_lossy(&id));
        }
    }
    for token in python::tokens() {
        let freed = python::call(free, &[python::int(token as i64)], python::read_int);
        assert_eq!(freed, Ok(0));
    }
}

fn create([_, _, create, _]: [usize; 4], input: &mut Input<'_>) -> Option<i64> {
    let (id, _) = program::id(input, program::ACTORS);
    let values = python::values(input);
    python::script(input);
    let made = python::call(create, &[python::bytes(&id), values], python::read_int);
    assert!(made != Ok(0) && made != Err(2), "{made:?}");
    made.ok()
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
        let seen = python::codes();
        assert!(seen[0] > 100 && seen[1] > 100 && seen[2] > 0, "{seen:?}");
    }
}
