//! The command line.

use std::path::PathBuf;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::commands::bench::Bench;
use crate::commands::cluster::Cluster;
use crate::commands::lander::Lander;
use crate::commands::play::Play;
use crate::commands::status::Status;
use crate::commands::sweep::SweepCommand;
use crate::commands::train::Train;
use crate::commands::wordcount::WordCount;
use crate::ui;

/// Ray for Rust: MapReduce and distributed DQN, embedded in one process or on a Ray cluster.
#[derive(Debug, Parser)]
#[command(name = "mobula", version, max_term_width = 100)]
pub struct Cli {
    /// Where to run: local (this process), auto (the cluster that was started last on this machine), HOST:PORT (a
    /// cluster's head), ray://HOST:PORT (a Ray Client server) or http://HOST:PORT (a dashboard).
    #[arg(long, global = true, env = "RAY_ADDRESS", value_name = "ADDRESS")]
    pub address: Option<String>,

    /// Print the result as JSON.
    #[arg(long, global = true)]
    pub json: bool,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Count the words of files.
    #[command(name = "wordcount")]
    WordCount(WordCount),
    /// Train a network to land on the moon.
    Train(Train),
    /// Train over a grid of parameters and report.
    Sweep(SweepCommand),
    /// Play games with a trained network.
    Play(Play),
    /// Show the cluster's nodes, what is in use there, and its actors.
    Status(Status),
    /// Start and stop a Ray cluster of several nodes on this machine, for trying things.
    #[command(subcommand)]
    Cluster(Cluster),
    /// Verify and record LunarLander's traces.
    #[command(subcommand)]
    Lander(Lander),
    /// Measure, beside a baseline in the same run.
    Bench(Bench),
}

impl Cli {
    /// What clap cannot be told of arguments that exclude one another.
    fn check(self) -> Result<Self, clap::Error> {
        match &self.command {
            Command::WordCount(command) if self.json && command.wants_stdout() => {
                let message =
                    "the words (`--output -`) and the report (`--json`) are both for standard output";
                Err(Cli::command().error(clap::error::ErrorKind::ArgumentConflict, message))
            }
            _ => Ok(self),
        }
    }
}

impl mobula::Arguments for Cli {
    fn parse() -> Result<Self, u8> {
        Cli::try_parse_from(mobula::args()).and_then(Cli::check).map_err(|message| {
            if message.use_stderr() {
                ui::misuse(&message);
            } else {
                // A closed pipe behind `--help` is not worth a word.
                let _ = message.print();
            }
            u8::try_from(message.exit_code()).unwrap_or(2)
        })
    }

    fn address(&self) -> Option<String> {
        // What needs no cluster does not wait for one.
        match self.command {
            Command::Lander(_) | Command::Play(_) | Command::Cluster(_) => Some("local".into()),
            Command::Train(ref train) if train.is_embedded() => Some("local".into()),
            Command::Bench(ref bench) if bench.is_embedded() => Some("local".into()),
            _ => self.address.clone(),
        }
    }

    fn token_file(&self, address: &str) -> Option<PathBuf> {
        mobula_nodes::LocalCluster::token_of(address)
    }

    fn files(&mut self, files: &mut mobula::Files) {
        match &mut self.command {
            Command::WordCount(command) => command.files(files),
            Command::Train(command) => command.files(files),
            Command::Sweep(command) => command.files(files),
            _ => {}
        }
    }
}
