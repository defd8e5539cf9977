//! `mobula bench dqn`.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::Result;
use dqn::{Config, Width};

/// The learner: a learn step and a greedy action, beside what the processor's peak would need.
#[derive(Debug, clap::Args)]
pub struct DqnBench {
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Transitions in a learn step.
    #[arg(long, default_value_t = 64)]
    batch_size: usize,
}

impl DqnBench {
    pub fn run(&self, json: bool) -> Result<()> {
        let config = Config { batch_size: self.batch_size, ..Config::default() };
        let time = Duration::try_from_secs_f64(self.seconds)?;
        let table = dqn::bench::bench(&config, Width::best(), time)?;
        let mut out = io::stdout().lock();
        if json {
            let rows = table.rows.iter().map(|row| {
                serde_json::json!({"name": row.name, "micros": row.micros, "floor_micros": table.floor(row)})
            });
            writeln!(out, "{}", serde_json::Value::Array(rows.collect()))?;
        } else {
            write!(out, "{table}")?;
        }
        Ok(())
    }
}
