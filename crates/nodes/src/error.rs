//! What can go wrong with a cluster of one's own, each with the way out.

use std::io;
use std::path::PathBuf;

/// The result of this crate's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a cluster could not be started, stopped or found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The user's own token cannot be used.
    #[error(transparent)]
    Token(#[from] mobula_jobs::Error),
    /// The interpreter does not run.
    #[error("Python cannot be started as `{}`: {cause}", .python.display())]
    NoPython {
        /// The interpreter.
        python: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The interpreter has no Ray, or one without its command.
    #[error("Ray is not installed for {}", .0.display())]
    NoRay(PathBuf),
    /// Another cluster is up.
    #[error("a cluster of {nodes} nodes with {cpus} CPUs each is up already, at {address}")]
    OtherUp {
        /// How many nodes it was started with.
        nodes: usize,
        /// How many CPUs each of them has.
        cpus: u32,
        /// Where it is.
        address: String,
    },
    /// The cluster that is up has lost nodes.
    #[error("of the {nodes} nodes of the cluster at {address}, {lost} have ended")]
    Broken {
        /// How many nodes it was started with.
        nodes: usize,
        /// How many of them are gone.
        lost: usize,
        /// Where it is.
        address: String,
    },
    /// A node ended while the cluster was starting.
    #[error("node {node} ended while it was starting; the end of its log:\n{log}")]
    NodeEnded {
        /// Which node; 0 is the head.
        node: usize,
        /// The end of its log.
        log: String,
    },
    /// Nodes that should be alive were not in time.
    #[error("after {seconds} s {alive} of {wanted} nodes were alive; the end of node {node}'s log:\n{log}")]
    Late {
        /// How long was waited.
        seconds: u64,
        /// How many nodes were alive.
        alive: usize,
        /// How many should have been.
        wanted: usize,
        /// The last node that was started.
        node: usize,
        /// The end of its log.
        log: String,
    },
    /// A node's guard was killed, so that nobody owns the node's processes any more.
    #[error("the guard of node {node} was killed, and these processes of the node are left: {pids:?}")]
    Orphans {
        /// Which node.
        node: usize,
        /// The processes whose command lines name the cluster's folder.
        pids: Vec<u32>,
    },
    /// A file or process operation failed.
    #[error("cannot {what}: {cause}")]
    Io {
        /// What was tried, in words.
        what: String,
        /// The system's error.
        cause: io::Error,
    },
}

impl Error {
    /// A closure for `map_err` that adds what was being done.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        move |cause| Error::Io { what: what.into(), cause }
    }

    /// What the user may do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Error::Token(error) => error.hint(),
            Error::NoPython { .. } => {
                "MOBULA_PYTHON names an interpreter; an active virtual environment is found by itself"
            }
            Error::NoRay(_) => {
                "pip install \"ray[default]\" there, or name another interpreter in MOBULA_PYTHON"
            }
            Error::OtherUp { .. } | Error::Broken { .. } => "`mobula cluster down` stops it",
            Error::NodeEnded { .. } => {
                "what was started has been stopped again; try fewer nodes, or see what the log says"
            }
            Error::Late { .. } => {
                "what was started has been stopped again; the machine may be busy: try again, or with fewer nodes"
            }
            Error::Orphans { .. } => "`kill` them, once you have looked at them with `ps`",
            Error::Io { .. } => "MOBULA_CLUSTER_DIR names another folder for the cluster's state",
        }
    }
}
