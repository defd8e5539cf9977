//! Where a run's files go, found out before anything is written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use dqn::{Weights, checkpoint};
use mobula_trainer::{Mode, Plan, Rules};

/// A new folder below `runs/`, with a name like CleanRL's. Two runs that begin in one second get two.
pub fn new_dir(plan: &Plan) -> Result<PathBuf> {
    let kind = match (plan.single, plan.mode) {
        (true, _) => "single".to_string(),
        (_, Mode::Average) => format!("average-{}", plan.agents),
        (_, Mode::Shared) => format!("shared-{}", plan.agents),
    };
    let rules = if plan.rules == Rules::Textbook { "textbook-" } else { "" };
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let name = format!("{}__{rules}{kind}__{}__{time}", plan.env, plan.seed);
    let runs = Path::new("runs");
    fs::create_dir_all(runs).context("cannot make runs")?;
    for number in 1_u64.. {
        let path = runs.join(if number == 1 { name.clone() } else { format!("{name}-{number}") });
        match fs::create_dir(&path) {
            // Whoever makes the folder has it.
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("cannot make {}", path.display())),
        }
    }
    anyhow::bail!("no name is left below runs")
}

/// Finds out whether weights can be written to `path`, and leaves what is there as it is.
pub fn check_checkpoint(path: &Path) -> Result<()> {
    // The name's ending.
    checkpoint::encode(&Weights::initial([1, 1], 0)?, path)
        .with_context(|| format!("checkpoint {}", path.display()))?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tempfile::Builder::new()
        .prefix(".checkpoint-")
        .tempfile_in(folder)
        .with_context(|| format!("checkpoint {} cannot be written", path.display()))?;
    anyhow::ensure!(!path.is_dir(), "checkpoint {} is a folder", path.display());
    Ok(())
}
