//! LunarLander beside Gymnasium and EnvPool: steps per second of one core.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use super::output;

/// One measurement of anyone's.
struct Row {
    name: String,
    actions: String,
    count: usize,
    steps_per_second: f64,
}

/// Measures Gymnasium and, if `python` has it, EnvPool, and then this project, for `time` per row.
///
/// # Errors
///
/// `python` or `mobula`, the release build, cannot be run, or says what cannot be read.
pub fn run(python: &Path, mobula: &Path, time: Duration) -> anyhow::Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/lander_peers.py");
    let theirs = output(Command::new(python).arg(script).arg(time.as_secs_f64().to_string()))?;
    let mut rows = String::from_utf8_lossy(&theirs)
        .lines()
        .map(|line| parse(line).with_context(|| format!("cannot read {line:?}")))
        .collect::<anyhow::Result<Vec<_>>>()?;
    rows.extend(ours(mobula, time)?);
    println!("{:<20} {:<8} {:>12} {:>12} {:>12}", "", "actions", "environments", "steps/s", "x Gymnasium");
    for actions in ["random", "skilful"] {
        let base = rows.iter().find(|row| row.name == "gymnasium" && row.actions == actions);
        for row in rows.iter().filter(|row| row.actions == actions) {
            let times = base.map_or(f64::NAN, |base| row.steps_per_second / base.steps_per_second);
            let Row { name, count, steps_per_second, .. } = row;
            println!("{name:<20} {actions:<8} {count:>12} {steps_per_second:>12.0} {times:>12.1}");
        }
    }
    Ok(())
}

/// What the release build says of itself.
fn ours(mobula: &Path, time: Duration) -> anyhow::Result<Vec<Row>> {
    let seconds = time.as_secs_f64().to_string();
    let ours = output(Command::new(mobula).args(["bench", "lander", "--json", "--seconds", &seconds]))?;
    let rows: Vec<Ours> = serde_json::from_slice(&ours).context("what `mobula bench lander` printed")?;
    let row = |row: Ours| Row {
        name: row.width.map_or("lunar-lander".into(), |width| format!("lunar-lander {width}")),
        actions: row.actions,
        count: row.environments,
        steps_per_second: row.steps_per_second,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// A line of `mobula bench lander --json`.
#[derive(Deserialize)]
struct Ours {
    actions: String,
    environments: usize,
    width: Option<String>,
    steps_per_second: f64,
}

fn parse(line: &str) -> Option<Row> {
    let mut words = line.split_whitespace();
    Some(Row {
        name: words.next()?.into(),
        actions: words.next()?.into(),
        count: words.next()?.parse().ok()?,
        steps_per_second: words.next()?.parse().ok()?,
    })
}
