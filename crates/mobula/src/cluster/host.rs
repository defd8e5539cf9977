//! This process's host: the functions in Python that this library asks, once it was started.

use std::ffi::c_void;
use std::iter::once;
use std::sync::OnceLock;
use std::time::Duration;

use super::python::{Api, Gil, Object, PyObject, Raised};
use super::remote_ref::RemoteRef;
use super::values::{Loan, from_python, object, to_python};
use crate::codec::Encoded;
use crate::engine::RawRef;
use crate::{Error, Result};

/// The host's functions: their names in `host/callbacks.py`, parted by spaces, in the order of [`Question`].
pub(super) const QUESTIONS: &str =
    "define get get_all put wait cancel query buffer lend foreign explain fail";

/// What the host can be asked for.
#[derive(Clone, Copy)]
pub(super) enum Question {
    /// `(spec, group?)`: what makes calls of a kind; see [`Host::define`].
    Define,
    /// `(ref, seconds)`: a value.
    Get,
    /// `(refs, seconds)`: their values.
    GetAll,
    /// `(value)`: a reference to it.
    Put,
    /// `(refs, wanted, seconds)`: a byte for each, 1 where it is ready.
    Wait,
    /// `(ref, force)`.
    Cancel,
    /// `(question, about?)`: JSON, and an object where the question is for one.
    Query,
    /// `(view)`: what Ray takes for a buffer.
    Buffer,
    /// `(view, token)`: the same, and its end gives the token back.
    Lend,
    /// `(object)`: raises that it is nobody's value.
    Foreign,
    /// `(exception)`: a code, and `task NUL message`.
    Explain,
    /// `(code, text)`: raises that error.
    Fail,
}

/// The host, as [`introduce`] got it.
pub(super) struct Host {
    api: &'static Api,
    /// In the order of [`QUESTIONS`]; kept for as long as the process lives.
    questions: Vec<u64>,
    /// Python's types `bytes` and `tuple`.
    bytes: u64,
    tuple: u64,
}

static HOST: OnceLock<Host> = OnceLock::new();

/// The host.
///
/// # Errors
/// [`Error::Disconnected`] outside one.
pub(super) fn host() -> Result<&'static Host> {
    HOST.get().ok_or_else(|| Error::Disconnected("this process is not hosted by Ray".into()))
}

/// The host, for a `drop`, which can do nothing about its absence.
pub(super) fn try_host() -> Option<&'static Host> {
    HOST.get()
}

/// Keeps what the host hands over; `None` where that is not what was asked for.
///
/// # Safety
/// As [`Api::of`] says; `questions` is null or an object, and the interpreter's lock is held.
pub(super) unsafe fn introduce(
    symbols: *const *const c_void,
    n: usize,
    questions: *mut PyObject,
) -> Option<&'static Host> {
    // SAFETY: the caller's promise.
    let api = unsafe { Api::of(symbols, n) }?;
    if HOST.get().is_none() {
        // Once in a process, and needed until it ends.
        let api: &'static Api = Box::leak(Box::new(api));
        // SAFETY: the caller's promise.
        let py = unsafe { Gil::held(api) };
        // SAFETY: the caller's promise.
        let asked = unsafe { Object::borrow(&py, questions) }.and_then(|tuple| tuple.items()).ok()?;
        if asked.len() != QUESTIONS.split_whitespace().count() {
            return None;
        }
        let kind_of =
            |empty: std::result::Result<Object<'_>, Raised>| Some(empty.ok()?.kind().ok()?.into_handle());
        let (bytes, tuple) = (kind_of(Object::bytes(&py, b""))?, kind_of(Object::tuple(&py, Vec::new()))?);
        let questions = asked.into_iter().map(Object::into_handle).collect();
        let _ = HOST.set(Host { api, questions, bytes, tuple });
    }
    HOST.get()
}

