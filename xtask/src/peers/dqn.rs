//! The learner beside PyTorch: microseconds of one thread.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::output;

/// One thing measured, by `mobula bench dqn`.
#[derive(Deserialize)]
struct Row {
    name: String,
    micros: f64,
    floor_micros: f64,
}

/// Measures this project, PyTorch, and this project again, for `time` per row: a machine whose speed changes shows it.
///
/// # Errors
///
/// `python` or `mobula`, the release build, cannot be run, or says what cannot be read.
pub fn run(python: &Path, mobula: &Path, time: Duration, batch: usize) -> Result<()> {
    let before = ours(mobula, time, batch)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/dqn_peer.py");
    let mut torch = Command::new(python);
    torch.arg(script).arg(time.as_secs_f64().to_string()).arg(batch.to_string());
    let torch = output(&mut torch)?;
    let after = ours(mobula, time, batch)?;
    println!(
        "{:<16} {:>9} {:>9} {:>9} {:>10} {:>8}",
        "", "floor µs", "µs", "again µs", "PyTorch µs", "ratio"
    );
    for line in String::from_utf8(torch)?.lines() {
        let (micros, name) = line.split_once(' ').with_context(|| format!("PyTorch's side said {line:?}"))?;
        let micros: f64 = micros.parse().with_context(|| format!("PyTorch's side said {line:?}"))?;
        let find = |rows: &[Row]| rows.iter().position(|row| row.name == name);
        let (Some(first), Some(second)) = (find(&before), find(&after)) else {
            bail!("`mobula bench dqn` does not measure a {name}");
        };
        let (first, second) = (&before[first], &after[second]);
        let ratio = micros / ((first.micros + second.micros) / 2.0);
        println!(
            "{name:<16} {:>9.2} {:>9.2} {:>9.2} {micros:>10.2} {ratio:>7.1}x",
            first.floor_micros, first.micros, second.micros
        );
    }
    Ok(())
}

fn ours(mobula: &Path, time: Duration, batch: usize) -> Result<Vec<Row>> {
    let mut bench = Command::new(mobula);
    bench.args(["bench", "dqn", "--json", "--seconds", &time.as_secs_f64().to_string()]);
    bench.args(["--batch-size", &batch.to_string()]);
    serde_json::from_slice(&output(&mut bench)?).context("what `mobula bench dqn` printed")
}
