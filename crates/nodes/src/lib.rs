//! Ray clusters of several nodes on one machine.
//!
//! Ray means one node to a machine: ports, sockets and folders of several have to be kept apart by hand, and `ray stop` ends
//! every Ray process of the machine, whoever started it. Here each node gets [`Ports`], a folder and a [`Launch`] of its
//! own, and runs under a guard ([`GUARD`]), a small process that owns all the node's processes and ends them, and no
//! others, when it is told to.
//!
//! [`LocalCluster`] is what `mobula cluster up` starts: it outlives the process that started it, and is found again through
//! a state file. The tests' clusters (`mobula-testkit`), which end with their test, are made of the same parts.

mod error;
mod launch;
mod local;
mod ports;
mod process;
mod python;
mod state;
mod wait;

pub use error::{Error, Result};
pub use launch::{Apart, Launch};
pub use local::{LocalCluster, Shape};
pub use ports::Ports;
pub use process::Process;
pub use python::Python;
pub use state::State;
pub use wait::eventually;

/// The guard's program, in Python.
pub const GUARD: &str = include_str!("guard.py");
