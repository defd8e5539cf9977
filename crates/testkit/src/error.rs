//! What can go wrong while a test's surroundings are made, each with the way out.

use std::path::PathBuf;
use std::time::Duration;

/// An environment or a cluster that could not be made, or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No interpreter new enough was found.
    #[error(
        "no Python 3.10 or newer found (tried {tried})\n\n\
         hint: install Python 3.11, or name an interpreter in MOBULA_TEST_PYTHON"
    )]
    NoPython {
        /// The programs that were asked, with what each said.
        tried: String,
    },

    /// The interpreter lacks the parts of the standard library that make an environment.
    #[error(
        "{python} cannot make virtual environments: its `venv` or `ensurepip` module is missing\n\n\
         hint: apt-get install python3-venv (Debian and Ubuntu ship the two separately)"
    )]
    NoVenv {
        /// The interpreter.
        python: String,
    },

    /// A folder is where an environment should go, but this crate did not make it and it does not fit.
    #[error(
        "{path} was not made by this project and does not hold {requirements}\n\n\
         hint: remove it, or let MOBULA_TEST_VENVS name another folder for environments"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// What it should hold.
        requirements: String,
    },

    /// A program that should have succeeded did not.
    #[error("{what} failed ({status})\n{output}")]
    Command {
        /// What was tried, in words.
        what: String,
        /// Its exit status.
        status: String,
        /// The end of what it printed.
        output: String,
    },

    /// A file or process operation failed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, in words.
        what: String,
        /// The system's error.
        source: std::io::Error,
    },

    /// A Ray node ended while its cluster was starting.
    #[error("node {node} of the cluster ended while starting ({status}); the end of its log:\n{log}")]
    NodeEnded {
        /// Which node; 0 is the head.
        node: usize,
        /// How it ended.
        status: String,
        /// The end of its log.
        log: String,
    },

    /// Nodes that should be alive were not in time.
    #[error("after {waited:?} {alive} of {wanted} nodes were alive{log}")]
    Timeout {
        /// How long was waited.
        waited: Duration,
        /// How many nodes were alive.
        alive: usize,
        /// How many should have been.
        wanted: usize,
        /// The ends of the nodes' logs, empty when there is none to show.
        log: String,
    },

    /// A node cannot be cut off.
    #[error("node {node} has no network of its own\n\nhint: `Builder::hosts`, and any node but the head")]
    NoHost {
        /// Which node.
        node: usize,
    },

    /// The dashboard did not answer, or answered something else than its documentation says.
    #[error("{url}: {message}")]
    State {
        /// What was asked.
        url: String,
        /// What came instead of an answer.
        message: String,
    },
}

/// The result of this crate's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A closure for `map_err` that adds what was being done.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::Io { what: what.into(), source }
    }
}
