//! `cargo xtask parity`: records fresh Gymnasium episodes and compares every bit.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use clap::ValueEnum;

use crate::peers;

mod classic;
mod lander;

/// Record fresh Gymnasium episodes and compare every bit
#[derive(clap::Args)]
pub struct Arguments {
    /// What to compare [default: everything]
    #[arg(value_enum)]
    environments: Vec<Environments>,
    /// An interpreter with `gymnasium[box2d]` [default: one of an environment made for this]
    #[arg(long)]
    python: Option<PathBuf>,
    /// How many episodes to record: of LunarLander in all, of CartPole and of Acrobot each
    #[arg(long, default_value_t = 1200)]
    episodes: usize,
    /// The first seed
    #[arg(long, default_value_t = 1_000_000)]
    seed: u64,
}

/// A crate's environments.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Environments {
    /// LunarLander-v3
    LunarLander,
    /// CartPole-v1 and Acrobot-v1
    ClassicControl,
}

/// Records episodes from the first seed on, and replays them.
///
/// # Errors
///
/// A recorder fails, a file cannot be read, or any bit differs.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let python = peers::python(arguments.python.as_ref(), "gymnasium", peers::GYMNASIUM)?;
    let all = Environments::value_variants();
    let chosen = if arguments.environments.is_empty() { all } else { &arguments.environments[..] };
    for environments in all.iter().filter(|environments| chosen.contains(environments)) {
        let (script, folder, compare): (_, _, fn(&Path) -> anyhow::Result<()>) = match environments {
            Environments::LunarLander => ("lander_record.py", "lander-parity", lander::compare),
            Environments::ClassicControl => ("classic_record.py", "classic-parity", classic::compare),
        };
        compare(&record(arguments, &python, script, folder)?)?;
    }
    Ok(())
}

/// Runs a recorder; the folder with its files.
fn record(arguments: &Arguments, python: &Path, script: &str, folder: &str) -> anyhow::Result<PathBuf> {
    let out = mobula_testkit::target_dir().join(folder);
    if out.exists() {
        std::fs::remove_dir_all(&out).with_context(|| format!("cannot clear {}", out.display()))?;
    }
    let status = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script))
        .arg(&out)
        .args([arguments.episodes.to_string(), arguments.seed.to_string()])
        .status()
        .with_context(|| format!("cannot run {}", python.display()))?;
    if !status.success() {
        bail!("the recorder failed: {status}");
    }
    Ok(out)
}

/// The files of a folder, by name.
fn files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(directory)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    files.sort();
    Ok(files)
}

/// A line of the table.
fn print(file: &Path, engine: &str, episodes: usize, records: usize, mismatches: &[usize]) {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let mismatches: usize = mismatches.iter().sum();
    println!("{name:<16} {engine:<18} {episodes:>5} episodes {records:>8} records {mismatches} mismatches");
}
