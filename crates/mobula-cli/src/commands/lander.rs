//! `mobula lander`.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Result, bail};
use lunar_lander::cli::{self, PolicyName, TraceError};
use mobula_outputs::Output;

use crate::ui::Hinted;

/// LunarLander's traces: recorded episodes that can be compared bit for bit.
#[derive(Debug, clap::Subcommand)]
pub enum Lander {
    /// Replay a trace and compare every observation, reward, end and state; fail on the first that differs.
    Verify {
        /// A file in the trace format.
        #[arg(value_name = "TRACE")]
        trace: PathBuf,
    },
    /// Record episodes, one for each seed.
    Trace {
        /// The seeds, the last one excluded.
        #[arg(long, value_name = "A..B", value_parser = seeds)]
        seeds: std::ops::Range<u32>,
        /// Who acts: random, noop or skilful.
        #[arg(long, default_value = "random")]
        policy: PolicyName,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

fn seeds(text: &str) -> Result<std::ops::Range<u32>, String> {
    let expected = || format!("{text:?} is no range of seeds such as 0..100");
    let (from, to) = text.split_once("..").ok_or_else(expected)?;
    let range = from.parse().map_err(|_| expected())?..to.parse().map_err(|_| expected())?;
    if range.is_empty() { Err(expected()) } else { Ok(range) }
}

impl Lander {
    pub fn run(&self, json: bool) -> Result<()> {
        match self {
            Lander::Verify { trace } => {
                let report = cli::verify_report(trace).map_err(explain)?;
                let mismatches: usize = report.mismatches.iter().sum();
                let mut out = io::stdout().lock();
                if json {
                    let steps = report.records.saturating_sub(report.episodes);
                    let summary = serde_json::json!({
                        "episodes": report.episodes, "steps": steps, "mismatches": mismatches,
                    });
                    writeln!(out, "{summary}")?;
                } else {
                    write!(out, "{report}")?;
                }
                if mismatches > 0 {
                    bail!("{} differs from this environment in {mismatches} places", trace.display());
                }
                Ok(())
            }
            Lander::Trace { seeds, policy, out } => {
                let unwritable = |source| TraceError::Io { path: out.display().to_string(), source };
                let mut output = Output::create(out).map_err(unwritable).map_err(explain)?;
                let steps = cli::write_trace(seeds.clone(), *policy, out, &mut output).map_err(explain)?;
                output.finish().map_err(unwritable).map_err(explain)?;
                eprintln!("{} episodes, {steps} steps in {}", seeds.len(), out.display());
                Ok(())
            }
        }
    }
}

fn explain(error: TraceError) -> anyhow::Error {
    let hint = match &error {
        TraceError::Io { .. } => "is the path right, and may you read or write there?",
        _ => "is this file a trace, and whole? `mobula lander trace` writes one",
    };
    Hinted::error(error, hint)
}
