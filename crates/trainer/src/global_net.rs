//! The parameter server.

use anyhow::{Result, ensure};
use dqn::{Config, Tests, Weights};

use crate::agent::AgentGroup;
use crate::round::Test;

/// Holds the weights that all Agents share.
///
/// Each call names the round whose weights it is about: a GlobalNet that was started again has none, says so, and is given
/// them back ([`restore`](GlobalNetHandle::restore)).
pub struct GlobalNet {
    round: Option<u64>,
    weights: Weights,
}

#[mobula::actor(max_restarts = -1, max_task_retries = -1)]
impl GlobalNet {
    /// One with the weights that everything begins with.
    pub fn new(ray: &mobula::Ray, config: Config, seed: u64) -> Result<Self> {
        let weights = Weights::initial(config.hidden, seed)?;
        let round = if ray.context()?.restarted { None } else { Some(0) };
        Ok(GlobalNet { round, weights })
    }

    /// Collects all Agents' weights and takes their average; gives it back as well.
    ///
    /// Agents that have none, because they were started again and have not trained since, are left out.
    pub fn update(&mut self, ray: &mobula::Ray, round: u64, agents: AgentGroup) -> Result<Weights> {
        let weights: Vec<Weights> = agents.weights().get_all(ray)?.into_iter().flatten().collect();
        if weights.is_empty() {
            self.of(round - 1)?;
        } else {
            self.weights = Weights::average(&weights)?;
        }
        ensure!(self.weights.is_finite(), "the average of the weights became infinite or not a number");
        self.round = Some(round);
        Ok(self.weights.clone())
    }

    /// The weights of a round.
    pub fn weights(&self, round: u64) -> Result<Weights> {
        self.of(round).cloned()
    }

    /// Plays the next test's games with the weights of a round; the tests to come follow on what is given back.
    pub fn test(&self, round: u64, tests: Tests) -> Result<(Test, Tests)> {
        let mut tests = tests;
        let games = tests.play(self.of(round)?)?;
        Ok((Test::of(round, games), tests))
    }

    /// Takes these weights for those of this round.
    pub fn restore(&mut self, round: u64, weights: Weights) {
        (self.round, self.weights) = (Some(round), weights);
    }
}

impl GlobalNet {
    fn of(&self, round: u64) -> Result<&Weights> {
        ensure!(self.round == Some(round), "GlobalNet has lost the weights of round {round}");
        Ok(&self.weights)
    }
}
