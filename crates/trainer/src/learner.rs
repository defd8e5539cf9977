//! The one learner of shared replay.

use anyhow::{Context as _, Result, ensure};
use dqn::{Batch, Random, Replay, Sizes, Tests, Weights};
use mobula::{Blob, Ray};
use serde::{Deserialize, Serialize};

use crate::agent::Net;
use crate::explorer::Experience;
use crate::plan::{Plan, Rules};
use crate::round::Test;

/// Learns from what all Explorers saw.
///
/// As one agent alone does: a learn step for every few transitions, on a batch out of all that it remembers. One that was started
/// again has lost what it knew: it takes the weights of the last round before it learns on, with an empty memory.
pub struct Learner {
    plan: Plan,
    learner: dqn::Learner,
    replay: Replay,
    random: Random,
    /// Transitions so far.
    steps: u64,
    batch: Batch,
    /// Started again, and not learned since.
    lost: bool,
}

/// What the learner makes of a round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Its weights.
    pub net: Net,
    /// Whether it had been started again since the round before.
    pub restarted: bool,
}

#[mobula::actor(max_restarts = -1, max_task_retries = -1)]
impl Learner {
    /// One that knows nothing.
    pub fn new(ray: &Ray, plan: Plan) -> Result<Self> {
        let kind = plan.kind()?;
        let (config, mut random) = (plan.config.clone(), Random::new(plan.seed));
        let (observation, actions) = (kind.observation_size(), kind.actions());
        let sizes = Sizes { observation, hidden: config.hidden, actions };
        let weights = Weights::initial(sizes, random.bits())?;
        let replay = Replay::new(config.replay_capacity, observation);
        let learner = dqn::Learner::new(config, &weights)?;
        let lost = ray.context()?.restarted;
        Ok(Learner { plan, learner, replay, random, steps: 0, batch: Batch::default(), lost })
    }

    /// Remembers what was seen and learns as it goes; the new weights. `last` is what it gave in the round before.
    pub fn learn(&mut self, seen: &[Experience], last: &Net) -> Result<Learned> {
        let restarted = std::mem::take(&mut self.lost);
        if restarted {
            // Its target network begins there too.
            self.learner = dqn::Learner::new(self.plan.config.clone(), &last.weights)?;
        }
        let (every, size) = {
            let config = self.learner.config();
            (u64::from(config.learn_every), config.batch_size)
        };
        let sizes = self.learner.sizes();
        let mut room = Vec::new();
        // The Explorers' transitions in turns, as if they had come at the same time.
        let mut sources: Vec<_> = seen.iter().map(|seen| seen.transitions(sizes.observation)).collect();
        while !sources.is_empty() {
            let mut kept = Vec::with_capacity(sources.len());
            for mut source in sources {
                let Some(transition) = source.next() else { continue };
                transition.read(sizes.actions, &mut room, |transition| self.replay.push(transition));
                self.steps += 1;
                if self.steps.is_multiple_of(every) && self.replay.len() > size {
                    self.replay.sample(size, &mut self.random, &mut self.batch);
                    self.learner.learn(&self.batch)?;
                }
                kept.push(source);
            }
            sources = kept;
        }
        ensure!(self.learner.is_finite(), "a weight became infinite or not a number: training cannot go on");
        Ok(Learned { net: self.net(), restarted })
    }

    /// Its weights.
    pub fn weights(&self) -> Net {
        self.net()
    }

    /// Plays the textbook's next test with the weights of a round; the tests to come follow on what is given back.
    pub fn test(&self, round: u64, tests: Tests, net: &Net) -> Result<(Test, Tests)> {
        let mut tests = tests;
        let games = tests.play(net.best())?;
        Ok((Test::of(round, games), tests))
    }

    /// All that it is, to go on from later.
    pub fn save(&self) -> Result<Blob> {
        Ok(rmp_serde::to_vec(&(&self.learner, &self.replay, &self.random, self.steps))?.into())
    }

    /// Becomes what was saved.
    pub fn restore(&mut self, saved: &Blob) -> Result<()> {
        (self.learner, self.replay, self.random, self.steps) =
            rmp_serde::from_slice(saved).context("the learner's saved state")?;
        self.lost = false;
        Ok(())
    }
}

impl Learner {
    /// Without the textbook's rules the target network, which follows the other slowly, is what is tested and kept.
    fn net(&self) -> Net {
        let average = (self.plan.rules == Rules::Fast).then(|| self.learner.target_weights());
        Net { weights: self.learner.weights(), average }
    }
}
