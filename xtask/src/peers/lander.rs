//! LunarLander beside Gymnasium and EnvPool: steps per second of one core.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use lunar_lander::cli::bench;

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
/// `python` cannot be run, or says what cannot be read.
pub fn run(python: &Path, time: Duration) -> anyhow::Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/lander_peers.py");
    let output = Command::new(python)
        .arg(script)
        .arg(time.as_secs_f64().to_string())
        .output()
        .with_context(|| format!("cannot run {}", python.display()))?;
    if !output.status.success() {
        bail!("the measurement failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut rows = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| parse(line).with_context(|| format!("cannot read {line:?}")))
        .collect::<anyhow::Result<Vec<_>>>()?;
    for row in bench::run(time)?.rows {
        let name = row.width.map_or("lunar-lander".into(), |width| format!("lunar-lander {width:?}"));
        let bench::Row { actions, count, steps_per_second, .. } = row;
        rows.push(Row { name, actions: actions.into(), count, steps_per_second });
    }
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

fn parse(line: &str) -> Option<Row> {
    let mut words = line.split_whitespace();
    Some(Row {
        name: words.next()?.into(),
        actions: words.next()?.into(),
        count: words.next()?.parse().ok()?,
        steps_per_second: words.next()?.parse().ok()?,
    })
}
