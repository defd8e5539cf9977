//! How a task fails: with an `Err` or a panic, and never across a boundary.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use crate::Error;

/// An `Err` or a panic of a task's function, as text.
#[derive(Debug, Clone)]
pub struct TaskFailure {
    pub(crate) message: String,
    pub(crate) panicked: bool,
    /// What the task returned was an error of this crate, which keeps its case (a cancelled task, say).
    pub(crate) error: Option<Error>,
}

impl TaskFailure {
    pub(crate) fn into_error(self, task: &str) -> Error {
        match self.error {
            Some(cancelled @ Error::Cancelled(_)) => cancelled,
            _ => Error::TaskFailed { task: task.into(), message: self.message, panicked: self.panicked },
        }
    }
}

impl From<Error> for TaskFailure {
    fn from(error: Error) -> Self {
        TaskFailure { message: error.to_string(), panicked: false, error: Some(error) }
    }
}

/// A task function's return type that is a `Result`.
pub trait Outcome {
    /// What the task's object holds.
    type Value;
    /// The value, or the error with its whole chain.
    fn outcome(self) -> Result<Self::Value, TaskFailure>;
}

impl<T, E: Into<Box<dyn std::error::Error + Send + Sync>>> Outcome for Result<T, E> {
    type Value = T;

    fn outcome(self) -> Result<T, TaskFailure> {
        self.map_err(|e| {
            let error: Box<dyn std::error::Error + Send + Sync> = e.into();
            TaskFailure { message: crate::error::chain(&*error), panicked: false, error: find_cause(&*error) }
        })
    }
}

fn find_cause(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    std::iter::successors(Some(error), |e| e.source()).find_map(|e| e.downcast_ref::<Error>().cloned())
}

thread_local! {
    static WATCHED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Wraps the process's panic hook once: a panic inside [`catch`] is noted with its location instead of printed.
pub fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let noted = WATCHED.try_with(|slot| {
                slot.try_borrow_mut().is_ok_and(|mut slot| match slot.as_mut() {
                    Some(text) => {
                        *text = describe(info);
                        true
                    }
                    None => false,
                })
            });
            if !noted.unwrap_or(false) {
                before(info);
            }
        }));
    });
}

fn describe(info: &panic::PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("a panic that carries no text");
    match info.location() {
        Some(at) => format!("{message}, at {}:{}", at.file(), at.line()),
        None => message.into(),
    }
}

/// Runs `f` and turns a panic into a failure with its message and location.
pub fn catch<T>(f: impl FnOnce() -> Result<T, TaskFailure>) -> Result<T, TaskFailure> {
    install_hook();
    // Tasks nest on one thread only by way of the host, so the slot before is kept.
    let before = WATCHED.replace(Some(String::new()));
    let done = panic::catch_unwind(AssertUnwindSafe(f));
    let noted = WATCHED.replace(before);
    done.unwrap_or_else(|payload| {
        crate::shared::quietly(|| drop(payload));
        let message =
            noted.filter(|text| !text.is_empty()).unwrap_or_else(|| "a panic without a message".into());
        Err(TaskFailure { message, panicked: true, error: None })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_failure_that_says_where() {
        let failure = catch::<()>(|| panic!("out of {}", "luck")).unwrap_err();
        assert!(failure.panicked);
        assert!(failure.message.starts_with("out of luck, at "), "{}", failure.message);
        assert!(failure.message.contains("failure.rs:"), "{}", failure.message);
    }

    #[test]
    fn every_kind_of_error_type_becomes_its_text() {
        assert_eq!(Err::<(), _>("plain").outcome().unwrap_err().message, "plain");
        assert_eq!(
            Err::<(), _>(anyhow::anyhow!("low").context("high")).outcome().unwrap_err().message,
            "high: low"
        );
        assert_eq!(Ok::<_, std::io::Error>(3).outcome().unwrap(), 3);
    }

    #[test]
    fn a_cancelled_call_inside_a_task_cancels_the_task() {
        let inner = Error::Cancelled("by the driver".into());
        let failure =
            Err::<(), _>(anyhow::Error::from(inner).context("while counting")).outcome().unwrap_err();
        assert!(matches!(failure.into_error("t"), Error::Cancelled(_)));
    }
}
