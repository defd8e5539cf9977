//! An agent as an actor.

use anyhow::{Context as _, Result};
use dqn::{Config, EpisodeStats, Weights};
use mobula::{Blob, Ray};
use serde::{Deserialize, Serialize};

use crate::global_net::GlobalNetHandle;

/// Learns with an environment, a learner and a memory of its own.
///
/// One that was started again has lost what it knew: it takes the weights of the GlobalNet before it trains on, with an empty memory.
pub struct Agent {
    agent: dqn::Agent,
    /// Started again, and without weights worth averaging so far.
    lost: bool,
}

/// What a round of an Agent's training was like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// Its episodes.
    pub episodes: Vec<EpisodeStats>,
    /// Whether it had been started again since the round before.
    pub restarted: bool,
}

#[mobula::actor(max_restarts = -1, max_task_retries = -1)]
impl Agent {
    /// One that knows nothing.
    pub fn new(ray: &Ray, config: Config, seed: u64) -> Result<Self> {
        Ok(Agent { agent: dqn::Agent::new(config, seed)?, lost: ray.context()?.restarted })
    }

    /// Trains that many episodes; `before` is how many it has trained already, and `round` the one whose weights the GlobalNet
    /// has.
    pub fn train(
        &mut self,
        ray: &Ray,
        episodes: usize,
        before: u64,
        global: GlobalNetHandle,
        round: u64,
    ) -> Result<Trained> {
        let restarted = self.lost;
        if restarted {
            let weights = global.weights(round).get(ray).context("an Agent was started again")?;
            self.agent.set_weights(&weights)?;
            self.agent.take_over(before);
            self.lost = false;
        }
        Ok(Trained { episodes: self.agent.train(episodes)?, restarted })
    }

    /// Its weights; none where it was started again and has not trained since.
    pub fn weights(&self) -> Option<Weights> {
        (!self.lost).then(|| self.agent.weights())
    }

    /// Takes the GlobalNet's weights into its network. Memory, target network and optimiser stay.
    pub fn synchronise(&mut self, ray: &Ray, global: GlobalNetHandle, round: u64) -> Result<()> {
        Ok(self.agent.set_weights(&global.weights(round).get(ray)?)?)
    }

    /// All that it is, to go on from later.
    pub fn save(&self) -> Result<Blob> {
        Ok(rmp_serde::to_vec(&self.agent)?.into())
    }

    /// Becomes what was saved.
    pub fn restore(&mut self, saved: &Blob) -> Result<()> {
        self.agent = rmp_serde::from_slice(saved).context("an Agent's saved state")?;
        self.lost = false;
        Ok(())
    }
}
