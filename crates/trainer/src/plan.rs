//! What is to be trained, and how.

use anyhow::{Result, ensure};
use dqn::{Config, TestRules};
use mobula::{Actor, ActorCall};
use serde::{Deserialize, Serialize};

/// How the Agents' work comes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Every Agent learns for itself, and after each round all take the average of their weights.
    #[default]
    Average,
    /// The Agents play, one learner learns from what all of them saw: shared replay, as in Ape-X (Horgan et al., "Distributed
    /// Prioritized Experience Replay", 2018), without its priorities. The learner works while the Agents play the next round, so
    /// they play with weights that are one round old.
    Shared,
}

/// The parameters of a run. With the same ones it ends with the same weights, wherever it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// The Agents, each an actor.
    pub agents: usize,
    /// Episodes that each trains in a round.
    pub epochs_per_sync: usize,
    /// The learner's own parameters.
    pub config: Config,
    /// What everything random begins with.
    pub seed: u64,
    /// The average reward that ends the training.
    pub target_reward: f64,
    /// Rounds after which it ends without.
    pub max_rounds: u64,
    /// Rounds from one test to the next, until one comes close.
    pub test_every: u64,
    /// The average from which on every round is tested.
    pub close: f64,
    /// The test.
    pub test: TestRules,
    /// How the Agents' work comes together.
    pub mode: Mode,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            agents: 4,
            epochs_per_sync: 1,
            config: Config::default(),
            seed: 0,
            target_reward: 100.0,
            max_rounds: 1000,
            test_every: 10,
            close: 90.0,
            test: TestRules::default(),
            mode: Mode::Average,
        }
    }
}

impl Plan {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// The parameter, its value and the allowed range.
    pub fn check(&self) -> Result<()> {
        ensure!((1..=1000).contains(&self.agents), "agents is {}, must be from 1 to 1000", self.agents);
        let epochs = self.epochs_per_sync;
        ensure!((1..=100_000).contains(&epochs), "epochs_per_sync is {epochs}, must be from 1 to 100000");
        ensure!(self.target_reward.is_finite(), "target_reward is {}, must be finite", self.target_reward);
        ensure!(self.max_rounds >= 1, "max_rounds is 0, must be 1 or more");
        ensure!(self.test_every >= 1, "test_every is 0, must be 1 or more");
        self.config.check()?;
        Ok(self.test.check()?)
    }

    /// The seed of one Agent: all differ, and differ from other runs'.
    pub(crate) fn seed_of(&self, agent: usize) -> u64 {
        // Weyl's sequence on the golden ratio keeps neighbouring seeds apart.
        self.seed.wrapping_add((agent as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Whether a round is followed by a test.
    pub(crate) fn tests(&self, round: u64, last: Option<f64>) -> bool {
        round.is_multiple_of(self.test_every)
            || last.is_some_and(|last| last >= self.close)
            || round == self.max_rounds
    }
}

/// An actor on its way, which holds so many CPUs where that is said.
pub(crate) fn with_cpus<A: Actor>(call: ActorCall<A>, num_cpus: Option<f64>) -> ActorCall<A> {
    match num_cpus {
        Some(n) => call.num_cpus(n),
        None => call,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused_with_its_range() {
        let refused = |plan: Plan| plan.check().unwrap_err().to_string();
        assert_eq!(refused(Plan { agents: 0, ..Plan::default() }), "agents is 0, must be from 1 to 1000");
        assert!(refused(Plan { epochs_per_sync: 0, ..Plan::default() }).contains("from 1 to"));
        assert!(refused(Plan { target_reward: f64::NAN, ..Plan::default() }).contains("NaN"));
        let config = Config { batch_size: 200_000, ..Config::default() };
        assert!(refused(Plan { config, ..Plan::default() }).contains("batch_size is 200000"));
        let config = Config { learning_rate: -1.0, ..Config::default() };
        assert!(refused(Plan { config, ..Plan::default() }).contains("learning_rate is -1"));
        assert!(Plan::default().check().is_ok());
    }

    #[test]
    fn every_agent_has_a_seed_of_its_own() {
        let seeds: std::collections::HashSet<u64> = (0..10)
            .flat_map(|seed| (0..50).map(move |i| Plan { seed, ..Plan::default() }.seed_of(i)))
            .collect();
        assert_eq!(seeds.len(), 500);
    }
}
