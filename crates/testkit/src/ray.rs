//! Real Ray clusters of several nodes on one machine.
//!
//! [`Cluster`] starts `ray start --block` once for each node, with ports, sockets and folders of its own, so that
//! several clusters can live at the same time. Each node runs under a small guard process (`mobula_nodes::GUARD`) which ends
//! every process of the node when the [`Cluster`] is dropped, and also when the test is killed before it can drop
//! anything. No process is ever looked up by name.
//!
//! Most tests do not care which cluster they run on: they take the one that `cargo xtask test` has started
//! ([`cluster`]), which saves half a minute for each.

mod builder;
mod cluster;
mod hold;
mod hosts;
mod node;
mod shared;
mod state;

pub use builder::Builder;
pub use cluster::Cluster;
pub use hosts::hosts_can_be_made;
pub use shared::{TestCluster, cluster};
pub use state::{NodeState, TaskState, list_nodes, tasks_named};
