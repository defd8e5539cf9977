//! What one round was like.

use dqn::{EpisodeStats, Game, Verdict, Weights, average};
use serde::{Deserialize, Serialize};

use crate::agent::Trained;

/// A test that was played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// The round after which it was played.
    pub round: u64,
    /// The mean reward of its games.
    pub average: f64,
    /// Its games.
    pub games: Vec<Game>,
    /// Whether it says that the environment is solved; the textbook's tests never do.
    pub solved: bool,
}

impl Test {
    pub(crate) fn of(round: u64, games: Vec<Game>) -> Test {
        Test { round, average: average(&games), games, solved: false }
    }

    /// By what the games that nobody had played came to.
    pub fn judged(round: u64, verdict: Verdict) -> Test {
        let Verdict { games, average, solved } = verdict;
        Test { round, average, games, solved }
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
    /// What each Agent's training was like.
    pub trained: Vec<Trained>,
    /// The test that followed, if one was due.
    pub test: Option<Test>,
    /// The weights after it that are tested and kept.
    pub weights: Weights,
    /// How long its phases took.
    pub phases: Phases,
    /// What went wrong and was put right, in sentences.
    pub incidents: Vec<String>,
}

impl Round {
    /// All episodes that ended in it.
    pub fn episodes(&self) -> impl Iterator<Item = &EpisodeStats> {
        self.trained.iter().flat_map(|trained| &trained.episodes)
    }

    /// Environment steps of all Agents.
    pub fn env_steps(&self) -> u64 {
        self.trained.iter().map(|trained| trained.steps).sum()
    }

    /// The mean reward of its episodes; `None` where none ended.
    pub fn mean_reward(&self) -> Option<f64> {
        let (sum, count) = self.episodes().fold((0.0, 0), |(sum, n), episode| (sum + episode.reward, n + 1));
        (count > 0).then(|| sum / f64::from(count))
    }

    /// The mean length of its episodes, in steps; 0 where none ended.
    pub fn mean_length(&self) -> f64 {
        let steps: u64 = self.episodes().map(|episode| u64::from(episode.steps)).sum();
        steps as f64 / self.episodes().count().max(1) as f64
    }

    /// The mean loss and the mean value of the actions taken: over the episodes with learn steps, or as the Agents have them.
    pub fn learned(&self) -> [f32; 2] {
        let episodes = || self.episodes().filter(|episode| episode.learn_steps > 0);
        let agents = || self.trained.iter();
        let mean = |episode: fn(&EpisodeStats) -> f32, agent: fn(&Trained) -> f32| match episodes().count() {
            0 => agents().map(agent).sum::<f32>() / agents().count().max(1) as f32,
            count => episodes().map(episode).sum::<f32>() / count as f32,
        };
        [mean(|e| e.loss, |t| t.loss), mean(|e| e.value, |t| t.value)]
    }

    /// The chance of a random action at its end.
    pub fn epsilon(&self) -> f64 {
        self.trained.last().map_or(0.0, |trained| trained.epsilon)
    }
}
