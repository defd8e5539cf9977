//! What one round was like.

use dqn::{EpisodeStats, Game, Weights, average};
use serde::{Deserialize, Serialize};

/// A test that was played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// The round after which it was played.
    pub round: u64,
    /// The mean reward of its games.
    pub average: f64,
    /// Its games.
    pub games: Vec<Game>,
}

impl Test {
    pub(crate) fn of(round: u64, games: Vec<Game>) -> Test {
        Test { round, average: average(&games), games }
    }
}

/// Seconds that the phases of a round took, as the driver saw them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Phases {
    /// The Agents' training; with shared replay their play, beside which the learner works.
    pub training: f64,
    /// The averaging; with shared replay what the learner took beyond the Agents.
    pub updating: f64,
    /// The way of the weights back to the Agents.
    pub synchronising: f64,
    /// The test games.
    pub testing: f64,
}

impl Phases {
    /// Adds another round's.
    pub fn add(&mut self, other: &Phases) {
        self.training += other.training;
        self.updating += other.updating;
        self.synchronising += other.synchronising;
        self.testing += other.testing;
    }
}

/// One round of the driver's loop.
#[derive(Debug, Clone)]
pub struct Round {
    /// Its number, from 1.
    pub number: u64,
    /// Each Agent's episodes.
    pub episodes: Vec<Vec<EpisodeStats>>,
    /// The test that followed, if one was due.
    pub test: Option<Test>,
    /// The weights that all share after it.
    pub weights: Weights,
    /// How long its phases took.
    pub phases: Phases,
    /// What went wrong and was put right, in sentences.
    pub incidents: Vec<String>,
}

impl Round {
    /// Environment steps of all Agents.
    pub fn env_steps(&self) -> u64 {
        self.episodes.iter().flatten().map(|episode| u64::from(episode.steps)).sum()
    }

    /// The mean reward of its episodes.
    pub fn mean_reward(&self) -> f64 {
        let rewards = || self.episodes.iter().flatten().map(|episode| episode.reward);
        rewards().sum::<f64>() / rewards().count().max(1) as f64
    }

    /// The mean length of its episodes, in steps.
    pub fn mean_length(&self) -> f64 {
        self.env_steps() as f64 / self.episodes.iter().flatten().count().max(1) as f64
    }

    /// The chance of a random action in its last episode.
    pub fn epsilon(&self) -> f64 {
        self.episodes.iter().flatten().last().map_or(0.0, |episode| episode.epsilon)
    }
}
