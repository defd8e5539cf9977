//! `mobula bench lander`.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::Result;

/// LunarLander: steps per second of one core, one environment at a time and a batch in lockstep.
///
/// `cargo xtask bench-peers lander` puts Gymnasium and EnvPool beside it.
#[derive(Debug, clap::Args)]
pub struct LanderBench {
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

impl LanderBench {
    pub fn run(&self, json: bool) -> Result<()> {
        let table = lunar_lander::cli::bench::run(Duration::try_from_secs_f64(self.seconds)?)?;
        let mut out = io::stdout().lock();
        if json {
            let rows = table.rows.iter().map(|row| {
                serde_json::json!({
                    "actions": row.actions,
                    "environments": row.count,
                    "width": row.width.map(|width| format!("{width:?}")),
                    "steps_per_second": row.steps_per_second,
                })
            });
            writeln!(out, "{}", serde_json::Value::Array(rows.collect()))?;
        } else {
            write!(out, "{table}")?;
        }
        Ok(())
    }
}
