//! LunarLander: eight sets of options (gravities, winds, continuous actions) and five policies take turns. Each episode
//! is replayed by the environment and by the batch at every width that this processor runs.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, bail};
use lunar_lander::Width;
use lunar_lander::trace::{Field, Reader, Recording, Report, verify, verify_batch};

use super::files;

/// Replays every file of a directory.
///
/// # Errors
///
/// A file cannot be read, or any bit differs.
pub fn compare(directory: &Path) -> anyhow::Result<()> {
    let mut total = Report::default();
    for file in files(directory)? {
        let reader = Reader::new(File::open(&file)?).with_context(|| file.display().to_string())?;
        let options = reader.form().options();
        let recordings: Vec<Recording> = reader.collect::<Result<_, _>>()?;
        let scalar = verify(options, recordings.iter().cloned().map(Ok))?;
        print(&file, "one at a time", &scalar);
        total.merge(scalar);
        for width in Width::ALL.into_iter().filter(|width| width.is_supported()) {
            let report = verify_batch(options, &recordings, 64, width)?;
            print(&file, &format!("batch, {width:?}"), &report);
            total.merge(report);
        }
    }
    if !total.is_exact() {
        bail!("the replays differ from Gymnasium");
    }
    println!("{} replays of episodes, {} records, 0 mismatches", total.episodes, total.records);
    Ok(())
}

fn print(file: &Path, engine: &str, report: &Report) {
    super::print(file, engine, report.episodes, report.records, &report.mismatches);
    for (field, first) in Field::ALL.iter().zip(&report.first) {
        if let Some(first) = first {
            println!("  {field}: {first:?}");
        }
    }
}
