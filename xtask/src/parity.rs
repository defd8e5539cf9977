//! `cargo xtask parity`: records fresh Gymnasium episodes and compares every bit.
//!
//! Eight sets of options (gravities, winds, continuous actions) and five policies take turns. Each episode
//! is replayed by the environment and by the batch at every width that this processor runs.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use lunar_lander::Width;
use lunar_lander::trace::{Field, Reader, Recording, Report, verify, verify_batch};

use crate::peers;

/// Record fresh Gymnasium episodes of LunarLander and compare every bit
#[derive(clap::Args)]
pub struct Arguments {
    /// An interpreter with `gymnasium[box2d]` [default: one of an environment made for this]
    #[arg(long)]
    python: Option<PathBuf>,
    /// How many episodes to record
    #[arg(long, default_value_t = 1200)]
    episodes: usize,
    /// The first seed
    #[arg(long, default_value_t = 1_000_000)]
    seed: u64,
}

/// Records episodes from the first seed on, and replays them.
///
/// # Errors
///
/// The recorder fails, a file cannot be read, or any bit differs.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let python = peers::python(arguments.python.as_ref(), "gymnasium", peers::GYMNASIUM)?;
    let (episodes, seed) = (arguments.episodes, arguments.seed);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = root.join("../target/lander-parity");
    if out.exists() {
        std::fs::remove_dir_all(&out).with_context(|| format!("cannot clear {}", out.display()))?;
    }
    let status = Command::new(&python)
        .arg(root.join("python/lander_record.py"))
        .arg(&out)
        .args([episodes.to_string(), seed.to_string()])
        .status()
        .with_context(|| format!("cannot run {}", python.display()))?;
    if !status.success() {
        bail!("the recorder failed: {status}");
    }
    compare(&out)
}

/// Replays every file of a directory.
///
/// # Errors
///
/// A file cannot be read, or any bit differs.
pub fn compare(directory: &Path) -> anyhow::Result<()> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(directory)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    files.sort();
    let mut total = Report::default();
    for file in &files {
        let reader = Reader::new(File::open(file)?).with_context(|| file.display().to_string())?;
        let options = reader.form().options();
        let recordings: Vec<Recording> = reader.collect::<Result<_, _>>()?;
        let scalar = verify(options, recordings.iter().cloned().map(Ok))?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        print(&name, "one at a time", &scalar);
        total.merge(scalar);
        for width in Width::ALL.into_iter().filter(|width| width.is_supported()) {
            let report = verify_batch(options, &recordings, 64, width)?;
            print(&name, &format!("batch, {width:?}"), &report);
            total.merge(report);
        }
    }
    if !total.is_exact() {
        bail!("the replays differ from Gymnasium");
    }
    println!("{} replays of episodes, {} records, 0 mismatches", total.episodes, total.records);
    Ok(())
}

fn print(file: &str, engine: &str, report: &Report) {
    let mismatches: usize = report.mismatches.iter().sum();
    println!(
        "{file:<16} {engine:<18} {:>5} episodes {:>8} records {mismatches} mismatches",
        report.episodes, report.records
    );
    for (field, first) in Field::ALL.iter().zip(&report.first) {
        if let Some(first) = first {
            println!("  {field}: {first:?}");
        }
    }
}
