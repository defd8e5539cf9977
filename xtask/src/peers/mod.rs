//! `cargo xtask bench-peers`: the project beside others, in one run on one machine.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use mobula_testkit::python::{Environment, RAY_VERSIONS, Spec};
use mobula_testkit::target_dir;

use crate::test::step::cargo;

mod dqn;
mod lander;
mod solve;
mod wordcount;

/// Time the project beside others, in one run
#[derive(Subcommand)]
pub enum Peers {
    Wordcount(WordCount),
    Lander(Lander),
    Dqn(Dqn),
    Solve(Solve),
}

/// Time WordCount beside plain Python, Polars, and the same MapReduce written for Ray in Python
#[derive(Args)]
pub struct WordCount {
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

/// Time LunarLander beside Gymnasium and, where it is installed, EnvPool
#[derive(Args)]
pub struct Lander {
    /// An interpreter with `gymnasium[box2d]` and perhaps envpool [default: one of an environment made for this]
    #[arg(long)]
    python: Option<PathBuf>,
    /// Seconds for each measurement
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
}

/// Time the learner beside PyTorch
#[derive(Args)]
pub struct Dqn {
    /// An interpreter with torch [default: one of an environment made for this]
    #[arg(long)]
    python: Option<PathBuf>,
    /// Seconds for each measurement
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Transitions in a learn step
    #[arg(long, default_value_t = 64)]
    batch_size: usize,
}

/// Time how long it takes to solve LunarLander beside other programs that learn
///
/// Each program learns until its policy earns 200 over 100 full games, one training for each seed, one after the other: with the
/// defaults up to two and a half hours.
#[derive(Args)]
pub struct Solve {
    /// Who learns [default: all]
    #[arg(value_enum)]
    programs: Vec<solve::Program>,
    /// An interpreter with `gymnasium[box2d]`, torch and stable-baselines3 [default: one of an environment made for this]
    #[arg(long)]
    python: Option<PathBuf>,
    /// The executable to time [default: a release build]
    #[arg(long)]
    mobula: Option<PathBuf>,
    /// Seconds of training after which a program is stopped
    #[arg(long, default_value_t = 600.0)]
    limit: f64,
    /// Threads of PyTorch; more than one are slower at these sizes
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    threads: u32,
    /// How many seeds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    seeds: u32,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// Makes what is missing and runs all programs.
pub fn run(peers: &Peers) -> Result<()> {
    match peers {
        Peers::Wordcount(arguments) => {
            let mobula = arguments.mobula.clone().map_or_else(build, Ok)?;
            let ray = format!("ray[default]=={}", RAY_VERSIONS[0]);
            let python = python(arguments.python.as_ref(), "peers", &["polars", &ray])?;
            wordcount::run(&python, &mobula, &arguments.directory, arguments.rounds as usize)
        }
        Peers::Lander(arguments) => {
            let python = python(arguments.python.as_ref(), "lander-peers", GYMNASIUM_AND_ENVPOOL)?;
            lander::run(&python, &build()?, Duration::try_from_secs_f64(arguments.seconds)?)
        }
        Peers::Dqn(arguments) => {
            let python = python(arguments.python.as_ref(), "torch", &["torch", "numpy"])?;
            let time = Duration::try_from_secs_f64(arguments.seconds)?;
            dqn::run(&python, &build()?, time, arguments.batch_size)
        }
        Peers::Solve(arguments) => {
            let all = solve::Program::value_variants();
            let programs = if arguments.programs.is_empty() { all } else { &arguments.programs[..] };
            let mobula = arguments.mobula.clone().map_or_else(build, Ok)?;
            let python = python(arguments.python.as_ref(), "solve-peers", GYMNASIUM_AND_LEARNERS)?;
            let limit = Duration::try_from_secs_f64(arguments.limit)?;
            let first = u64::from(arguments.seed);
            let setup = solve::Setup { python: &python, mobula: &mobula, limit, threads: arguments.threads };
            solve::run(&setup, programs, first..first + u64::from(arguments.seeds))
        }
    }
}

/// What an environment needs for LunarLander as Gymnasium has it.
pub const GYMNASIUM: &[&str] = &["swig", "gymnasium[box2d]==1.4.0"];
const GYMNASIUM_AND_LEARNERS: &[&str] = &["swig", "gymnasium[box2d]==1.4.0", "torch", "stable-baselines3"];
const GYMNASIUM_AND_ENVPOOL: &[&str] = &["swig", "gymnasium[box2d]==1.4.0", "envpool"];

/// The interpreter that was given, or that of an environment.
pub fn python(given: Option<&PathBuf>, name: &str, requirements: &[&str]) -> Result<PathBuf> {
    match given {
        Some(python) => Ok(python.clone()),
        None => Ok(Environment::ensure(&Spec::new(name, requirements.to_vec()))?.python().to_owned()),
    }
}

/// The release build of the program.
fn build() -> Result<PathBuf> {
    if !cargo(&["build", "--release", "--package", "mobula-cli", "--bin", "mobula"]).status()?.success() {
        bail!("mobula cannot be built");
    }
    Ok(target_dir().join("release/mobula"))
}

/// What a program prints, when it ends well.
fn output(command: &mut Command) -> Result<Vec<u8>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        bail!("{name} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}
