//! CartPole and Acrobot: each episode is replayed one at a time, and among 64 that are stepped together.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, bail};
use classic_control::trace::{Field, Trace};

use super::{files, print};

/// Replays every file of a directory.
///
/// # Errors
///
/// A file cannot be read, or any bit differs.
pub fn compare(directory: &Path) -> anyhow::Result<()> {
    let (mut episodes, mut records, mut exact) = (0, 0, true);
    for file in files(directory)? {
        let trace = Trace::read(File::open(&file)?).with_context(|| file.display().to_string())?;
        for (engine, report) in [("one at a time", trace.verify()?), ("64 together", trace.verify_vec(64)?)] {
            print(&file, engine, report.episodes, report.records, &report.mismatches);
            for (field, first) in Field::ALL.iter().zip(&report.first) {
                if let Some(first) = first {
                    println!("  {field}: {first:?}");
                }
            }
            episodes += report.episodes;
            records += report.records;
            exact &= report.is_exact();
        }
    }
    if !exact {
        bail!("the replays differ from Gymnasium");
    }
    println!("{episodes} replays of episodes, {records} records, 0 mismatches");
    Ok(())
}
