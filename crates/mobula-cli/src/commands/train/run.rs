//! A run under way: rounds until it is over, and all that is written and shown on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use dqn::{Score, Weights, checkpoint};
use mobula::Ray;
use mobula_trainer::{Ended, Live, Metrics, Phases, Plan, Round, RunDir, Stop, final_score};

use super::place;
use super::progress::Progress;
use super::trainer::Trainer;

/// How often the weights of a test go to the checkpoint, which waits for the disk.
const SAVE_WEIGHTS_EVERY: Duration = Duration::from_secs(1);

/// How often the state of a run is saved: what a kill costs at most. `MOBULA_SAVE_EVERY` says otherwise, in seconds.
fn save_state_every() -> Duration {
    let asked = std::env::var("MOBULA_SAVE_EVERY").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(asked.unwrap_or(10))
}

/// A run under way.
pub struct Run<'a> {
    clock: Instant,
    /// Seconds that it had run before it was resumed.
    before: f64,
    interrupted: Arc<AtomicBool>,
    progress: Progress,
    phases: Phases,
    checkpoint: &'a Path,
    live: Option<Live>,
}

/// What came of a run.
pub struct Outcome {
    /// The run's folder.
    pub path: PathBuf,
    /// Why it is over; `None` where it was interrupted.
    pub stop: Option<Stop>,
    /// What a round is called.
    pub unit: &'static str,
    /// The average of the last test.
    pub average: Option<f64>,
    /// What the weights came to in games that decided nothing; `None` where the run was interrupted.
    pub score: Option<Score>,
    pub rounds: u64,
    pub env_steps: u64,
    pub phases: Phases,
    pub seconds: f64,
}

impl<'a> Run<'a> {
    /// One whose weights go to `checkpoint`; it begins now.
    pub fn new(ray: &Ray, checkpoint: &'a Path, live: Option<Live>) -> Result<Run<'a>> {
        Ok(Run {
            clock: Instant::now(),
            before: 0.0,
            interrupted: stop_flag(ray)?,
            progress: Progress::new(),
            phases: Phases::default(),
            checkpoint,
            live,
        })
    }

    /// Trains until it is over, in the folder `path` or in a new one: what `resume` makes of the state that is saved there, if it is
    /// to go on and there is one, else what `start` gives. Nothing is written before that has succeeded.
    pub fn train<T: Trainer>(
        mut self,
        path: Option<&Path>,
        plan: &Plan,
        go_on: bool,
        resume: impl FnOnce(&[u8]) -> Result<T>,
        start: impl FnOnce() -> Result<T>,
    ) -> Result<Outcome> {
        let mut lines = Vec::new();
        let saved = match path.filter(|_| go_on) {
            Some(path) => RunDir::reopen(path)?.map(|saved| (path, saved)),
            None => None,
        };
        let (mut dir, mut trainer) = match saved {
            Some((path, (saved, state))) => {
                let trainer = resume(&state).with_context(|| path.display().to_string())?;
                let (dir, before) = saved.go_on_after(trainer.rounds())?;
                lines = before;
                eprintln!("going on after {} {} of {}", T::UNIT, trainer.rounds(), path.display());
                (dir, trainer)
            }
            None => {
                let trainer = start()?;
                let path = path.map_or_else(|| place::new_dir(plan), |path| Ok(path.into()))?;
                (RunDir::create(&path, plan)?, trainer)
            }
        };
        lines.iter().for_each(|line| self.phases.add(&line.phases));
        self.before = lines.last().map_or(0.0, |line| line.seconds);
        self.progress.aim(trainer.plan().target());
        if let Some(live) = &self.live {
            live.begin(trainer.plan(), T::UNIT, trainer.middle(), &lines, trainer.activity());
        }
        let ended = self.rounds(&mut trainer, &mut dir);
        let seconds = self.seconds();
        // However it ends, the weights are there, and if it can be the state.
        let weights = trainer.weights();
        self.save(&weights)?;
        if let Ok(state) = trainer.state() {
            dir.save(&state)?;
        }
        let score = match ended {
            Ok(Some(_)) => Some(final_score(trainer.plan(), &weights)?),
            _ => None,
        };
        let how = reason(&ended);
        let report = dir.report(trainer.plan(), &weights, how, score.as_ref(), T::UNIT, &program());
        self.progress.end();
        // What ended the training comes first.
        let stop = ended?;
        report?;
        if let Some(live) = &self.live {
            let how = match (stop, &score) {
                (Some(_), Some(score)) if trainer.plan().is_solved(score) => "Solved",
                (Some(Stop::Reached), _) => "Over, and not solved",
                (Some(Stop::Exhausted), _) => "Not there yet, and out of time",
                (None, _) => "Interrupted",
            };
            live.end(&format!("{how}. The report is in {}.", dir.path().join("report.html").display()));
        }
        Ok(Outcome {
            path: dir.path().into(),
            stop,
            unit: T::UNIT,
            average: trainer.last_average(),
            score,
            rounds: trainer.rounds(),
            env_steps: trainer.env_steps(),
            phases: self.phases,
            seconds,
        })
    }

    fn rounds<T: Trainer>(&mut self, trainer: &mut T, dir: &mut RunDir) -> Result<Option<Stop>> {
        let mut weights_due = Every::new(SAVE_WEIGHTS_EVERY);
        let mut state_due = Every::new(save_state_every());
        loop {
            if let Some(stop) = trainer.finished() {
                return Ok(Some(stop));
            }
            if self.interrupted.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let round = match trainer.round() {
                Ok(round) => round,
                Err(error) if is_interrupt(&error) => return Ok(None),
                Err(error) => return Err(error),
            };
            self.phases.add(&round.phases);
            let metrics = Metrics::of(&round, trainer.env_steps(), self.seconds(), trainer.recent());
            dir.log(&metrics)?;
            self.tell(&round, &metrics);
            if round.test.is_some() && weights_due.now() {
                self.save(&round.weights)?;
            }
            if state_due.now() {
                dir.save(&trainer.state()?)?;
            }
        }
    }

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

    fn save(&self, weights: &Weights) -> Result<()> {
        Ok(checkpoint::save(weights, self.checkpoint)?)
    }
}

/// Something to be done now and then.
struct Every {
    every: Duration,
    last: Instant,
}

impl Every {
    fn new(every: Duration) -> Every {
        Every { every, last: Instant::now() }
    }

    /// Whether it is time again.
    fn now(&mut self) -> bool {
        let due = self.last.elapsed() > self.every;
        if due {
            self.last = Instant::now();
        }
        due
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
