//! Five Ray nodes on this machine, until Enter or Ctrl-C: `cargo run -p mobula-testkit --example five_nodes [VERSION]`.

use std::time::Instant;

use mobula_testkit::python::{Environment, RAY_VERSIONS, Spec};
use mobula_testkit::ray::Cluster;

fn main() -> anyhow::Result<()> {
    let version = std::env::args().nth(1).unwrap_or_else(|| RAY_VERSIONS[0].to_owned());
    let python = Environment::ensure(&Spec::ray(&version))?;
    let begin = Instant::now();
    let cluster = Cluster::builder().python(&python).start()?;
    println!("started in {:.1} s", begin.elapsed().as_secs_f64());
    cluster.hold()?;
    Ok(())
}
