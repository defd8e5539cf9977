//! The one learner of shared replay.

use anyhow::{Context as _, Result, ensure};
use dqn::{Batch, Config, Random, Replay, Tests, Weights};
use mobula::Blob;

use crate::explorer::Experience;
use crate::round::Test;

/// Learns from what all Explorers saw.
///
/// As one agent alone does: a learn step for every few transitions, on a batch out of all that it remembers.
pub struct Learner {
    learner: dqn::Learner,
    replay: Replay,
    random: Random,
    /// Transitions so far.
    steps: u64,
    batch: Batch,
}

#[mobula::actor]
impl Learner {
    /// One that knows nothing.
    pub fn new(config: Config, seed: u64) -> Result<Self> {
        let mut random = Random::new(seed);
        let weights = Weights::initial(config.hidden, random.bits())?;
        let replay = Replay::new(config.replay_capacity);
        let learner = dqn::Learner::new(config, &weights)?;
        Ok(Learner { learner, replay, random, steps: 0, batch: Batch::default() })
    }

    /// Remembers what was seen and learns as it goes; the new weights.
    pub fn learn(&mut self, seen: &[Experience]) -> Result<Weights> {
        let (every, size) = {
            let config = self.learner.config();
            (u64::from(config.learn_every), config.batch_size)
        };
        // The Explorers' transitions in turns, as if they had come at the same time.
        let mut sources: Vec<_> = seen.iter().map(Experience::transitions).collect();
        while !sources.is_empty() {
            let mut kept = Vec::with_capacity(sources.len());
            for mut source in sources {
                let Some(transition) = source.next() else { continue };
                self.replay.push(&transition);
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
        Ok(self.learner.weights())
    }

    /// Its weights.
    pub fn weights(&self) -> Weights {
        self.learner.weights()
    }

    /// Plays the next test's games; the tests to come follow on what is given back.
    pub fn test(&self, round: u64, tests: Tests) -> Result<(Test, Tests)> {
        let mut tests = tests;
        let games = tests.play(&self.learner.weights())?;
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
        Ok(())
    }
}
