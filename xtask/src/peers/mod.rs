//! `cargo xtask bench-peers`: the program beside others, in one run on one machine.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use mobula_testkit::python::{Environment, RAY_VERSIONS, Spec};
use mobula_testkit::target_dir;

use crate::test::step::cargo;

mod wordcount;

/// Time WordCount beside plain Python, Polars, and the same MapReduce written for Ray in Python
#[derive(Args)]
pub struct Arguments {
    /// Directory of text files
    directory: PathBuf,
    /// How often each program runs; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// An interpreter with polars and ray [default: one of an environment made for this]
    #[arg(long)]
    python: Option<PathBuf>,
    /// The executable to time [default: a release build]
    #[arg(long)]
    mobula: Option<PathBuf>,
}

/// Makes what is missing and runs all programs.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mobula = arguments.mobula.clone().map_or_else(build, Ok)?;
    let python = match &arguments.python {
        Some(python) => python.clone(),
        None => {
            let ray = format!("ray[default]=={}", RAY_VERSIONS[0]);
            Environment::ensure(&Spec::new("peers", ["polars", &ray]))?.python().to_owned()
        }
    };
    wordcount::run(&python, &mobula, &arguments.directory, arguments.rounds as usize)
}

/// The release build of the program.
fn build() -> Result<PathBuf> {
    if !cargo(&["build", "--release", "--package", "mobula-cli", "--bin", "mobula"]).status()?.success() {
        bail!("mobula cannot be built");
    }
    Ok(target_dir().join("release/mobula"))
}
