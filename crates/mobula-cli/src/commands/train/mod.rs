//! `mobula train`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::{ArgAction, ValueEnum};
use dqn::{Config, Weights, checkpoint};
use mobula::Ray;
use mobula_trainer::{Live, Mode, Plan, Stop};

mod progress;
mod run;
mod trainer;

use run::{Outcome, Run};
use trainer::{Alone, Distributed};

use crate::ui::{Hinted, thousands};

/// How the Agents' work comes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ModeName {
    /// Every Agent learns; the weights are averaged after each round.
    Average,
    /// The Agents play; one learner learns from what all of them saw.
    Shared,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Mode {
        match name {
            ModeName::Average => Mode::Average,
            ModeName::Shared => Mode::Shared,
        }
    }
}

/// Train a network to land on the moon, with several Agents and a GlobalNet, until the test games are won.
#[derive(Debug, clap::Args)]
pub struct Train {
    /// Agents, each an actor.
    #[arg(long, default_value_t = 4, value_name = "N")]
    agents: usize,
    /// Transitions in a learn step.
    #[arg(long, default_value_t = 64, value_name = "N")]
    batch_size: usize,
    /// Episodes that each Agent trains between two synchronisations.
    #[arg(long, default_value_t = 1, value_name = "N")]
    epochs_per_sync: usize,
    /// The average reward of the test games that ends the training.
    #[arg(long, default_value_t = 100.0, value_name = "REWARD", allow_negative_numbers = true)]
    target_reward: f64,
    /// Rounds after which it ends without (with --single: 2 episodes each).
    #[arg(long, default_value_t = 1000, value_name = "N")]
    max_rounds: u64,
    /// What everything random begins with.
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    seed: u64,
    /// How the Agents' work comes together.
    #[arg(long, value_enum, default_value = "average")]
    mode: ModeName,
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
    /// One agent alone in this process, by the rules of the single-node program.
    #[arg(long)]
    single: bool,
    /// Serve a page on this machine while it trains: the reward so far, what each actor is doing, the newest weights flying.
    #[arg(long)]
    live: bool,
    /// The page's port [default: 8650, or any if that is taken].
    #[arg(long, requires = "live", value_name = "PORT")]
    live_port: Option<u16>,
}

impl Train {
    /// Whether it runs in this process whatever the address says.
    pub fn is_embedded(&self) -> bool {
        self.single
    }

    fn plan(&self) -> Plan {
        Plan {
            agents: self.agents,
            epochs_per_sync: self.epochs_per_sync,
            config: Config { batch_size: self.batch_size, ..Config::default() },
            seed: self.seed,
            target_reward: self.target_reward,
            max_rounds: self.max_rounds,
            mode: self.mode.into(),
            ..Plan::default()
        }
    }

    /// A name like CleanRL's.
    fn default_dir(&self) -> PathBuf {
        let kind = match (self.single, self.mode) {
            (true, _) => "single".to_string(),
            (_, ModeName::Average) => format!("average-{}", self.agents),
            (_, ModeName::Shared) => format!("shared-{}", self.agents),
        };
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        PathBuf::from(format!("runs/LunarLander-v3__{kind}__{}__{time}", self.seed))
    }

    pub fn run(&self, ray: &Ray, json: bool) -> Result<()> {
        let plan = self.plan();
        plan.check()?;
        let live = self.live.then(|| self.start_live()).transpose()?;
        // Before hours of work, not after them.
        if !(self.resume && self.checkpoint.exists()) {
            checkpoint::save(&Weights::initial(plan.config.hidden, plan.seed)?, &self.checkpoint)?;
        }
        let path = self.run_dir.clone().unwrap_or_else(|| self.default_dir());
        let run = Run::new(ray, plan.target_reward, &self.checkpoint, live)?;
        let outcome = if self.single {
            let resume = |state: &[u8]| Alone::resume(plan.clone(), state);
            run.train(&path, &plan, self.resume, resume, || Alone::start(plan.clone()))?
        } else {
            let num_cpus = self.num_cpus.or((!ray.is_local()).then_some(2.0));
            let resume = |state: &[u8]| Distributed::resume(ray, state, num_cpus);
            run.train(&path, &plan, self.resume, resume, || Distributed::start(ray, plan.clone(), num_cpus))?
        };
        self.report(&outcome, &path, json)?;
        if outcome.stop.is_none() {
            return Err(Hinted::error(
                "interrupted; the weights are saved",
                format!("go on with --run-dir {} --resume", path.display()),
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

    fn report(&self, outcome: &Outcome, path: &Path, json: bool) -> Result<()> {
        let Outcome { stop, unit, average, rounds, env_steps, phases, seconds } = outcome;
        let reached = *stop == Some(Stop::Reached);
        let rate = *env_steps as f64 / seconds.max(1e-9);
        eprintln!(
            "{}: average reward {} after {rounds} {unit}s, {} steps in {seconds:.1} s ({} steps/s); weights in {}, run in {}",
            if reached { "landed" } else { "not there yet" },
            average.map_or("unknown".into(), |average| format!("{average:.1}")),
            thousands(*env_steps),
            thousands(rate as u64),
            self.checkpoint.display(),
            path.display(),
        );
        if !self.single && *rounds > 0 {
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
                "reached": reached,
                "average_reward": average,
                "rounds": rounds,
                "env_steps": env_steps,
                "seconds": seconds,
                "steps_per_second": rate,
                "seed": self.seed,
                "checkpoint": self.checkpoint,
                "run_dir": path,
                "phases": phases,
            });
            writeln!(out, "{result}")?;
        } else if let Some(average) = average {
            writeln!(out, "{average:.2}")?;
        }
        Ok(())
    }
}
