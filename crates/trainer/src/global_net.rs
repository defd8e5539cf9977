//! The parameter server.

use anyhow::{Result, bail, ensure};
use dqn::{Sizes, Tests, Weights};

use crate::agent::{Net, Part};
use crate::plan::{Learning, Plan};
use crate::round::Test;

/// Holds the weights that all Agents share.
///
/// Each call names the round whose weights it is about: a GlobalNet that was started again has none, says so, and is given
/// them back ([`restore`](GlobalNetHandle::restore)).
pub struct GlobalNet {
    round: Option<u64>,
    net: Net,
}

#[mobula::actor(max_restarts = -1, max_task_retries = -1)]
impl GlobalNet {
    /// One with the weights that everything begins with.
    pub fn new(ray: &mobula::Ray, plan: Plan) -> Result<Self> {
        let kind = plan.kind()?;
        let (observation, actions) = (kind.observation_size(), kind.actions());
        let weights = Weights::initial(Sizes { observation, hidden: plan.hidden(), actions }, plan.seed)?;
        let average = (plan.learning() == Learning::Pqn).then(|| weights.clone());
        let round = if ray.context()?.restarted { None } else { Some(0) };
        Ok(GlobalNet { round, net: Net { weights, average } })
    }

    /// Takes the average of the weights that the Agents came to in this round; gives it back as well.
    pub fn average(&mut self, round: u64, agents: &[Part]) -> Result<Net> {
        let mut all = Vec::with_capacity(agents.len());
        for part in agents {
            match part {
                Part::Weights(net) => all.push(net),
                Part::Trained(_) => bail!("GlobalNet was given something else than weights"),
            }
        }
        self.net = Net::mean(&all)?;
        ensure!(self.net.weights.is_finite(), "the average of the weights became infinite or not a number");
        self.round = Some(round);
        Ok(self.net.clone())
    }

    /// The weights of a round.
    pub fn weights(&self, round: u64) -> Result<Net> {
        self.of(round).cloned()
    }

    /// Plays the textbook's next test with the weights of a round; the tests to come follow on what is given back.
    pub fn test(&self, round: u64, tests: Tests) -> Result<(Test, Tests)> {
        let mut tests = tests;
        let games = tests.play(self.of(round)?.best())?;
        Ok((Test::of(round, games), tests))
    }

    /// Takes these weights for those of this round.
    pub fn restore(&mut self, round: u64, net: Net) {
        (self.round, self.net) = (Some(round), net);
    }
}

impl GlobalNet {
    fn of(&self, round: u64) -> Result<&Net> {
        ensure!(self.round == Some(round), "GlobalNet has lost the weights of round {round}");
        Ok(&self.net)
    }
}
