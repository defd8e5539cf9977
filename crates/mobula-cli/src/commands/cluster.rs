//! `mobula cluster`.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use mobula_nodes::{LocalCluster, Ports, Python, Shape, State};

use crate::ui;

/// Start and stop a Ray cluster of several nodes on this machine, for trying things.
#[derive(Debug, clap::Subcommand)]
pub enum Cluster {
    /// Start the nodes, and wait until they are alive; one that is up already stays as it is.
    Up(Up),
    /// Stop what `up` has started, and nothing else.
    Down,
    /// Say whether it is up, and where.
    Status,
}

/// Start the nodes.
#[derive(Debug, clap::Args)]
pub struct Up {
    /// How many nodes, the head included.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=Ports::MOST_NODES as i64))]
    nodes: u32,

    /// How many CPUs each node says it has.
    #[arg(long, value_name = "CPUS", default_value_t = 2)]
    cpus_per_node: u32,

    /// Each node's object store in megabytes; Ray wants about 80.
    #[arg(long, value_name = "MB", default_value_t = 150)]
    object_store: u64,

    /// How long the start may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    timeout: u64,
}

impl Cluster {
    pub fn run(&self, json: bool) -> anyhow::Result<()> {
        match self {
            Cluster::Up(up) => up.run(json),
            Cluster::Down => {
                match LocalCluster::down()? {
                    Some(state) => eprintln!("stopped {} at {}", nodes(state.guards.len()), state.address),
                    None => eprintln!("no cluster is up"),
                }
                Ok(())
            }
            Cluster::Status => tell(LocalCluster::status()?.as_ref(), json),
        }
    }
}

impl Up {
    fn run(&self, json: bool) -> anyhow::Result<()> {
        let begin = Instant::now();
        let python = Python::find(&mobula::python())?;
        let shape = Shape {
            nodes: self.nodes as usize,
            cpus: self.cpus_per_node,
            object_store: self.object_store.saturating_mul(1_000_000),
            timeout: Duration::from_secs(self.timeout),
        };
        let bar = ui::progress_bar("nodes");
        bar.set_length(shape.nodes as u64);
        bar.set_message("starting");
        let up = LocalCluster::up(&python, &shape, |alive| bar.set_position(alive as u64));
        bar.finish_and_clear();
        let state = up?;
        eprintln!(
            "alive: {}, {} CPUs each, with Ray {}: {:.1} s",
            nodes(state.nodes),
            state.cpus,
            state.ray_version,
            begin.elapsed().as_secs_f64()
        );
        tell(Some(&state), json)
    }
}

fn nodes(n: usize) -> String {
    format!("{n} node{}", if n == 1 { "" } else { "s" })
}

fn tell(state: Option<&State>, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let told = match state {
        _ if json => writeln!(out, "{}", serde_json::json!({"up": state.is_some(), "cluster": state})),
        None => writeln!(out, "no cluster is up"),
        Some(state) => {
            let (up, address) = (state.running(), &state.address);
            writeln!(
                out,
                "{up} of {} up\n\n  --address {address}\n  --address {}\n  --address {}\n\n{}logs: {}",
                nodes(state.nodes),
                state.client_address,
                state.dashboard,
                state.token.as_ref().map_or(String::new(), |file| format!(
                    "token, which mobula presents by itself; for others:\n  export RAY_AUTH_MODE=token \
                     RAY_AUTH_TOKEN_PATH={}\n\n",
                    file.display()
                )),
                state.root.display()
            )
        }
    };
    told.map_err(ui::stdout_error)
}
