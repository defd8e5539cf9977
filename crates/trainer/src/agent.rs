//! An agent as an actor.

use anyhow::{Context as _, Result};
use dqn::{EpisodeStats, Game, Pqn, Weights, play_in};
use mobula::{Blob, Ray};
use serde::{Deserialize, Serialize};

use crate::plan::{Learning, Plan};

/// Weights on their way between Agents and GlobalNet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Net {
    /// What an Agent learns on with.
    pub weights: Weights,
    /// A moving average of them, where there is one: it plays more evenly, and is what is tested and kept.
    pub average: Option<Weights>,
}

impl Net {
    /// What is tested and kept.
    pub fn best(&self) -> &Weights {
        self.average.as_ref().unwrap_or(&self.weights)
    }

    /// Each number's mean, of the averages too where all have one.
    pub(crate) fn mean(all: &[&Net]) -> Result<Net> {
        let mean =
            |of: &mut dyn Iterator<Item = &Weights>| Weights::average(&of.cloned().collect::<Vec<_>>());
        let averages: Vec<&Weights> = all.iter().filter_map(|net| net.average.as_ref()).collect();
        let average = (averages.len() == all.len()).then(|| mean(&mut averages.into_iter())).transpose()?;
        Ok(Net { weights: mean(&mut all.iter().map(|net| &net.weights))?, average })
    }
}

/// What a round of an Agent's training was like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// The episodes that ended in it.
    pub episodes: Vec<EpisodeStats>,
    /// Environment steps.
    pub steps: u64,
    /// The mean loss over its learn steps, 0 without any; by the textbook's rules over those of its last episode.
    pub loss: f32,
    /// The mean value of the actions taken there.
    pub value: f32,
    /// The chance of a random action at its end.
    pub epsilon: f64,
    /// Whether it had been started again since the round before.
    pub restarted: bool,
}

impl Trained {
    /// Of whole episodes.
    pub(crate) fn of_episodes(episodes: Vec<EpisodeStats>) -> Trained {
        let learned = || episodes.iter().filter(|episode| episode.learn_steps > 0);
        let mean =
            |of: fn(&EpisodeStats) -> f32| learned().map(of).sum::<f32>() / learned().count().max(1) as f32;
        Trained {
            steps: episodes.iter().map(|episode| u64::from(episode.steps)).sum(),
            loss: mean(|episode| episode.loss),
            value: mean(|episode| episode.value),
            epsilon: episodes.last().map_or(0.0, |episode| episode.epsilon),
            restarted: false,
            episodes,
        }
    }
}

/// One of the two objects that [`Agent::train`] returns: the weights can go on to GlobalNet as a reference, and the driver looks at
/// the rest alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Part {
    /// What the round was like.
    Trained(Trained),
    /// The weights after it.
    Weights(Net),
}

/// Learns with an environment, a learner and a memory of its own.
///
/// One that was started again has lost what it knew: it takes the weights of the last round before it trains on, with an empty
/// memory.
pub struct Agent {
    plan: Plan,
    learner: Learner,
    /// Started again, and not trained since.
    lost: bool,
}

enum Learner {
    Dqn(Box<dqn::Agent>),
    Pqn(Box<Pqn>),
}

impl Learner {
    fn net(&self) -> Net {
        match self {
            Learner::Dqn(agent) => Net { weights: agent.weights(), average: None },
            Learner::Pqn(agent) => Net { weights: agent.weights(), average: Some(agent.average()) },
        }
    }

    fn set_weights(&mut self, weights: &Weights) -> Result<()> {
        match self {
            Learner::Dqn(agent) => agent.set_weights(weights)?,
            Learner::Pqn(agent) => agent.set_weights(weights)?,
        }
        Ok(())
    }
}

#[mobula::actor(max_restarts = -1, max_task_retries = -1)]
impl Agent {
    /// One that knows nothing.
    pub fn new(ray: &Ray, plan: Plan, seed: u64) -> Result<Self> {
        let learner = match plan.learning() {
            Learning::Dqn => Learner::Dqn(Box::new(dqn::Agent::new(plan.config.clone(), seed)?)),
            Learning::Pqn => Learner::Pqn(Box::new(Pqn::new(&*plan.kind()?, plan.pqn_of_each(), seed)?)),
        };
        Ok(Agent { plan, learner, lost: ray.context()?.restarted })
    }

    /// Trains a round: so many episodes, or environment steps. `before` is how many it has trained already, and `last` what all
    /// took after the round before.
    ///
    /// Returns two parts: what the round was like, and the weights.
    pub fn train(&mut self, work: u64, before: u64, last: &Net) -> Result<Vec<Part>> {
        let restarted = self.lost;
        if restarted {
            self.learner.set_weights(&last.weights)?;
            match &mut self.learner {
                Learner::Dqn(agent) => agent.take_over(before),
                Learner::Pqn(agent) => agent.take_over(before),
            }
            self.lost = false;
        }
        let trained = match &mut self.learner {
            Learner::Dqn(agent) => Trained::of_episodes(agent.train(usize::try_from(work)?)?),
            Learner::Pqn(agent) => {
                let dqn::Stretch { episodes, steps, loss, value, epsilon, .. } = agent.train(work)?;
                Trained { episodes, steps, loss, value, epsilon, restarted: false }
            }
        };
        Ok(vec![Part::Trained(Trained { restarted, ..trained }), Part::Weights(self.learner.net())])
    }

    /// Takes the weights of all into its network. Memory, target network and optimiser stay.
    pub fn synchronise(&mut self, global: &Net) -> Result<()> {
        self.learner.set_weights(&global.weights)
    }

    /// Plays a game for each seed, greedily.
    pub fn play(&self, global: &Net, seeds: &[u64], max_steps: u32) -> Result<Vec<Game>> {
        Ok(play_in(&*self.plan.kind()?, global.best(), seeds, max_steps)?)
    }

    /// All that it is, to go on from later.
    pub fn save(&self) -> Result<Blob> {
        Ok(match &self.learner {
            Learner::Dqn(agent) => rmp_serde::to_vec(&**agent)?,
            Learner::Pqn(agent) => agent.to_bytes()?,
        }
        .into())
    }

    /// Becomes what was saved.
    pub fn restore(&mut self, saved: &Blob) -> Result<()> {
        match &mut self.learner {
            Learner::Dqn(agent) => {
                **agent = rmp_serde::from_slice(saved).context("an Agent's saved state")?
            }
            Learner::Pqn(agent) => {
                **agent = Pqn::from_bytes(&*self.plan.kind()?, saved).context("an Agent's saved state")?;
            }
        }
        self.lost = false;
        Ok(())
    }
}
