//! What this library offers the host: Python functions, `main`, `run`, `create` and `free`.

use std::ffi::{OsString, c_void};
use std::os::unix::ffi::OsStringExt;
use std::ptr::null_mut;
use std::sync::{Arc, OnceLock};

use super::describe::description;
use super::engine::{ClusterEngine, FROM_RUST};
use super::host::{Host, QUESTIONS, host, introduce, try_host};
use super::python::{self, Builtin, FASTCALL, Gil, MethodDef, Object, PyObject, SYMBOLS};
use super::table::{ABI, Program, Slice};
use super::values::{self, Loan, from_python, to_python};
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
        symbols: Slice::of(SYMBOLS.as_bytes()),
        questions: Slice::of(QUESTIONS.as_bytes()),
        start,
    })
}

fn definition() -> Result<&'static Definition> {
    let missing = || Error::Internal("the program has not introduced itself".into());
    DEFINITION.get().copied().ok_or_else(missing)
}

/// This process's one connection, by way of its host.
fn ray() -> Result<&'static Ray> {
    static RAY: OnceLock<Ray> = OnceLock::new();
    host()?;
    Ok(RAY.get_or_init(|| Ray::over(Arc::new(ClusterEngine::default()))))
}

extern "C" fn describe() -> Slice {
    static TEXT: OnceLock<String> = OnceLock::new();
    Slice::of(TEXT.get_or_init(description).as_bytes())
}

unsafe extern "C" fn start(
    symbols: *const *const c_void,
    n: usize,
    questions: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let Some(host) = (unsafe { introduce(symbols, n, questions) }) else { return null_mut() };
    // SAFETY: the caller holds the lock.
    let py = unsafe { Gil::held(host.api()) };
    let made = FUNCTIONS.iter().map(|def| Object::function(&py, def)).collect::<std::result::Result<_, _>>();
    made.and_then(|made| Object::tuple(&py, made)).map_or(null_mut(), Object::into_ptr)
}

const fn function(name: &'static std::ffi::CStr, function: Builtin) -> MethodDef {
    MethodDef { name: name.as_ptr(), function, flags: FASTCALL, doc: std::ptr::null() }
}

/// In the order in which `start` gives them.
static FUNCTIONS: [MethodDef; 4] =
    [function(c"main", main), function(c"run", run), function(c"create", create), function(c"free", free)];

/// How a function of ours fails: an error's code, and `task NUL message`.
struct Refusal {
    code: u32,
    text: String,
}

impl Refusal {
    fn of(task: &str, error: &Error) -> Refusal {
        let message = match error {
            Error::TaskFailed { message, .. } => message.clone(),
            other => other.to_string(),
        };
        Refusal { code: error.code(), text: format!("{task}\0{message}") }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal::of("", &error)
    }
}

type Answer = std::result::Result<u64, Refusal>;

/// Runs a function that Python calls: what it gives is a handle, and how it fails is raised.
///
/// # Safety
/// Python calls it: the lock is held, and the arguments are `n` objects that live until this returns.
unsafe fn called<const N: usize>(
    arguments: *const *mut PyObject,
    n: isize,
    f: impl FnOnce(&'static Host, &mut Gil, [Argument; N]) -> Answer,
) -> *mut PyObject {
    // It was started, or Python would not have this function.
    let Some(host) = try_host() else { return null_mut() };
    // SAFETY: the caller's promise.
    let mut py = unsafe { Gil::held(host.api()) };
    let given = if n == N as isize {
        // SAFETY: the caller's promise.
        Ok(std::array::from_fn(|at| Argument(unsafe { *arguments.add(at) })))
    } else {
        Err(Host::nonsense("a call of as many arguments").into())
    };
    match given.and_then(|given| f(host, &mut py, given)) {
        Ok(handle) => handle as *mut PyObject,
        Err(refusal) => {
            host.raise(&py, refusal.code, &refusal.text);
            null_mut()
        }
    }
}

/// An argument, which Python keeps until the call is over.
struct Argument(*mut PyObject);

impl Argument {
    fn object<'py>(&self, host: &Host, py: &'py Gil) -> Result<Object<'py>> {
        // SAFETY: Python keeps it.
        host.check(py, unsafe { Object::borrow(py, self.0) })
    }

    fn int(&self, host: &Host, py: &Gil) -> Result<u64> {
        host.check(py, self.object(host, py)?.as_int())
    }

    fn bytes(&self, host: &Host, py: &Gil) -> Result<Vec<u8>> {
        Ok(host.check(py, self.object(host, py)?.as_bytes())?.to_vec())
    }

    fn items<'py, T>(
        &self,
        host: &Host,
        py: &'py Gil,
        each: impl FnMut(&Object<'py>) -> Result<T>,
    ) -> Result<Vec<T>> {
        host.check(py, self.object(host, py)?.items())?.iter().map(each).collect()
    }
}

/// `main(arguments)`: runs the program's `main`; its exit code.
unsafe extern "C" fn main(_: *mut PyObject, arguments: *const *mut PyObject, n: isize) -> *mut PyObject {
    let main = |host: &'static Host, py: &mut Gil, [arguments]: [Argument; 1]| {
        let arguments = arguments
            .items(host, py, |each| Ok(OsString::from_vec(host.check(py, each.as_bytes())?.to_vec())))?;
        let ran = py.without(|| catch(|| Ok(program::run_hosted(definition()?, ray()?, arguments))));
        python::end();
        let code = ran.unwrap_or_else(|failure| {
            eprintln!("error: the program panicked: {}", failure.message);
            1
        });
        Ok(host.check(py, Object::int(py, code.unsigned_abs().into()))?.into_handle())
    };
    // SAFETY: Python calls it.
    unsafe { called(arguments, n, main) }
}

