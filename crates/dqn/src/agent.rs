//! An agent: an environment, a learner and a memory, named by a seed.
//!
//! Both trainers are made of agents: the single-node trainer has one, the distributed one several that
//! exchange [`Weights`]. An agent trains whole episodes, and each begins with a seed that the agent draws, so
//! that between episodes the environment holds nothing that would have to be saved.

use lunar_lander::{Action, Environment, LunarLander, Options};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::Error;
use crate::learner::{Learned, Learner};
use crate::nstep::{OneStep, Steps};
use crate::random::Random;
use crate::replay::{Batch, Replay};
use crate::weights::Weights;

/// What an episode of training was like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodeStats {
    /// Its number for this agent, counted from 1.
    pub episode: u64,
    /// Sum of its rewards.
    pub reward: f64,
    /// Its length.
    pub steps: u32,
    /// Steps of this agent so far, those of this episode included.
    pub total_steps: u64,
    /// Chance of a random action.
    pub epsilon: f64,
    /// Learn steps taken.
    pub learn_steps: u32,
    /// Mean over the learn steps of the mean squared error, 0 without any.
    pub loss: f32,
    /// Mean over the learn steps of the mean value of the actions taken, 0 without any.
    pub value: f32,
}

/// An environment, a learner and a memory.
///
/// The same seed and parameters give the same weights, on any machine and any thread. Saved with serde, an
/// agent goes on bit for bit.
///
/// ```
/// let mut agent = dqn::Agent::new(dqn::Config::default(), 1)?;
/// let episodes = agent.train(2)?;
/// assert_eq!(episodes[1].epsilon, 0.995);
/// assert!(agent.weights().is_finite());
/// # Ok::<(), dqn::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Agent {
    seed: u64,
    learner: Learner,
    replay: Replay,
    random: Random,
    epsilon: f64,
    episodes: u64,
    steps: u64,
    #[serde(skip)]
    batch: Batch,
}

impl Agent {
    /// An agent that knows nothing.
    ///
    /// # Errors
    ///
    /// A parameter out of its range.
    pub fn new(config: Config, seed: u64) -> Result<Self, Error> {
        config.check()?;
        let mut random = Random::new(seed);
        let weights = Weights::initial(config.hidden, random.bits())?;
        Ok(Self {
            seed,
            replay: Replay::new(config.replay_capacity, crate::STATE),
            random,
            epsilon: config.epsilon_start,
            episodes: 0,
            steps: 0,
            batch: Batch::default(),
            learner: Learner::new(config, &weights)?,
        })
    }

    /// Trains that many episodes.
    ///
    /// # Errors
    ///
    /// A weight or a reward that became infinite or not a number.
    pub fn train(&mut self, episodes: usize) -> Result<Vec<EpisodeStats>, Error> {
        let limit = self.learner.config().max_episode_steps;
        let mut lander = LunarLander::new(Options { max_episode_steps: limit, ..Options::default() })?;
        (0..episodes).map(|_| self.episode(&mut lander)).collect()
    }

    fn episode(&mut self, lander: &mut LunarLander) -> Result<EpisodeStats, Error> {
        self.episodes += 1;
        let config = self.learner.config().clone();
        let mut joined = Steps::new(&config);
        let mut epsilon = self.epsilon;
        let mut stats = EpisodeStats {
            episode: self.episodes,
            reward: 0.0,
            steps: 0,
            total_steps: self.steps,
            epsilon,
            learn_steps: 0,
            loss: 0.0,
            value: 0.0,
        };
        let mut state = lander.reset(self.random.bits().into());
        loop {
            if config.epsilon_steps > 0 {
                epsilon = config.epsilon_at(self.steps);
            }
            let action = if self.random.unit() < epsilon {
                self.random.below(crate::ACTIONS as u32) as u8
            } else {
                self.learner.greedy(&state)
            };
            let step = lander.step(Action::Discrete(action))?;
            stats.steps += 1;
            stats.reward += step.reward;
            let done = step.done();
            let (next, replay) = (step.observation, &mut self.replay);
            let (terminated, truncated) = (step.terminated, step.truncated);
            let reward = step.reward;
            let one = OneStep { state: &state, action, reward, next_state: &next, terminated, truncated };
            joined.push(one, |transition| replay.push(transition));
            state = next;
            if let Some(Learned { loss, value }) = self.after_step()? {
                stats.learn_steps += 1;
                stats.loss += loss;
                stats.value += value;
            }
            if done {
                break;
            }
        }
        stats.total_steps = self.steps;
        let learned = stats.learn_steps.max(1) as f32;
        stats.loss /= learned;
        stats.value /= learned;
        stats.epsilon = epsilon;
        if config.epsilon_steps == 0 {
            self.epsilon = (epsilon * config.epsilon_decay).max(config.epsilon_floor);
        }
        self.check(&stats)?;
        Ok(stats)
    }

