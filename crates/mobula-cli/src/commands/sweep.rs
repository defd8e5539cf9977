//! `mobula sweep`.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use dqn::Config;
use mobula::Ray;
use mobula_trainer::{Grid, Plan, Stop, Sweep};

use super::train::ModeName;
use crate::ui::progress_bar;

/// Train over a grid of parameters, several seeds each, and report what they make of it.
#[derive(Debug, clap::Args)]
pub struct SweepCommand {
    /// Agents.
    #[arg(long, value_delimiter = ',', default_value = "1,2,4", value_name = "N,…")]
    agents: Vec<usize>,
    /// Transitions in a learn step.
    #[arg(long, value_delimiter = ',', default_value = "64", value_name = "N,…")]
    batch_size: Vec<usize>,
    /// Episodes that each Agent trains between two synchronisations.
    #[arg(long, value_delimiter = ',', default_value = "1", value_name = "N,…")]
    epochs_per_sync: Vec<usize>,
    /// CPUs that each actor holds [default: none, each run one].
    #[arg(long, value_delimiter = ',', value_name = "N,…")]
    num_cpus: Vec<f64>,
    /// Seeds for each setting.
    #[arg(long, default_value_t = 3, value_name = "N")]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    seed: u64,
    /// The average reward that ends a run.
    #[arg(long, default_value_t = 100.0, value_name = "REWARD", allow_negative_numbers = true)]
    target_reward: f64,
    /// Rounds after which a run ends without.
    #[arg(long, default_value_t = 1000, value_name = "N")]
    max_rounds: u64,
    /// How the Agents' work comes together.
    #[arg(long, value_enum, default_value = "average")]
    mode: ModeName,
    /// The folder for runs.jsonl and report.html; what has ended there is not run again.
    #[arg(long, default_value = "runs/sweep", value_name = "DIR")]
    out: PathBuf,
}

impl SweepCommand {
    pub fn run(&self, ray: &Ray, json: bool) -> Result<()> {
        let base = Plan {
            config: Config::default(),
            seed: self.seed,
            target_reward: self.target_reward,
            max_rounds: self.max_rounds,
            mode: self.mode.into(),
            ..Plan::default()
        };
        let num_cpus = if self.num_cpus.is_empty() {
            vec![None]
        } else {
            self.num_cpus.iter().copied().map(Some).collect()
        };
        let grid = Grid {
            base,
            agents: self.agents.clone(),
            batch_sizes: self.batch_size.clone(),
            epochs: self.epochs_per_sync.clone(),
            num_cpus,
            seeds: self.seeds,
        };
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
                    let end = if run.stop == Stop::Reached { "landed" } else { "not there" };
                    eprintln!(
                        "agents {}, batch {}, epochs {}, seed {}: {end} after {} rounds, {:.1} s",
                        plan.agents,
                        plan.config.batch_size,
                        plan.epochs_per_sync,
                        plan.seed,
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
            let result = serde_json::json!({"runs": sweep.done().len(), "reached": reached, "failed": failed, "report": report});
            writeln!(io::stdout().lock(), "{result}")?;
        }
        anyhow::ensure!(failed == 0, "{failed} runs failed");
        Ok(())
    }
}
