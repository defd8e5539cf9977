//! `cargo xtask cluster`: Ray on this machine, for trying things by hand.

use std::time::Instant;

use anyhow::Result;
use clap::Args;
use mobula_testkit::python::{Environment, RAY_VERSIONS, Spec};
use mobula_testkit::ray::Cluster;

/// Start a Ray cluster of several nodes on this machine, until Enter or Ctrl-C
#[derive(Args)]
pub struct Arguments {
    /// How many nodes, the head included
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=28))]
    nodes: u8,
    /// The version of Ray
    #[arg(long, value_name = "VERSION", default_value = RAY_VERSIONS[0])]
    ray: String,
    /// CPUs of each node, as Ray counts them
    #[arg(long, value_name = "N", default_value_t = 2)]
    cpus_per_node: u32,
    /// Each node's object store in megabytes
    #[arg(long, value_name = "MB", default_value_t = 150)]
    object_store_mb: u64,
}

/// Starts it, says where it is, waits.
pub fn run(arguments: &Arguments) -> Result<()> {
    let python = Environment::ensure(&Spec::ray(&arguments.ray))?;
    eprintln!("starting {} nodes", arguments.nodes);
    let begin = Instant::now();
    let cluster = Cluster::builder()
        .python(&python)
        .nodes(arguments.nodes.into())
        .cpus_per_node(arguments.cpus_per_node)
        .object_store_mb(arguments.object_store_mb)
        .start()?;
    eprintln!("started in {:.1} s", begin.elapsed().as_secs_f64());
    Ok(cluster.hold()?)
}