    /// Counts a step, and learns if it is time to.
    fn after_step(&mut self) -> Result<Option<Learned>, Error> {
        self.steps += 1;
        let config = self.learner.config();
        let (every, size) = (u64::from(config.learn_every), config.batch_size);
        if !self.steps.is_multiple_of(every) || self.replay.len() <= size {
            return Ok(None);
        }
        self.replay.sample(size, &mut self.random, &mut self.batch);
        self.learner.learn(&self.batch).map(Some)
    }

    fn check(&self, stats: &EpisodeStats) -> Result<(), Error> {
        let bad = |what| Err(Error::NotFinite { what, episode: stats.episode });
        match () {
            () if !stats.reward.is_finite() => bad("a reward"),
            () if !self.learner.is_finite() => bad("a weight"),
            () => Ok(()),
        }
    }

    /// The network's parameters.
    pub fn weights(&self) -> Weights {
        self.learner.weights()
    }

    /// Replaces the network's parameters; memory, target network and optimiser stay.
    ///
    /// # Errors
    ///
    /// Weights of another size.
    pub fn set_weights(&mut self, weights: &Weights) -> Result<(), Error> {
        self.learner.set_weights(weights)
    }

    /// Goes on in the place of an agent that had trained so many episodes: its exploration has come as far.
    pub fn take_over(&mut self, episodes: u64) {
        self.episodes = episodes;
        self.epsilon = self.learner.config().epsilon_after(episodes);
    }

    /// The learner.
    pub fn learner(&self) -> &Learner {
        &self.learner
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Episodes trained so far.
    pub fn episodes(&self) -> u64 {
        self.episodes
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Chance of a random action in the next episode.
    pub fn epsilon(&self) -> f64 {
        self.epsilon
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_agent_goes_on_bit_for_bit() {
        let config = Config { replay_capacity: 700, ..Config::default() };
        let mut agent = Agent::new(config, 3).unwrap();
        agent.train(6).unwrap();
        let saved = rmp_serde::to_vec(&agent).unwrap();
        let mut again: Agent = rmp_serde::from_slice(&saved).unwrap();
        assert_eq!(agent.train(6).unwrap(), again.train(6).unwrap());
        assert_eq!(agent.weights(), again.weights());
        assert_eq!(rmp_serde::to_vec(&agent).unwrap(), rmp_serde::to_vec(&again).unwrap());
    }

    #[test]
    fn one_call_for_many_episodes_is_many_calls_for_one() {
        let mut together = Agent::new(Config::default(), 5).unwrap();
        let mut apart = together.clone();
        let episodes: Vec<_> = (0..5).map(|_| apart.train(1).unwrap()[0]).collect();
        assert_eq!(together.train(5).unwrap(), episodes);
        assert_eq!(together.weights(), apart.weights());
    }

    #[test]
    fn new_weights_leave_the_target_network_alone() {
        let mut agent = Agent::new(Config::default(), 5).unwrap();
        let target = agent.learner().target_weights();
        let weights = Weights::initial([64, 64], 77).unwrap();
        agent.set_weights(&weights).unwrap();
        assert_eq!(agent.weights(), weights);
        assert_eq!(agent.learner().target_weights(), target);
        assert!(agent.set_weights(&Weights::initial([32, 64], 77).unwrap()).is_err());
    }

    #[test]
    fn epsilon_falls_by_the_episode_down_to_its_floor() {
        let config = Config { epsilon_decay: 0.5, epsilon_floor: 0.2, ..Config::default() };
        let mut agent = Agent::new(config, 5).unwrap();
        let epsilons: Vec<_> = agent.train(4).unwrap().iter().map(|stats| stats.epsilon).collect();
        assert_eq!(epsilons, [1.0, 0.5, 0.25, 0.2]);
    }

    #[test]
    fn a_weight_that_is_no_number_stops_with_a_sentence() {
        let mut agent = Agent::new(Config::default(), 5).unwrap();
        let mut values = agent.weights().values().to_vec();
        values[70] = f32::NAN;
        agent.set_weights(&Weights::new([64, 64], values).unwrap()).unwrap();
        let sentence = agent.train(1).unwrap_err().to_string();
        assert_eq!(sentence, "a weight became infinite or not a number in episode 1: training cannot go on");
    }
}
