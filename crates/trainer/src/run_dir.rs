//! The folder of a run: its parameters, its metrics, its weights, and where to go on.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use dqn::{Score, Weights};
use serde::{Deserialize, Serialize};

use crate::environments::LANDER;
use crate::events::{self, EventFile};
use crate::flight::Flight;
use crate::plan::Plan;
use crate::round::{Phases, Round};
use crate::run_report::{Ended, Report};

/// A line of `metrics.jsonl`: one round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The round.
    pub round: u64,
    /// Environment steps of all Agents so far.
    pub env_steps: u64,
    /// The mean reward of the round's episodes; where none ended, of the last that did.
    pub episodic_return: f64,
    /// Their mean length in steps; 0 in lines of versions that did not say.
    #[serde(default)]
    pub episodic_length: f64,
    /// The chance of a random action.
    pub epsilon: f64,
    /// The mean loss over the learn steps.
    pub td_loss: f32,
    /// The mean value of the actions taken there.
    pub q_values: f32,
    /// The average reward of the test, where there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub average_reward: Option<f64>,
    /// Seconds since the run began: the one part that differs between equal runs, with the next.
    pub seconds: f64,
    /// Seconds of each phase.
    pub phases: Phases,
}

impl Metrics {
    /// Of a round; `recent` is the mean reward of the last episodes, which stands where none ended in the round.
    pub fn of(round: &Round, env_steps: u64, seconds: f64, recent: Option<f64>) -> Metrics {
        let [td_loss, q_values] = round.learned();
        Metrics {
            round: round.number,
            env_steps,
            episodic_return: round.mean_reward().or(recent).unwrap_or(0.0),
            episodic_length: round.mean_length(),
            epsilon: round.epsilon(),
            td_loss,
            q_values,
            average_reward: round.test.as_ref().map(|test| test.average),
            seconds,
            phases: round.phases,
        }
    }
}

/// The folder of a run.
///
/// | file | what |
/// |---|---|
/// | `plan.json` | the parameters |
/// | `metrics.jsonl` | a [`Metrics`] for each round |
/// | `events.out.tfevents.*` | the same for TensorBoard, under CleanRL's tags |
/// | `state.mpk` | a [`State`](crate::State), written now and then: `--resume` goes on from it |
/// | `model_checkpoint.pth` | the weights, for PyTorch |
/// | `report.html` | what people look at afterwards: needs nothing but itself |
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    metrics: File,
    events: EventFile,
}

impl RunDir {
    /// A new run's folder; what a run before left there gives way.
    ///
    /// # Errors
    /// The file system's.
    pub fn create(path: &Path, plan: &Plan) -> Result<RunDir> {
        fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))?;
        let _ = fs::remove_file(path.join("state.mpk"));
        let _ = fs::remove_file(path.join("report.html"));
        events::clear(path)?;
        write(&path.join("plan.json"), &serde_json::to_vec_pretty(plan)?)?;
        let metrics = path.join("metrics.jsonl");
        let metrics =
            File::create(&metrics).with_context(|| format!("cannot write {}", metrics.display()))?;
        Ok(RunDir { path: path.into(), metrics, events: EventFile::create(path)? })
    }

    /// A run's folder to go on in, and the state that was [saved](RunDir::save); `None` where none was.
    ///
    /// # Errors
    /// The file system's.
    pub fn reopen(path: &Path) -> Result<Option<(SavedRun, Vec<u8>)>> {
        let saved = path.join("state.mpk");
        match fs::read(&saved) {
            Ok(bytes) => Ok(Some((SavedRun { path: path.into() }, bytes))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e).with_context(|| format!("cannot read {}", saved.display())),
        }
    }

    /// The parameters of the run in this folder; `None` where there is none.
    ///
    /// # Errors
    /// The file system's; a file that holds no parameters.
    pub fn plan(path: &Path) -> Result<Option<Plan>> {
        let name = path.join("plan.json");
        match fs::read(&name) {
            Ok(bytes) => {
                let plan = serde_json::from_slice(&bytes);
                Ok(Some(
                    plan.with_context(|| format!("{} holds no parameters of this version", name.display()))?,
                ))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e).with_context(|| format!("cannot read {}", name.display())),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line.
    ///
    /// # Errors
    /// The file system's.
    pub fn log(&mut self, metrics: &Metrics) -> Result<()> {
        let mut line = serde_json::to_vec(metrics)?;
        line.push(b'\n');
        self.metrics.write_all(&line)?;
        self.events.log(metrics)
    }

    /// Writes the state, in place of the one before only when it is whole.
    ///
    /// # Errors
    /// The file system's.
    pub fn save(&self, state: &[u8]) -> Result<()> {
        write(&self.path.join("state.mpk"), state)
    }

    /// Writes `report.html` on all rounds so far, with a game of these weights; `unit` is what a round is called, `program`
    /// what trained, and `score` what the weights came to in games that decided nothing, where they were played.
    ///
    /// # Errors
    /// The file system's.
    pub fn report(
        &self,
        plan: &Plan,
        weights: &Weights,
        ended: Ended,
        score: Option<&Score>,
        unit: &str,
        program: &str,
    ) -> Result<()> {
        let name = self.path.join("metrics.jsonl");
        let text = fs::read_to_string(&name).with_context(|| format!("cannot read {}", name.display()))?;
        let metrics: Vec<Metrics> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let flight = (plan.env == LANDER)
            .then(|| Flight::of(weights, plan.test.seed, plan.max_episode_steps()))
            .transpose()?;
        let report = Report { plan, ended, score, unit, program, metrics: &metrics, flight: flight.as_ref() };
        write(&self.path.join("report.html"), report.html()?.as_bytes())
    }
}

/// A run that was interrupted.
#[derive(Debug)]
pub struct SavedRun {
    path: PathBuf,
}

impl SavedRun {
    /// Goes on after this round: metrics of later ones are dropped, for they come again. Gives those that stay.
    ///
    /// # Errors
    /// The file system's.
    pub fn go_on_after(self, round: u64) -> Result<(RunDir, Vec<Metrics>)> {
        let name = self.path.join("metrics.jsonl");
        let file = File::open(&name).with_context(|| format!("cannot read {}", name.display()))?;
        let (mut kept, mut lines) = (Vec::new(), Vec::new());
        for line in BufReader::new(file).lines() {
            let line = line?;
            match serde_json::from_str::<Metrics>(&line) {
                Ok(metrics) if metrics.round <= round => {
                    kept.extend(line.as_bytes());
                    kept.push(b'\n');
                    lines.push(metrics);
                }
                // A line that was being written when the run was killed, or one of a round that comes again.
                _ => break,
            }
        }
        write(&name, &kept)?;
        let metrics = OpenOptions::new().append(true).open(&name)?;
        events::cut(&self.path, lines.last().map_or(0, |line| line.env_steps))?;
        let events = EventFile::create(&self.path)?;
        Ok((RunDir { path: self.path, metrics, events }, lines))
    }
}

/// Writes a file, in place of the one before only when it is whole.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    mobula_outputs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
