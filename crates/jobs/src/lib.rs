//! Ray's Jobs REST API from plain Rust: a program is submitted to a cluster by a machine that has no Python.
//!
//! A [`Job`] is a program (the files of a Python package that starts it), its arguments, the files that it reads and the
//! files that it writes. [`run`] does what `ray job submit` does, and brings the results back:
//!
//! 1. the version of the cluster's Ray (`GET /api/version`), so that a wrong address, token or certificate is a sentence;
//! 2. the packages: the program, its arguments, the inputs, each under a name made of its content (`PUT
//!    /api/packages/gcs/…`), unless the cluster has them already;
//! 3. the submission (`POST /api/jobs/`);
//! 4. while the job runs, what it prints: the job's log on standard error, the program's standard output on standard
//!    output, both as they come; Ctrl-C stops the job (`POST /api/jobs/…/stop`);
//! 5. the files that it wrote, each checked by length and SHA-256, and its exit code.
//!
//! Ray's Jobs API has no way back for files. What it has is the log API, which serves any file below the session's `logs`
//! folder byte for byte; so the driver (`job.py` of the host) writes its standard output, its outputs and a list of them
//! into `logs/mobula-JOB`. They stay there until Ray removes its session, as other logs do.
//!
//! [`Client`] is the same API a call at a time.

/// As std's, which panics where nobody reads standard error any more.
macro_rules! eprintln {
    ($($text:tt)*) => { mobula_outputs::tell(format_args!($($text)*)) };
}

mod auth;
mod carried;
mod client;
mod entry;
mod error;
#[doc(hidden)]
pub mod fuzz;
mod http;
mod interrupt;
mod package;
mod proxy;
mod results;
mod run;
mod runtime_env;
mod tail;
#[cfg(test)]
mod tests;

pub use auth::token;
pub use client::{Actor, Client, Details, Node, Status};
pub use error::{Error, Result};
pub use package::PACKAGE_LIMIT;
pub use run::{File, Job, run};
