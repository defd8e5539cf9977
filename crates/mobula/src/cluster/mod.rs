//! The cluster engine: this program inside stock Ray.
//!
//! A Python process of Ray (the driver or a worker) loads the program's `cdylib` and reads its C table, [`table::Program`]; from
//! then on the library and Python call each other by CPython's own interface ([`python`]). Both sides of the protocol, who owns
//! which memory, and what happens on a panic are described in the README beside this file. [`attach`] is how a program gets
//! there: it replaces itself by the host.

mod attach;
mod describe;
mod engine;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod host;
mod job;
mod package;
mod program;
mod python;
mod remote_ref;
mod table;
mod values;

pub use attach::{attach, python};
pub use job::{hint as job_hint, submit};
pub use program::table as program_table;
pub use remote_ref::RemoteRef;
pub use table::Program as ProgramTable;
