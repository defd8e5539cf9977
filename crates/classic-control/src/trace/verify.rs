//! Replaying recorded episodes and comparing every bit.

use std::fmt;

use environment::{
    AutoReset, BatchError, DiscreteAction, Environment, FlatObservation, StepError, VectorEnvironment,
};

use super::{Record, Recorded, Recording, Trace};
use crate::acrobot::Acrobot;
use crate::cart_pole::CartPole;
use crate::classic::ClassicControl;

/// A part of a record that is compared on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// What the agent sees.
    Observation,
    /// Positions and velocities.
    State,
    /// What the step earned.
    Reward,
    /// Whether the episode ended, and how.
    End,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 4] = [Self::Observation, Self::State, Self::Reward, Self::End];
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Observation => "observation",
            Self::State => "state",
            Self::Reward => "reward",
            Self::End => "end",
        })
    }
}

/// The first record in which a field differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// The episode's seed.
    pub seed: u128,
    /// The record's number in the episode; 0 is the reset.
    pub record: usize,
    /// What the file holds.
    pub expected: Record,
    /// What the replay gave.
    pub found: Record,
}

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Episodes replayed.
    pub episodes: usize,
    /// Records compared, resets included.
    pub records: usize,
    /// Records that differ, per field of [`Field::ALL`].
    pub mismatches: [usize; 4],
    /// The first of them, per field.
    pub first: [Option<Mismatch>; 4],
}

impl Report {
    /// Whether nothing differed.
    pub fn is_exact(&self) -> bool {
        self.mismatches.iter().all(|&count| count == 0)
    }

    fn compare(&mut self, recording: &Recording, index: usize, found: &Record) {
        self.records += 1;
        let expected = &recording.records[index];
        let same = [
            expected.observation.map(f32::to_bits) == found.observation.map(f32::to_bits),
            expected.state.map(f64::to_bits) == found.state.map(f64::to_bits),
            expected.reward.to_bits() == found.reward.to_bits(),
            (expected.terminated, expected.truncated) == (found.terminated, found.truncated),
        ];
        for (field, _) in same.iter().enumerate().filter(|(_, same)| !**same) {
            self.mismatches[field] += 1;
            self.first[field].get_or_insert(Mismatch {
                seed: recording.seed,
                record: index,
                expected: *expected,
                found: *found,
            });
        }
    }
}

/// Why a replay stopped.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is nothing to replay in.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A recorded action cannot be taken: it is no action, or the replay ended the episode before.
    #[error("seed {seed}, record {record}: {source}")]
    Step {
        /// The episode's seed.
        seed: u128,
        /// The record's number in the episode.
        record: usize,
        /// Why the step was refused.
        source: StepError,
    },
}

impl Trace {
    /// Replays the episodes one after the other, and compares every bit.
    ///
    /// # Errors
    ///
    /// A recorded action cannot be taken.
    pub fn verify(&self) -> Result<Report, VerifyError> {
        match self.recorded {
            Recorded::CartPole => one(CartPole::default(), &self.episodes),
            Recorded::SuttonBartoCartPole => one(CartPole::new(true), &self.episodes),
            Recorded::Acrobot => one(Acrobot::default(), &self.episodes),
        }
    }

    /// Replays the episodes in `count` environments that are stepped together, each of which takes the next episode as
    /// soon as it is free, and compares every bit.
    ///
    /// # Errors
    ///
    /// No environments, or a recorded action that cannot be taken.
    pub fn verify_vec(&self, count: usize) -> Result<Report, VerifyError> {
        match self.recorded {
            Recorded::CartPole => many(CartPole::default(), &self.episodes, count),
            Recorded::SuttonBartoCartPole => many(CartPole::new(true), &self.episodes, count),
            Recorded::Acrobot => many(Acrobot::default(), &self.episodes, count),
        }
    }
}

fn action<C: ClassicControl>(recording: &Recording, record: usize) -> Result<C::Action, VerifyError> {
    let given = recording.records[record].action;
    let source = StepError::Discrete { given: given.into(), count: C::Action::COUNT };
    C::Action::from_index(given).ok_or(VerifyError::Step { seed: recording.seed, record, source })
}

/// What a reset or a step gave, as a record.
fn found<C: ClassicControl>(observation: C::Observation, state: [f64; 4]) -> Record {
    let mut record = Record { state, ..Record::default() };
    for (to, from) in record.observation.iter_mut().zip(C::Observation::flatten(&[observation])) {
        *to = *from;
    }
    record
}

fn one<C: ClassicControl>(rules: C, episodes: &[Recording]) -> Result<Report, VerifyError> {
    let mut environment = rules.make()?;
    let mut report = Report::default();
    for recording in episodes {
        report.episodes += 1;
        let first = environment.reset(recording.seed);
        let mut now = found::<C>(first, environment.dynamics().state());
        for record in 0..recording.records.len() {
            if record > 0 {
                let step = environment.step(action::<C>(recording, record)?);
                let step =
                    step.map_err(|source| VerifyError::Step { seed: recording.seed, record, source })?;
                now = found::<C>(step.observation, environment.dynamics().state());
                now.reward = step.reward;
                (now.terminated, now.truncated) = (step.terminated, step.truncated);
            }
            report.compare(recording, record, &now);
        }
    }
    Ok(report)
}

fn many<C: ClassicControl>(rules: C, episodes: &[Recording], count: usize) -> Result<Report, VerifyError> {
    let mut environments = rules.make_vec(count, AutoReset::Disabled)?;
    let mut report = Report::default();
    let mut waiting = episodes.iter();
    // The episode that each environment replays, and which of its records is next.
    let mut lanes: Vec<Option<(&Recording, usize)>> = vec![None; count];
    let whatever = C::Action::from_index(0).ok_or(VerifyError::Batch(BatchError::Count(0)))?;
    let mut actions = vec![whatever; count];
    for i in 0..count {
        environments.reset_at(i, Some(0));
    }
    loop {
        for (i, lane) in lanes.iter_mut().enumerate() {
            while lane.is_none_or(|(recording, record)| record >= recording.records.len()) {
                *lane = waiting.next().map(|recording| (recording, 1));
                let Some((recording, _)) = lane else { break };
                report.episodes += 1;
                let first = environments.reset_at(i, Some(recording.seed));
                if !recording.records.is_empty() {
                    report.compare(recording, 0, &found::<C>(first, environments.dynamics(i).state()));
                }
            }
            if let Some((recording, record)) = *lane {
                actions[i] = action::<C>(recording, record)?;
            }
        }
        if lanes.iter().all(Option::is_none) {
            return Ok(report);
        }
        let step =
            environments.step(&actions).map_err(|source| VerifyError::Step { seed: 0, record: 0, source })?;
        let ends: Vec<_> = (0..count)
            .map(|i| (step.observations[i], step.rewards[i], step.terminated[i], step.truncated[i]))
            .collect();
        for (i, lane) in lanes.iter_mut().enumerate() {
            if let Some((recording, record)) = lane {
                let (observation, reward, terminated, truncated) = ends[i];
                let state = environments.dynamics(i).state();
                let now = Record { reward, terminated, truncated, ..found::<C>(observation, state) };
                report.compare(recording, *record, &now);
                *record += 1;
            }
        }
    }
}
