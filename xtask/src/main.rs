//! The project's own commands: `cargo xtask --help`.
//!
//! One module for each subcommand, with its arguments and a `run` function.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod cluster;
mod parity;
mod peers;
mod python;
mod test;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Test(test::Arguments),
    Python(python::Arguments),
    Cluster(cluster::Arguments),
    Parity(parity::Arguments),
    #[command(subcommand)]
    BenchPeers(peers::Peers),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Test(arguments) => test::run(&arguments),
        Command::Python(arguments) => python::run(arguments),
        Command::Cluster(arguments) => cluster::run(&arguments),
        Command::Parity(arguments) => parity::run(&arguments),
        Command::BenchPeers(arguments) => peers::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
