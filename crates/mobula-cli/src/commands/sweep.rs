//! `mobula sweep`.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use mobula::Ray;
use mobula_trainer::{Grid, Stop, Sweep, verdict};

use super::train::parameters::{Chosen, Given};
use crate::ui::progress_bar;

/// Train over a grid of parameters, several seeds each, and report what they make of it.
#[derive(Debug, clap::Args)]
pub struct SweepCommand {
    #[command(flatten)]
    chosen: Chosen,
    /// CPUs that each actor holds [default: none, each run one].
    #[arg(long, value_delimiter = ',', value_name = "N,…")]
    num_cpus: Vec<f64>,
    /// Seeds for each setting.
    #[arg(long, default_value_t = 3, value_name = "N")]
    seeds: u64,
    /// The folder for runs.jsonl and report.html; what has ended there is not run again.
    #[arg(long, default_value = "runs/sweep", value_name = "DIR")]
    out: PathBuf,
    /// Any of them is an axis of the grid: several values, with commas between them. By default the Agents are 1, 2 and 4.
    #[command(flatten)]
    given: Given,
}

impl SweepCommand {
    /// What a job takes along.
    pub fn files(&mut self, files: &mut mobula::Files) {
        self.chosen.files(files);
    }

    pub fn run(&self, ray: &Ray, json: bool) -> Result<()> {
        let base = self.chosen.plan(false)?;
        anyhow::ensure!(!base.single, "a sweep is over Agents: single means nothing here");
        let mut axes = self.given.axes();
        if !self.given.has("agents") {
            axes.insert(0, ("agents".into(), ["1", "2", "4"].map(String::from).into()));
        }
        let num_cpus = if self.num_cpus.is_empty() {
            vec![None]
        } else {
            self.num_cpus.iter().copied().map(Some).collect()
        };
        let grid = Grid { base, axes, num_cpus, seeds: self.seeds };
        let mut sweep = Sweep::open(&self.out, &grid)?;
        let (before, left) = (sweep.done().len(), sweep.left());
        if before > 0 {
            eprintln!("{before} runs have ended in {} already, {left} are left", self.out.display());
        }
        let bar = progress_bar("runs");
        bar.set_message("sweep");
        bar.set_length(left as u64);
        let mut failed = 0;
        sweep.run(ray, |run| {
            bar.inc(1);
            match run {
                Ok(run) => bar.suspend(|| {
                    let plan = &run.plan;
                    let average = run.curve.last().map(|point| point.average);
                    eprintln!(
                        "agents {}, seed {}: {}; {} rounds, {:.1} s",
                        plan.agents,
                        plan.seed,
                        verdict(plan, average, &run.score),
                        run.rounds,
                        run.seconds
                    );
                }),
                Err(error) => {
                    failed += 1;
                    bar.suspend(|| eprintln!("a run failed: {error}"));
                }
            }
        })?;
        bar.finish_and_clear();
        let report = self.out.join("report.html");
        eprintln!("{} runs; the report is in {}", sweep.done().len(), report.display());
        if json {
            let reached = sweep.done().iter().filter(|run| run.stop == Stop::Reached).count();
            let solved = sweep.done().iter().filter(|run| run.plan.is_solved(&run.score)).count();
            let result = serde_json::json!({"runs": sweep.done().len(), "reached": reached, "solved": solved, "failed": failed, "report": report});
            writeln!(io::stdout().lock(), "{result}")?;
        }
        anyhow::ensure!(failed == 0, "{failed} runs failed");
        Ok(())
    }
}
