//! The project's own commands: `cargo xtask --help`.

mod parity;
mod peers;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Records fresh Gymnasium episodes of LunarLander and compares every bit.
    Parity {
        /// A Python that has gymnasium[box2d].
        #[arg(long, default_value = "python3")]
        python: PathBuf,
        /// How many episodes to record.
        #[arg(long, default_value_t = 1200)]
        episodes: usize,
        /// The first seed.
        #[arg(long, default_value_t = 1_000_000)]
        seed: u64,
    },
    /// Measures LunarLander beside Gymnasium and EnvPool.
    BenchPeers {
        /// A Python that has gymnasium[box2d] and, if it is to be measured, envpool.
        #[arg(long, default_value = "python3")]
        python: PathBuf,
        /// Seconds per measurement.
        #[arg(long, default_value_t = 3.0)]
        seconds: f64,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Parity { python, episodes, seed } => parity::run(&python, episodes, seed),
        Command::BenchPeers { python, seconds } => {
            peers::lander::run(&python, Duration::try_from_secs_f64(seconds)?)
        }
    }
}
