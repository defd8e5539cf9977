//! Replaying recorded episodes and comparing every bit.

use std::fmt;

use environment::{AutoReset, Environment, VectorEnvironment};

use super::{ReadError, Record, Recording};
use crate::action::Action;
use crate::batch::Batch;
use crate::lander::{BodyState, Draws, LunarLander};
use crate::observation::Step;
use crate::options::Options;
use crate::simd::Width;

/// A part of a record that is compared on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// What the reset drew for the terrain.
    Heights,
    /// The initial force.
    Force,
    /// What the step drew for the engines.
    Dispersion,
    /// What the agent sees.
    Observation,
    /// Position, angle and velocities of the three bodies.
    Raw,
    /// What the step earned.
    Reward,
    /// Whether the episode ended.
    Terminated,
}

impl Field {
    /// Every field, in the order of a file.
    pub const ALL: [Self; 7] = [
        Self::Heights,
        Self::Force,
        Self::Dispersion,
        Self::Observation,
        Self::Raw,
        Self::Reward,
        Self::Terminated,
    ];
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Heights => "heights",
            Self::Force => "force",
            Self::Dispersion => "dispersion",
            Self::Observation => "observation",
            Self::Raw => "raw state",
            Self::Reward => "reward",
            Self::Terminated => "terminated",
        })
    }
}

/// The first record in which a field differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// The episode's number in the file, from 0.
    pub episode: usize,
    /// Its seed.
    pub seed: u128,
    /// The record's number in the episode; 0 is the reset.
    pub record: usize,
    /// What the file holds.
    pub expected: String,
    /// What the replay gave.
    pub found: String,
}

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Episodes replayed.
    pub episodes: usize,
    /// Records compared, resets included.
    pub records: usize,
    /// Records that differ, per field of [`Field::ALL`].
    pub mismatches: [usize; 7],
    /// The first of them, per field.
    pub first: [Option<Mismatch>; 7],
}

impl Report {
    /// Whether nothing differed.
    pub fn is_exact(&self) -> bool {
        self.mismatches.iter().all(|&count| count == 0)
    }

    /// Adds the counts of another report.
    pub fn merge(&mut self, other: Self) {
        self.episodes += other.episodes;
        self.records += other.records;
        for (count, more) in self.mismatches.iter_mut().zip(other.mismatches) {
            *count += more;
        }
        for (first, other) in self.first.iter_mut().zip(other.first) {
            if first.is_none() {
                *first = other;
            }
        }
    }

    fn compare(
        &mut self,
        at: (usize, u128, usize),
        field: Field,
        same: bool,
        texts: impl FnOnce() -> [String; 2],
    ) {
        if same {
            return;
        }
        let i = field as usize;
        self.mismatches[i] += 1;
        if self.first[i].is_none() {
            let [expected, found] = texts();
            let (episode, seed, record) = at;
            self.first[i] = Some(Mismatch { episode, seed, record, expected, found });
        }
    }

    pub(super) fn draws(&mut self, episode: usize, recording: &Recording, found: &Draws) {
        let at = (episode, recording.seed, 0);
        let expected = &recording.draws;
        let text = |a: &[f64], b: &[f64]| [format!("{a:?}"), format!("{b:?}")];
        self.compare(at, Field::Heights, same64(&expected.heights, &found.heights), || {
            text(&expected.heights, &found.heights)
        });
        self.compare(at, Field::Force, same64(&expected.force, &found.force), || {
            text(&expected.force, &found.force)
        });
    }

    pub(super) fn record(&mut self, episode: usize, recording: &Recording, index: usize, found: &Record) {
        let at = (episode, recording.seed, index);
        let expected = &recording.records[index];
        self.records += 1;
        self.compare(at, Field::Dispersion, same64(&expected.dispersion, &found.dispersion), || {
            [format!("{:?}", expected.dispersion), format!("{:?}", found.dispersion)]
        });
        self.compare(at, Field::Observation, same32(&expected.observation, &found.observation), || {
            [format!("{:?}", expected.observation), format!("{:?}", found.observation)]
        });
        let same = expected.bodies.iter().zip(&found.bodies).all(|(a, b)| same32(&numbers(a), &numbers(b)));
        self.compare(at, Field::Raw, same, || {
            [format!("{:?}", expected.bodies), format!("{:?}", found.bodies)]
        });
        self.compare(at, Field::Reward, same64(&[expected.reward], &[found.reward]), || {
            [format!("{:?}", expected.reward), format!("{:?}", found.reward)]
        });
        self.compare(at, Field::Terminated, expected.terminated == found.terminated, || {
            [expected.terminated.to_string(), found.terminated.to_string()]
        });
    }
}

