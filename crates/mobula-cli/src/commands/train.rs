//! `mobula train`.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use clap::{ArgAction, ValueEnum};
use dqn::{Config, Single, SingleRules, Weights, checkpoint};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mobula::Ray;
use mobula_trainer::{
    Activity, Ended, Live, Metrics, Mode, Phases, Plan, Round, RunDir, State, Stop, Test, Training,
};

use crate::ui::{Hinted, thousands};

/// How often the state of a run is saved: what a kill costs at most. `MOBULA_SAVE_EVERY` says otherwise, in seconds.
fn save_every() -> Duration {
    let asked = std::env::var("MOBULA_SAVE_EVERY").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(asked.unwrap_or(10))
}

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

/// What came of a run.
struct Outcome {
    stop: Option<Stop>,
    average: Option<f64>,
    rounds: u64,
    env_steps: u64,
    phases: Phases,
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
        let first = Weights::initial(plan.config.hidden, plan.seed)?;
        if !(self.resume && self.checkpoint.exists()) {
            self.save(&first)?;
        }
        let path = self.run_dir.clone().unwrap_or_else(|| self.default_dir());
        let mut run = Run {
            clock: Instant::now(),
            before: 0.0,
            stopped: stop_flag(ray)?,
            progress: Progress::new(plan.target_reward),
            phases: Phases::default(),
            checkpoint: self,
            live,
        };
        let outcome = if self.single {
            run.single(&plan, &path, self.resume)?
        } else {
            let num_cpus = self.num_cpus.or((!ray.is_local()).then_some(2.0));
            run.distributed(ray, plan, &path, self.resume, num_cpus)?
        };
        let seconds = run.before + run.clock.elapsed().as_secs_f64();
        run.progress.bar.finish_and_clear();
        if let Some(live) = run.live.take() {
            let how = match outcome.stop {
                Some(Stop::Reached) => "Landed",
                Some(Stop::Exhausted) => "Not there yet, and out of time",
                None => "Interrupted",
            };
            live.end(&format!("{how}. The report is in {}.", path.join("report.html").display()));
        }
        self.report(&outcome, seconds, &path, json)?;
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

    fn save(&self, weights: &Weights) -> Result<()> {
        Ok(checkpoint::save(weights, &self.checkpoint)?)
    }

