//! What Mobula's own tests stand on.
//!
//! A test of a distributed system needs a real one, made on the spot, and must leave nothing behind:
//!
//! - [`python`] makes virtual environments, once per machine and set of packages;
//! - [`ray`] starts Ray clusters of several nodes on one machine, kills single nodes, and ends what it started;
//! - [`cluster`] gives a test the cluster that `cargo xtask test` shares between all test targets named
//!   `cluster_*`; targets named `faults_*` start their own with [`ray::Cluster`];
//! - [`watchdog`] bounds a test in time, [`eventually`] waits for something that another process does;
//! - [`skip!`] says why a test could not run here.
//!
//! Linux only: processes are found through `/proc` and signalled through process descriptors.

mod error;
mod places;
pub mod python;
pub mod ray;
mod skip;
mod time;

pub use error::{Error, Result};
pub use mobula_nodes::{Process, eventually};
pub use places::{repository, shared_dir, target_dir};
pub use ray::{TestCluster, cluster, tasks_named};
pub use skip::{environment, report_skip};
pub use time::watchdog;
