//! Everything that can go wrong, told apart.

use std::time::Duration;

use crate::Resources;
use crate::task::Demand;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as Ray tells it apart.
///
/// Cases carry what is known of their origin: an error that crossed a cluster is text by the time it arrives.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A task returned `Err` or panicked; so did, by inheritance, every task that depends on it.
    #[error("task {task} {verb}: {message}", verb = if *.panicked { "panicked" } else { "failed" })]
    TaskFailed {
        /// `crate::module::function`.
        task: String,
        /// The error with its whole chain of causes, or the panic's message with its location.
        message: String,
        /// A panic rather than an `Err`.
        panicked: bool,
    },
    /// The process that ran the task ended, and its retries are used up.
    #[error("a worker process died: {0}")]
    WorkerCrashed(String),
    /// The node that ran the task is gone, and its retries are used up.
    #[error("a node died: {0}")]
    NodeDied(String),
    /// The actor is dead or cannot be reached.
    #[error("an actor died: {0}")]
    ActorDied(String),
    /// The object's value is gone and cannot be computed again.
    #[error("an object was lost: {0}")]
    ObjectLost(String),
    /// Ray ended the task to save the node's memory, or the object store is full.
    #[error("out of memory: {0}")]
    OutOfMemory(String),
    /// The value was not there in time. It may still come.
    #[error("no value after {:.3} s", .0.as_secs_f64())]
    Timeout(Duration),
    /// The task was cancelled before it returned.
    #[error("cancelled: {0}")]
    Cancelled(String),
    /// No node is large enough for what the task asks for.
    #[error("{0}")]
    Unschedulable(String),
    /// A node could not set up what the job needs to run there.
    #[error("the runtime environment could not be set up: {0}")]
    RuntimeEnvironment(String),
    /// The cluster cannot be reached any more.
    #[error("the connection to the cluster is lost: {0}")]
    Disconnected(String),
    /// A value could not be turned into bytes or back.
    #[error("{0}")]
    Codec(String),
    /// The call itself is wrong: an option out of range, a reference of another engine.
    #[error("{0}")]
    Invalid(String),
    /// Ray or the host raised something that is none of the above.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// What the user may do about it, where there is something general to say.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Error::Unschedulable(_) => {
                "ask for less, or add a node that is large enough; on a cluster that grows by itself set \
                 MOBULA_WAIT_FOR_NODES=1 to wait for one"
            }
            Error::OutOfMemory(_) => "split the work into smaller tasks, or give each task a `memory` demand",
            Error::WorkerCrashed(_) => {
                "the worker's own log is in the dashboard and in the session's `logs` folder"
            }
            Error::NodeDied(_) => {
                "`ray status` lists the nodes that are left; `max_retries` lets tasks move to them"
            }
            Error::RuntimeEnvironment(_) => "the nodes' `runtime_env_agent.log` says more",
            Error::Disconnected(_) => "is the head node up? `ray status` tells",
            _ => return None,
        })
    }

    /// For a demand that fits none of the nodes.
    pub(crate) fn unschedulable<'a>(demand: &Demand, nodes: impl Iterator<Item = &'a Resources>) -> Error {
        let largest =
            nodes.max_by(|a, b| a.get("CPU").unwrap_or(&0.0).total_cmp(b.get("CPU").unwrap_or(&0.0)));
        let has = largest.map_or("there is none".into(), |node| {
            let named =
                node.iter().filter(|(name, _)| !name.starts_with("node:") && *name != "object_store_memory");
            named.map(|(name, n)| format!("{n} {name}")).collect::<Vec<_>>().join(", ")
        });
        Error::Unschedulable(format!(
            "the task asks for {demand}, and no node has that much (the largest: {has})"
        ))
    }

    pub(crate) fn code(&self) -> u32 {
        match self {
            Error::TaskFailed { panicked: false, .. } => 1,
            Error::TaskFailed { panicked: true, .. } => 2,
            Error::WorkerCrashed(_) => 3,
            Error::NodeDied(_) => 4,
            Error::ActorDied(_) => 5,
            Error::ObjectLost(_) => 6,
            Error::OutOfMemory(_) => 7,
            Error::Timeout(_) => 8,
            Error::Cancelled(_) => 9,
            Error::Unschedulable(_) => 10,
            Error::RuntimeEnvironment(_) => 11,
            Error::Disconnected(_) => 12,
            Error::Codec(_) => 13,
            Error::Invalid(_) => 14,
            Error::Internal(_) => 15,
        }
    }

    /// The case that the host named by its number; the host's `ERROR_CODES` is the other half.
    pub(crate) fn from_code(code: u32, task: String, message: String) -> Error {
        match code {
            1 | 2 => Error::TaskFailed { task, message, panicked: code == 2 },
            3 => Error::WorkerCrashed(message),
            4 => Error::NodeDied(message),
            5 => Error::ActorDied(message),
            6 => Error::ObjectLost(message),
            7 => Error::OutOfMemory(message),
            8 => Error::Timeout(Duration::from_secs_f64(message.parse().unwrap_or(0.0_f64).clamp(0.0, 1e9))),
            9 => Error::Cancelled(message),
            10 => Error::Unschedulable(message),
            11 => Error::RuntimeEnvironment(message),
            12 => Error::Disconnected(message),
            13 => Error::Codec(message),
            14 => Error::Invalid(message),
            _ => Error::Internal(message),
        }
    }
}

/// An error with its whole chain of causes in one line, as `anyhow`'s `{:#}` writes it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        // An error that prints its source itself would say it twice.
        if !text.ends_with(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_comes_back_as_its_case() {
        for code in 1..=15 {
            assert_eq!(Error::from_code(code, "t".into(), "1".into()).code(), code);
        }
    }

    #[test]
    fn a_chain_names_every_cause_once() {
        let io = std::io::Error::other("disk on fire");
        let error = anyhow::Error::from(io).context("cannot write").context("phase two");
        let boxed: Box<dyn std::error::Error + Send + Sync> = error.into();
        assert_eq!(chain(&*boxed), "phase two: cannot write: disk on fire");
    }
}