    fn report(&self, outcome: &Outcome, seconds: f64, path: &Path, json: bool) -> Result<()> {
        let Outcome { stop, average, rounds, env_steps, phases } = outcome;
        let reached = *stop == Some(Stop::Reached);
        let rate = *env_steps as f64 / seconds.max(1e-9);
        let unit = if self.single { "episodes" } else { "rounds" };
        eprintln!(
            "{}: average reward {} after {rounds} {unit}, {} steps in {seconds:.1} s ({} steps/s); weights in {}, run in {}",
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

/// A run under way.
struct Run<'a> {
    clock: Instant,
    /// Seconds that it had run before it was resumed.
    before: f64,
    stopped: Arc<AtomicBool>,
    progress: Progress,
    phases: Phases,
    checkpoint: &'a Train,
    live: Option<Live>,
}

impl Run<'_> {
    fn seconds(&self) -> f64 {
        self.before + self.clock.elapsed().as_secs_f64()
    }

    /// Shows a round to those who watch.
    fn tell(&mut self, round: &Round, metrics: &Metrics) {
        self.progress.round(round, metrics);
        if let Some(live) = &self.live {
            live.round(round, metrics);
        }
    }

    fn distributed(
        &mut self,
        ray: &Ray,
        plan: Plan,
        path: &Path,
        resume: bool,
        num_cpus: Option<f64>,
    ) -> Result<Outcome> {
        let mut before = Vec::new();
        let (mut dir, mut training) = match if resume { RunDir::reopen(path)? } else { None } {
            Some((saved, bytes)) => {
                let state = State::from_bytes(&bytes).with_context(|| path.display().to_string())?;
                let (dir, lines) = saved.go_on_after(state.round)?;
                lines.iter().for_each(|line| self.phases.add(&line.phases));
                self.before = lines.last().map_or(0.0, |line| line.seconds);
                before = lines;
                eprintln!("going on after round {} of {}", state.round, path.display());
                (dir, Training::resume(ray, state, num_cpus)?)
            }
            None => (RunDir::create(path, &plan)?, Training::start(ray, plan, num_cpus)?),
        };
        if let Some(live) = &self.live {
            let middle = match training.plan().mode {
                Mode::Average => "GlobalNet",
                Mode::Shared => "Learner",
            };
            live.begin(training.plan(), "round", middle, &before, training.activity().clone());
        }
        let (mut saved, save_every) = (Instant::now(), save_every());
        let ended = loop {
            if let Some(stop) = training.finished() {
                break Ok(Some(stop));
            }
            if self.stopped.load(Ordering::Relaxed) {
                break Ok(None);
            }
            let round = match training.round(ray) {
                Ok(round) => round,
                Err(error) if is_interrupt(&error) => break Ok(None),
                Err(error) => break Err(error),
            };
            self.phases.add(&round.phases);
            let metrics = Metrics::of(&round, training.env_steps(), self.seconds());
            dir.log(&metrics)?;
            self.tell(&round, &metrics);
            if round.test.is_some() {
                self.checkpoint.save(&round.weights)?;
            }
            if saved.elapsed() > save_every {
                dir.save(&training.save(ray)?.to_bytes()?)?;
                saved = Instant::now();
            }
        };
        // However it ends, the weights are there, and if it can be the state.
        self.checkpoint.save(training.weights())?;
        if let Ok(bytes) = training.save(ray).and_then(|state| state.to_bytes()) {
            dir.save(&bytes)?;
        }
        let report = dir.report(training.plan(), training.weights(), reason(&ended), "round", &program());
        // What ended the training comes first.
        let stop = ended?;
        report?;
        Ok(Outcome {
            stop,
            average: training.last_average(),
            rounds: training.rounds(),
            env_steps: training.env_steps(),
            phases: self.phases,
        })
    }

    fn single(&mut self, plan: &Plan, path: &Path, resume: bool) -> Result<Outcome> {
        let rules = SingleRules {
            max_episodes: plan.max_rounds.saturating_mul(2),
            target: plan.target_reward,
            ..SingleRules::default()
        };
        let mut before = Vec::new();
        let (mut dir, mut training) = match if resume { RunDir::reopen(path)? } else { None } {
            Some((saved, bytes)) => {
                let training = Single::from_bytes(&bytes).with_context(|| path.display().to_string())?;
                let (dir, lines) = saved.go_on_after(training.agent().episodes())?;
                self.before = lines.last().map_or(0.0, |line| line.seconds);
                before = lines;
                eprintln!("going on after episode {} of {}", training.agent().episodes(), path.display());
                (dir, training)
            }
            None => (RunDir::create(path, plan)?, Single::new(plan.config.clone(), rules, plan.seed)?),
        };
        let alone = Plan { agents: 1, ..plan.clone() };
        let activity = Activity::alone();
        if let Some(live) = &self.live {
            live.begin(&alone, "episode", "", &before, activity);
        }
        let (mut saved, save_every) = (Instant::now(), save_every());
        let ended = loop {
            if let Some(stop) = training.finished() {
                break Ok(Some(if stop == dqn::Stop::Reached { Stop::Reached } else { Stop::Exhausted }));
            }
            if self.stopped.load(Ordering::Relaxed) {
                break Ok(None);
            }
            let round = match training.round() {
                Ok(round) => round,
                Err(error) => break Err(error.into()),
            };
            let number = round.episode.episode;
            let test =
                round.test.map(|test| Test { round: number, average: test.average, games: test.games });
            let round = Round {
                number,
                episodes: vec![vec![round.episode]],
                test,
                weights: training.agent().weights(),
                phases: Phases::default(),
                incidents: Vec::new(),
            };
            let metrics = Metrics::of(&round, training.agent().steps(), self.seconds());
            dir.log(&metrics)?;
            self.tell(&round, &metrics);
            if saved.elapsed() > save_every {
                self.checkpoint.save(&round.weights)?;
                dir.save(&training.to_bytes()?)?;
                saved = Instant::now();
            }
        };
        self.checkpoint.save(&training.agent().weights())?;
        dir.save(&training.to_bytes()?)?;
        let report = dir.report(&alone, &training.agent().weights(), reason(&ended), "episode", &program());
        let stop = ended?;
        report?;
        Ok(Outcome {
            stop,
            average: training.last_average(),
            rounds: training.agent().episodes(),
            env_steps: training.agent().steps(),
            phases: self.phases,
        })
    }
}

/// Why it is over, for the report.
fn reason(ended: &Result<Option<Stop>>) -> Ended {
    match ended {
        Ok(Some(stop)) => Ended::Stop(*stop),
        Ok(None) => Ended::Interrupted,
        Err(error) => Ended::Failed(format!("{error:#}")),
    }
}

/// What trained: the version, and the commit that it was built from where that is known.
fn program() -> String {
    let revision = env!("MOBULA_REVISION");
    let known = if revision.is_empty() { String::new() } else { format!(" ({revision})") };
    format!("mobula {}{known}", env!("CARGO_PKG_VERSION"))
}

fn is_interrupt(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref(), Some(mobula::Error::Cancelled(_))))
}

/// Set by Ctrl-C, where this process is its own: on a cluster the host takes it, and calls of the engine are interrupted.
fn stop_flag(ray: &Ray) -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    if ray.is_local() {
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // The second time it ends at once.
            signal_hook::flag::register_conditional_shutdown(signal, 1, flag.clone())?;
            signal_hook::flag::register(signal, flag.clone())?;
        }
    }
    Ok(flag)
}

/// What people see while it runs.
struct Progress {
    bar: ProgressBar,
    last: Option<f64>,
    target: f64,
    terminal: bool,
}

impl Progress {
    fn new(target: f64) -> Progress {
        let terminal = io::stderr().is_terminal();
        let drawn = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, drawn);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
            bar.set_style(style);
        }
        Progress { bar, last: None, target, terminal }
    }

    fn round(&mut self, round: &Round, metrics: &Metrics) {
        for incident in &round.incidents {
            self.bar.suspend(|| eprintln!("round {}: {incident}", round.number));
        }
        if let Some(test) = &round.test {
            self.last = Some(test.average);
        }
        let rate = metrics.env_steps as f64 / metrics.seconds.max(1e-9);
        let line = format!(
            "round {}  average reward {} of {}  last episodes {:.1}  ε {:.3}  {} steps/s",
            round.number,
            self.last.map_or("–".into(), |last| format!("{last:.1}")),
            self.target,
            metrics.episodic_return,
            metrics.epsilon,
            thousands(rate as u64),
        );
        if self.terminal {
            self.bar.set_message(line);
            self.bar.tick();
        } else if round.test.is_some() && round.number.is_multiple_of(50) {
            eprintln!("{line}  {:.1} s", metrics.seconds);
        }
    }
}