impl Host {
    pub(super) fn api(&self) -> &'static Api {
        self.api
    }

    /// Waits for the interpreter's lock.
    pub(super) fn lock(&self) -> Gil {
        Gil::take(self.api)
    }

    pub(super) fn nonsense(what: &str) -> Error {
        Error::Internal(format!("the host's answer is not {what}"))
    }

    pub(super) fn is_bytes(&self, py: &Gil, object: &Object<'_>) -> Result<bool> {
        self.is_a(py, object, self.bytes)
    }

    pub(super) fn is_tuple(&self, py: &Gil, object: &Object<'_>) -> Result<bool> {
        self.is_a(py, object, self.tuple)
    }

    fn is_a(&self, py: &Gil, object: &Object<'_>, kind: u64) -> Result<bool> {
        Ok(self.check(py, object.kind())?.as_ptr() as u64 == kind)
    }

    /// The error of an exception.
    pub(super) fn check<T>(&self, py: &Gil, done: std::result::Result<T, Raised>) -> Result<T> {
        done.map_err(|Raised| self.explain(py))
    }

    fn explain(&self, py: &Gil) -> Error {
        let Some(raised) = Object::raised(py) else {
            return Error::Internal("the host has failed, and does not say why".into());
        };
        let explained = self.question(py, Question::Explain).and_then(|explain| explain.call([&raised]));
        let error = explained.and_then(|answer| answer.items()).and_then(|items| {
            let [code, text] = &items[..] else { return Err(Raised) };
            let text = String::from_utf8_lossy(text.as_bytes()?).into_owned();
            let (task, message) = text.split_once('\0').unwrap_or(("", &text));
            Ok(Error::from_code(u32::try_from(code.as_int()?).unwrap_or(0), task.into(), message.into()))
        });
        error.unwrap_or_else(|Raised| {
            // An interrupt that comes just then.
            drop(Object::raised(py));
            Error::Cancelled("the call was interrupted".into())
        })
    }

    /// Raises an error in Python.
    pub(super) fn raise(&self, py: &Gil, code: u32, text: &str) {
        let raised = Object::int(py, code.into()).and_then(|code| {
            let text = Object::bytes(py, text.as_bytes())?;
            self.question(py, Question::Fail)?.call([&code, &text])
        });
        // `fail` gives nothing back: where it did, Python itself says that there is neither a value nor an exception.
        drop(raised);
    }

    fn question<'py>(&self, py: &'py Gil, question: Question) -> std::result::Result<Object<'py>, Raised> {
        // SAFETY: these are never released.
        unsafe { Object::of_handle(py, self.questions[question as usize]) }
    }

    pub(super) fn ask<'a, 'py: 'a>(
        &self,
        py: &'py Gil,
        question: Question,
        arguments: impl IntoIterator<Item = &'a Object<'py>>,
    ) -> Result<Object<'py>> {
        self.check(py, self.question(py, question).and_then(|question| question.call(arguments)))
    }
}

/// What the engine asks: each takes the interpreter's lock for itself.
impl Host {
    /// Makes a kind of call (in JSON: a task, a new actor or a method, with its options); where that names a placement
    /// group, the group.
    pub(super) fn define(&self, spec: &str, group: Option<&RemoteRef>) -> Result<RemoteRef> {
        let py = self.lock();
        let spec = self.check(&py, Object::bytes(&py, spec.as_bytes()))?;
        let group = group.map(|group| self.check(&py, group.object(&py))).transpose()?;
        self.ask(&py, Question::Define, once(&spec).chain(&group)).map(RemoteRef::of)
    }

    /// Submits a call: its message, the references that stand for arguments, and a method's actor. What it returns.
    pub(super) fn submit(
        &self,
        kind: &RemoteRef,
        message: &Encoded,
        refs: &[&RawRef],
        actor: Option<&RemoteRef>,
        num_returns: usize,
    ) -> Result<Vec<RemoteRef>> {
        let py = self.lock();
        let mut arguments = Vec::with_capacity(2 + refs.len());
        if !message.data.is_empty() {
            arguments.push(to_python(self, &py, message, Loan::Call)?);
        }
        for raw in refs {
            arguments.push(object(self, &py, raw)?);
        }
        if let Some(actor) = actor {
            arguments.push(self.check(&py, actor.object(&py))?);
        }
        let kind = self.check(&py, kind.object(&py))?;
        let made = self.check(&py, kind.call(&arguments))?;
        if num_returns == 1 {
            return Ok(vec![RemoteRef::of(made)]);
        }
        let made = self.check(&py, made.items())?;
        if made.len() == num_returns {
            Ok(made.into_iter().map(RemoteRef::of).collect())
        } else {
            Err(Host::nonsense("a reference for each object"))
        }
    }

