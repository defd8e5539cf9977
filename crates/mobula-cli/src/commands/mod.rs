//! The commands: one module each, with its arguments and what it does.

pub mod bench;
pub mod cluster;
pub mod lander;
pub mod play;
pub mod status;
pub mod sweep;
pub mod train;
pub mod wordcount;

use mobula::Ray;

use crate::cli::{Cli, Command};

/// Runs the command.
pub fn run(ray: &Ray, cli: &Cli) -> anyhow::Result<()> {
    if !ray.is_local() {
        eprintln!("{}", ray.describe()?);
    }
    match &cli.command {
        Command::WordCount(command) => command.run(ray, cli.json),
        Command::Status(command) => command.run(ray, cli.json),
        Command::Cluster(command) => command.run(cli.json),
        Command::Lander(command) => command.run(cli.json),
        Command::Train(command) => command.run(ray, cli.json),
        Command::Sweep(command) => command.run(ray, cli.json),
        Command::Play(command) => command.run(cli.json),
        Command::Bench(command) => command.run(ray, cli.json),
    }
}
