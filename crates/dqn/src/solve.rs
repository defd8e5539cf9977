//! When a game is solved: tests with games that are new every time.

use std::collections::VecDeque;

use environment::DiscreteVectorEnvironment;
use serde::{Deserialize, Serialize};

use crate::config::whole;
use crate::error::Error;
use crate::play::{Game, average, play_in};
use crate::random::Random;
use crate::weights::Weights;

/// How it is found out whether a game is solved.
///
/// See [`Solve`], which goes by them. The defaults are LunarLander's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SolveRules {
    /// The mean reward of the last training episodes from which on there are tests.
    pub gate_reward: f64,
    /// How many episodes that mean is of.
    pub gate_games: u32,
    /// Games of a test.
    pub games: u32,
    /// The mean reward from which on a test is followed by its confirmation.
    pub target: f64,
    /// Games of the confirmation, 0 for none.
    pub confirm_games: u32,
    /// The mean reward of the confirmation that ends training.
    pub confirm_reward: f64,
    /// Steps after which a game is broken off.
    pub max_steps: u32,
}

impl Default for SolveRules {
    fn default() -> Self {
        Self {
            gate_reward: 160.0,
            gate_games: 20,
            games: 20,
            target: 200.0,
            confirm_games: 100,
            confirm_reward: 220.0,
            max_steps: 1000,
        }
    }
}

impl SolveRules {
    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// Names the first rule that is out of its range.
    pub fn check(&self) -> Result<(), Error> {
        for (name, value) in [
            ("gate_reward", self.gate_reward),
            ("target_reward", self.target),
            ("confirm_reward", self.confirm_reward),
        ] {
            if value.is_nan() {
                let range = "a number".to_owned();
                return Err(Error::Parameter { name, value: value.to_string(), range });
            }
        }
        whole("gate_games", self.gate_games as usize, 1, 100_000)?;
        whole("test_games", self.games as usize, 1, 1_000_000)?;
        whole("confirm_games", self.confirm_games as usize, 0, 1_000_000)?;
        whole("test_steps", self.max_steps as usize, 1, u32::MAX as usize)
    }
}

/// What a test came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Its games, or those of the confirmation where there was one.
    pub games: Vec<Game>,
    /// Their mean reward.
    pub average: f64,
    /// Whether the game is solved.
    pub solved: bool,
}

/// Finds out whether a game is solved: once training goes well, a few games that have never been played; if they go well, many.
///
/// A maximum over many tests is a maximum of luck: what passed is confirmed with other games, with some room to spare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Solve {
    rules: SolveRules,
    random: Random,
    recent: VecDeque<f64>,
}

impl Solve {
    /// Before the first test; `seed` is that of the training.
    ///
    /// # Errors
    ///
    /// A rule out of its range.
    pub fn new(rules: SolveRules, seed: u64) -> Result<Self, Error> {
        rules.check()?;
        // Another stream than any agent's.
        Ok(Self { rules, random: Random::new(seed ^ 0x7465_7374_2067_616d), recent: VecDeque::new() })
    }

    /// The rules.
    pub fn rules(&self) -> &SolveRules {
        &self.rules
    }

    /// Takes notice of rewards of training episodes.
    pub fn see(&mut self, rewards: impl IntoIterator<Item = f64>) {
        self.recent.extend(rewards);
        let most = self.rules.gate_games as usize;
        self.recent.drain(..self.recent.len().saturating_sub(most));
    }

    /// Whether training goes well enough for a test.
    pub fn is_due(&self) -> bool {
        let (sum, count) = (self.recent.iter().sum::<f64>(), self.recent.len());
        count == self.rules.gate_games as usize && sum / count as f64 >= self.rules.gate_reward
    }

    /// The mean reward of the last training episodes.
    pub fn recent(&self) -> Option<f64> {
        (!self.recent.is_empty()).then(|| self.recent.iter().sum::<f64>() / self.recent.len() as f64)
    }

    /// Seeds of games that nobody has played: their highest bit is set, and people write no such seeds.
    pub fn seeds(&mut self, count: u32) -> Vec<u64> {
        (0..count).map(|_| self.random.bits() | 1 << 63).collect()
    }

    /// Tests a network.
    ///
    /// # Errors
    ///
    /// Weights of other sizes than the environment's.
    pub fn test(
        &mut self,
        kind: &dyn DiscreteVectorEnvironment,
        weights: &Weights,
    ) -> Result<Verdict, Error> {
        let limit = self.rules.max_steps;
        self.test_by(|seeds| play_in(kind, weights, seeds, limit))
    }

    /// Tests what `play` plays, a game for each seed.
    ///
    /// # Errors
    ///
    /// As `play`.
    pub fn test_by<E>(&mut self, mut play: impl FnMut(&[u64]) -> Result<Vec<Game>, E>) -> Result<Verdict, E> {
        let SolveRules { games, target, confirm_games, confirm_reward, .. } = self.rules;
        let mut games = play(&self.seeds(games))?;
        let mut passed = average(&games) >= target;
        if passed && confirm_games > 0 {
            games = play(&self.seeds(confirm_games))?;
            passed = average(&games) >= confirm_reward;
        }
        Ok(Verdict { average: average(&games), games, solved: passed })
    }
}