fn numbers(b: &BodyState) -> [f32; 6] {
    [b.x, b.y, b.angle, b.vx, b.vy, b.omega]
}

fn same32(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

fn same64(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// Replays `recordings`, which were made under `options`, one after the other, and compares every bit.
///
/// # Errors
///
/// A recording cannot be read, or holds an action that the environment does not have.
pub fn verify(
    options: Options,
    recordings: impl IntoIterator<Item = Result<Recording, ReadError>>,
) -> Result<Report, VerifyError> {
    let mut lander = LunarLander::new(options).map_err(ReadError::from)?;
    let mut report = Report::default();
    for (episode, recording) in recordings.into_iter().enumerate() {
        let recording = recording?;
        replay(&mut lander, episode, &recording, &mut report)?;
    }
    Ok(report)
}

/// Why a replay stopped.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A recording could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A recorded action cannot be taken: it is no action, or the replay ended the episode before.
    #[error("episode {episode}, record {record}: {source}")]
    Step {
        /// The episode's number in the file, from 0.
        episode: usize,
        /// The record's number in the episode.
        record: usize,
        /// Why the step was refused.
        source: environment::StepError,
    },
}

fn replay(
    lander: &mut LunarLander,
    episode: usize,
    recording: &Recording,
    report: &mut Report,
) -> Result<(), VerifyError> {
    report.episodes += 1;
    let observation = lander.reset(recording.seed);
    report.draws(episode, recording, lander.draws());
    for (index, record) in recording.records.iter().enumerate() {
        let step = if index == 0 {
            Step { observation, reward: 0.0, terminated: false, truncated: false }
        } else {
            lander.step(record.action).map_err(|source| VerifyError::Step {
                episode,
                record: index,
                source,
            })?
        };
        let found = Record {
            action: record.action,
            dispersion: lander.dispersion(),
            observation: step.observation,
            bodies: lander.bodies(),
            reward: step.reward,
            terminated: step.terminated,
        };
        report.record(episode, recording, index, &found);
    }
    Ok(())
}

/// Replays `recordings` in the lanes of a [`Batch`] of `count` environments, each lane taking the next
/// episode as soon as it is free, and compares every bit.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_batch(
    options: Options,
    recordings: &[Recording],
    count: usize,
    width: Width,
) -> Result<Report, VerifyError> {
    let mut batch = Batch::with(options, count, AutoReset::Disabled, width).map_err(ReadError::from)?;
    let mut report = Report::default();
    let mut next = 0;
    // Which episode and which of its records each lane is at.
    let mut lanes: Vec<Option<(usize, usize)>> = vec![None; count];
    let mut actions = vec![Action::noop(&options); count];
    batch.reset_from(0);
    loop {
        for (i, lane) in lanes.iter_mut().enumerate() {
            while lane.is_none_or(|(episode, record)| record >= recordings[episode].records.len()) {
                let Some(recording) = recordings.get(next) else {
                    *lane = None;
                    break;
                };
                let observation = batch.reset_at(i, Some(recording.seed));
                report.episodes += 1;
                report.draws(next, recording, batch.draws(i));
                if let Some(record) = recording.records.first() {
                    let step = Step { observation, reward: 0.0, terminated: false, truncated: false };
                    report.record(next, recording, 0, &found(&batch, i, record.action, &step));
                }
                *lane = Some((next, 1));
                next += 1;
            }
            actions[i] = match *lane {
                Some((episode, record)) => recordings[episode].records[record].action,
                None => Action::noop(&options),
            };
        }
        if lanes.iter().all(Option::is_none) {
            return Ok(report);
        }
        let fail = |source| VerifyError::Step { episode: 0, record: 0, source };
        let step = batch.step(&actions).map_err(fail)?;
        let steps: Vec<Step> = (0..count)
            .map(|i| Step {
                observation: step.observations[i],
                reward: step.rewards[i],
                terminated: step.terminated[i],
                truncated: step.truncated[i],
            })
            .collect();
        for (i, lane) in lanes.iter_mut().enumerate() {
            if let Some((episode, record)) = lane {
                let recording = &recordings[*episode];
                let found = found(&batch, i, recording.records[*record].action, &steps[i]);
                report.record(*episode, recording, *record, &found);
                *record += 1;
            }
        }
        // A lane without an episode goes on from the start, so that it does not rest at an end.
        for (i, lane) in lanes.iter().enumerate() {
            if lane.is_none() && steps[i].done() {
                batch.reset_at(i, None);
            }
        }
    }
}

fn found(batch: &Batch, i: usize, action: Action, step: &Step) -> Record {
    Record {
        action,
        dispersion: batch.dispersion(i),
        observation: step.observation,
        bodies: batch.bodies(i),
        reward: step.reward,
        terminated: step.terminated,
    }
}