    pub(super) fn put(&self, value: &Encoded) -> Result<RemoteRef> {
        let py = self.lock();
        let value = to_python(self, &py, value, Loan::Call)?;
        self.ask(&py, Question::Put, [&value]).map(RemoteRef::of)
    }

    /// Waits for values, at most as long as `timeout`.
    pub(super) fn get(&self, refs: &[&RawRef], timeout: Option<Duration>) -> Result<Vec<Encoded>> {
        let py = self.lock();
        let values = self.fetch(&py, refs, timeout);
        values.map_err(|error| match (error, timeout) {
            (Error::Timeout(_), Some(timeout)) => Error::Timeout(timeout),
            (error, _) => error,
        })
    }

    fn fetch(&self, py: &Gil, refs: &[&RawRef], timeout: Option<Duration>) -> Result<Vec<Encoded>> {
        let seconds = timeout.map(|timeout| self.seconds(py, timeout)).transpose()?;
        if let [one] = refs {
            let one = object(self, py, one)?;
            let value = self.ask(py, Question::Get, once(&one).chain(&seconds))?;
            return Ok(vec![from_python(self, py, &value)?]);
        }
        let all = self.tuple(py, refs)?;
        let values = self.ask(py, Question::GetAll, once(&all).chain(&seconds))?;
        let values = self.check(py, values.items())?;
        if values.len() != refs.len() {
            return Err(Host::nonsense("a value for each reference"));
        }
        values.iter().map(|value| from_python(self, py, value)).collect()
    }

    fn seconds<'py>(&self, py: &'py Gil, timeout: Duration) -> Result<Object<'py>> {
        self.check(py, Object::float(py, timeout.as_secs_f64()))
    }

    fn tuple<'py>(&self, py: &'py Gil, refs: &[&RawRef]) -> Result<Object<'py>> {
        let refs = refs.iter().map(|raw| object(self, py, raw)).collect::<Result<_>>()?;
        self.check(py, Object::tuple(py, refs))
    }

    /// Waits until some are ready; which.
    pub(super) fn wait(
        &self,
        refs: &[&RawRef],
        wanted: usize,
        timeout: Option<Duration>,
    ) -> Result<Vec<bool>> {
        let py = self.lock();
        let all = self.tuple(&py, refs)?;
        let wanted = self.check(&py, Object::int(&py, wanted as u64))?;
        let seconds = timeout.map(|timeout| self.seconds(&py, timeout)).transpose()?;
        let ready = self.ask(&py, Question::Wait, [&all, &wanted].into_iter().chain(&seconds))?;
        let ready = self.check(&py, ready.as_bytes())?;
        if ready.len() == refs.len() {
            Ok(ready.iter().map(|byte| *byte != 0).collect())
        } else {
            Err(Host::nonsense("a byte for each reference"))
        }
    }

    /// Cancels the task that makes an object.
    pub(super) fn cancel(&self, raw: &RawRef, force: bool) -> Result<()> {
        let py = self.lock();
        let force = self.check(&py, Object::int(&py, force.into()))?;
        self.ask(&py, Question::Cancel, [&object(self, &py, raw)?, &force]).map(drop)
    }

    /// Does what a JSON object asks for under `ask` (`nodes`, `kill`, `get_actor`, …), with this handle; JSON, and an object
    /// where the question is for one.
    pub(super) fn query(
        &self,
        question: &str,
        about: Option<&RemoteRef>,
    ) -> Result<(String, Option<RemoteRef>)> {
        let py = self.lock();
        let question = self.check(&py, Object::bytes(&py, question.as_bytes()))?;
        let about = about.map(|about| self.check(&py, about.object(&py))).transpose()?;
        let answer = self.ask(&py, Question::Query, once(&question).chain(&about))?;
        let mut answer = self.check(&py, answer.items())?.into_iter();
        let text = answer.next().ok_or_else(|| Host::nonsense("an answer"))?;
        let text = String::from_utf8(self.check(&py, text.as_bytes())?.to_vec())
            .map_err(|_| Host::nonsense("UTF-8"))?;
        Ok((text, answer.next().map(RemoteRef::of)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_has_a_name() {
        let names: Vec<_> = QUESTIONS.split_whitespace().collect();
        assert_eq!(names.len(), Question::Fail as usize + 1);
        assert_eq!(names[Question::GetAll as usize], "get_all");
        assert_eq!(names[Question::Foreign as usize], "foreign");
    }
}