/// `run(task, instance, returns, whole, values)`: runs a task, or a method of the actor `instance`: its id, then the message and
/// the resolved references. Gives the one value, or a tuple of them where `returns`, which is 0 where nothing is said, is
/// more than 1. Where `whole` is not 0, they have no buffers and no references: the caller reads MessagePack alone.
unsafe extern "C" fn run(_: *mut PyObject, arguments: *const *mut PyObject, n: isize) -> *mut PyObject {
    let run = |host: &'static Host, py: &mut Gil, [task, instance, returns, whole, values]: [Argument; 5]| {
        let id = task.bytes(host, py)?;
        let (instance, whole) = (instance.int(host, py)?, whole.int(host, py)? != 0);
        let num_returns = usize::try_from(returns.int(host, py)?).ok().filter(|n| *n > 0);
        let values = values.items(host, py, |value| from_python(host, py, value))?;
        let made = py.without(|| {
            outcome(&id, || {
                let (text, ray) = (text(&id)?, ray()?);
                let output = with_args(values, |args| match instance {
                    0 => (task::find(text)?.run)(ray, args),
                    // SAFETY: the host knows no instances but those that `create` made, and these are never dropped.
                    at => (actor::find_method(text)?.run)(ray, unsafe { &*(at as *const Instance) }, args),
                })?;
                encode(output, num_returns, whole)
            })
        })?;
        Ok(give(host, py, &made, num_returns)?)
    };
    // SAFETY: Python calls it.
    unsafe { called(arguments, n, run) }
}

/// `create(actor, values)`: makes an actor, as `run` runs a task; its `instance` is never 0 and lives as long as the process.
unsafe extern "C" fn create(_: *mut PyObject, arguments: *const *mut PyObject, n: isize) -> *mut PyObject {
    let create = |host: &'static Host, py: &mut Gil, [actor, values]: [Argument; 2]| {
        let id = actor.bytes(host, py)?;
        let values = values.items(host, py, |value| from_python(host, py, value))?;
        let made = py.without(|| {
            outcome(&id, || {
                let (def, ray) = (actor::find(text(&id)?)?, ray()?);
                with_args(values, |args| (def.create)(ray, args))
            })
        })?;
        let instance = Box::into_raw(Box::new(made)) as u64;
        Ok(host.check(py, Object::int(py, instance))?.into_handle())
    };
    // SAFETY: Python calls it.
    unsafe { called(arguments, n, create) }
}

/// `free(token)`: Python has no more use for a buffer of ours.
unsafe extern "C" fn free(_: *mut PyObject, arguments: *const *mut PyObject, n: isize) -> *mut PyObject {
    let free = |host: &'static Host, py: &mut Gil, [token]: [Argument; 1]| {
        // SAFETY: the host gives back each token once.
        unsafe { values::free(token.int(host, py)?) }
        Ok(host.check(py, Object::int(py, 0))?.into_handle())
    };
    // SAFETY: Python calls it.
    unsafe { called(arguments, n, free) }
}

fn text(id: &[u8]) -> Result<&str> {
    std::str::from_utf8(id).map_err(|e| Error::Internal(format!("the host sent text that is not UTF-8: {e}")))
}

pub(super) fn with_args<T>(values: Vec<Encoded>, f: impl FnOnce(Args<'_>) -> T) -> T {
    let mut values = values.into_iter();
    let message = values.next().unwrap_or_default();
    // Calls of methods say where they come from, to the host.
    let inline = message.data.strip_prefix(FROM_RUST).unwrap_or(&message.data);
    f(Args::wire(WireArgs { inline, blobs: message.blobs, refs: message.refs, resolved: values }))
}

/// Runs `f`, which may panic, on behalf of a task.
fn outcome<T>(
    id: &[u8],
    f: impl FnOnce() -> std::result::Result<T, TaskFailure>,
) -> std::result::Result<T, Refusal> {
    catch(f).map_err(|failure| {
        let name = String::from_utf8_lossy(id);
        let name = name.rsplit_once('#').map_or(&*name, |(name, _)| name);
        Refusal::of(name, &failure.into_error(name))
    })
}

fn encode(
    output: Output,
    num_returns: Option<usize>,
    whole: bool,
) -> std::result::Result<Vec<Encoded>, TaskFailure> {
    let values = match output.into_made(num_returns)? {
        Made::One(value) => vec![value],
        Made::Many(values) => values,
    };
    let encoder = || if whole { Encoder::whole() } else { Encoder::default() };
    Ok(values.into_iter().map(|value| value.encode_with(encoder())).collect::<Result<_>>()?)
}

/// What a task has made, as Ray takes it.
fn give(host: &Host, py: &Gil, made: &[Encoded], num_returns: Option<usize>) -> Result<u64> {
    if let ([one], None | Some(1)) = (made, num_returns) {
        return Ok(to_python(host, py, one, Loan::Kept)?.into_handle());
    }
    let all = made.iter().map(|each| to_python(host, py, each, Loan::Kept)).collect::<Result<_>>()?;
    Ok(host.check(py, Object::tuple(py, all))?.into_handle())
}
