//! `mobula train`.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use clap::ArgAction;
use mobula::Ray;
use mobula_trainer::parameters::to_toml;
use mobula_trainer::{Live, Plan, RunDir, Stop, verdict};

pub mod parameters;
mod place;
mod progress;
mod run;
mod trainer;

use parameters::{Chosen, Given};
use run::{Outcome, Run};
use trainer::{Alone, Distributed, Solo};

use crate::ui::{Hinted, thousands};

/// Train a network, with several Agents and a GlobalNet, until the environment is solved: to land on the moon, by default.
#[derive(Debug, clap::Args)]
pub struct Train {
    #[command(flatten)]
    chosen: Chosen,
    /// CPUs that each actor holds: by default 2 on a cluster, and none embedded, where the machine's are shared.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    num_cpus: Option<f64>,
    /// Where the weights go, for PyTorch (.pth) or as .safetensors.
    #[arg(long, default_value = "model_checkpoint.pth", value_name = "FILE")]
    checkpoint: PathBuf,
    /// The run's folder: parameters, metrics, and the state to go on from [default: a new one below runs/].
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    /// Go on where the run in --run-dir was interrupted, with its parameters.
    #[arg(long, requires = "run_dir", action = ArgAction::SetTrue)]
    resume: bool,
    /// One agent alone in this process.
    #[arg(long)]
    single: bool,
    /// Write all parameters, as they would be, to standard output, and train nothing.
    #[arg(long)]
    print_config: bool,
    /// Serve a page on this machine while it trains: the reward so far, what each actor is doing, the newest weights flying.
    #[arg(long)]
    live: bool,
    /// The page's port [default: 8650, or any if that is taken].
    #[arg(long, requires = "live", value_name = "PORT")]
    live_port: Option<u16>,
    #[command(flatten)]
    given: Given,
}

impl Train {
    /// Whether it runs in this process whatever the address says.
    pub fn is_embedded(&self) -> bool {
        // A plan that cannot be read is told of later.
        self.single || self.print_config || self.plan().is_ok_and(|plan| plan.single)
    }

    /// What a job takes along.
    pub fn files(&mut self, files: &mut mobula::Files) {
        self.chosen.files(files);
    }

    /// What is to be trained: in a run that goes on, what it began with.
    fn plan(&self) -> Result<Plan> {
        if let (true, Some(path)) = (self.resume, &self.run_dir)
            && let Some(plan) = RunDir::plan(path)?
        {
            self.chosen.agree_with(&plan)?;
            self.given.agree_with(&plan)?;
            anyhow::ensure!(
                plan.single || !self.single,
                "this run has Agents, and it cannot go on with --single"
            );
            return Ok(plan);
        }
        let mut plan = self.chosen.plan(self.single)?;
        self.given.set(&mut plan)?;
        plan.check()?;
        Ok(plan)
    }

    pub fn run(&self, ray: &Ray, json: bool) -> Result<()> {
        let plan = self.plan()?;
        if self.print_config {
            return Ok(write!(io::stdout().lock(), "{}", to_toml(&plan))?);
        }
        // Before hours of work, not after them.
        place::check_checkpoint(&self.checkpoint)?;
        let live = self.live.then(|| self.start_live()).transpose()?;
        let run = Run::new(ray, &self.checkpoint, live)?;
        let path = self.run_dir.as_deref();
        let outcome = match (plan.single, plan.rules) {
            (true, mobula_trainer::Rules::Textbook) => {
                let resume = |state: &[u8]| Alone::resume(plan.clone(), state);
                run.train(path, &plan, self.resume, resume, || Alone::start(plan.clone()))?
            }
            (true, mobula_trainer::Rules::Fast) => {
                let resume = |state: &[u8]| Solo::resume(plan.clone(), state);
                run.train(path, &plan, self.resume, resume, || Solo::start(plan.clone()))?
            }
            (false, _) => {
                let num_cpus = self.num_cpus.or((!ray.is_local()).then_some(2.0));
                let resume = |state: &[u8]| Distributed::resume(ray, state, num_cpus);
                run.train(path, &plan, self.resume, resume, || {
                    Distributed::start(ray, plan.clone(), num_cpus)
                })?
            }
        };
        self.report(&plan, &outcome, json)?;
        if outcome.stop.is_none() {
            return Err(Hinted::error(
                "interrupted; the weights are saved",
                format!("go on with --run-dir {} --resume", outcome.path.display()),
            ));
        }
        Ok(())
    }

    fn start_live(&self) -> Result<Live> {
        let live = Live::start(self.live_port).map_err(|cause| {
            Hinted::error(
                format!("{cause:#}"),
                "name another port with --live-port, or 0 for any that is free",
            )
        })?;
        eprintln!("live at {}", live.url());
        Ok(live)
    }

    fn report(&self, plan: &Plan, outcome: &Outcome, json: bool) -> Result<()> {
        let Outcome { path, stop, unit, average, score, rounds, env_steps, phases, seconds } = outcome;
        let rate = *env_steps as f64 / seconds.max(1e-9);
        let what = match score {
            Some(score) => verdict(plan, *average, score),
            None => "not there yet".into(),
        };
        eprintln!(
            "{what}; {rounds} {unit}s, {} steps in {seconds:.1} s ({} steps/s); weights in {}, run in {}",
            thousands(*env_steps),
            thousands(rate as u64),
            self.checkpoint.display(),
            path.display(),
        );
        if !plan.single && *rounds > 0 {
            let mean = |seconds: f64| 1e3 * seconds / *rounds as f64;
            eprintln!(
                "mean per round: training {:.1} ms, updating {:.1} ms, synchronising {:.1} ms, testing {:.1} ms",
                mean(phases.training),
                mean(phases.updating),
                mean(phases.synchronising),
                mean(phases.testing),
            );
        }
        let mut out = io::stdout().lock();
        if json {
            let result = serde_json::json!({
                "reached": *stop == Some(Stop::Reached),
                "solved": score.map(|score| plan.is_solved(&score)),
                "final": score,
                "average_reward": average,
                "rounds": rounds,
                "env_steps": env_steps,
                "seconds": seconds,
                "steps_per_second": rate,
                "env": plan.env,
                "rules": plan.rules,
                "agents": plan.agents,
                "batch_size": mobula_trainer::parameters::parameter("batch_size")?.get(plan).and_then(|size| size.parse::<u64>().ok()),
                "seed": plan.seed,
                "checkpoint": self.checkpoint,
                "run_dir": path,
                "phases": phases,
            });
            writeln!(out, "{result}")?;
        } else if let Some(score) = score {
            writeln!(out, "{:.2}", score.mean)?;
        }
        Ok(())
    }
}
