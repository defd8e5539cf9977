//! PQN's parameters, with the defaults that are known to land.

use serde::{Deserialize, Serialize};

use crate::config::{Config, falling, positive, share, whole};
use crate::error::Error;

/// The parameters of [`Pqn`](crate::Pqn).
///
/// ```
/// let config = dqn::PqnConfig { environments: 32, ..dqn::PqnConfig::default() };
/// config.check()?;
/// # Ok::<(), dqn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PqnConfig {
    /// Neurons of the two hidden layers.
    pub hidden: [usize; 2],
    /// Environments in lockstep.
    pub environments: usize,
    /// Steps of each from one learning to the next.
    pub rollout: usize,
    /// How often each step is learned from.
    pub epochs: usize,
    /// Steps in a minibatch; `environments * rollout` is a multiple.
    pub batch_size: usize,
    /// Discount per step, γ.
    pub discount: f64,
    /// How far returns reach beyond the next state's value, λ: 0 for not at all, 1 for to the end of the rollout.
    pub lambda: f64,
    /// Factor on every reward that is learned from.
    pub reward_scale: f64,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Adam's decay rates of the two moments.
    pub betas: [f64; 2],
    /// Adam's ε, in the denominator.
    pub adam_epsilon: f64,
    /// Chance of a random action in the first step.
    pub epsilon_start: f64,
    /// Environment steps over which it falls, evenly.
    pub epsilon_steps: u64,
    /// The chance from then on.
    pub epsilon_floor: f64,
    /// Share of the weights that goes into their moving average after each learn step, once there were many.
    pub average_rate: f64,
    /// Steps after which an episode is broken off; the state there keeps its value.
    pub max_episode_steps: u32,
}

impl Default for PqnConfig {
    fn default() -> Self {
        Self {
            hidden: [64, 64],
            environments: 64,
            rollout: 16,
            epochs: 4,
            batch_size: 64,
            discount: 0.99,
            lambda: 0.8,
            reward_scale: 0.03,
            learning_rate: 1e-3,
            betas: [0.9, 0.999],
            adam_epsilon: 1e-8,
            epsilon_start: 1.0,
            epsilon_steps: 50_000,
            epsilon_floor: 0.02,
            average_rate: 0.01,
            max_episode_steps: 1000,
        }
    }
}

impl PqnConfig {
    /// Steps of all environments from one learning to the next.
    pub fn iteration(&self) -> u64 {
        self.environments as u64 * self.rollout as u64
    }

    /// The chance of a random action after so many steps of all environments.
    ///
    /// ```
    /// let config = dqn::PqnConfig::default();
    /// assert_eq!([0, 25_000, 50_000].map(|steps| config.epsilon_at(steps)), [1.0, 0.51, 0.02]);
    /// ```
    pub fn epsilon_at(&self, steps: u64) -> f64 {
        falling(self.epsilon_start, self.epsilon_floor, steps, self.epsilon_steps)
    }

    /// The share that goes into the moving average after learn step `step`, from 1: large at first, so that it forgets what it
    /// began with.
    pub(crate) fn follow(&self, step: u64) -> f64 {
        self.average_rate.max(1.0 / (1.0 + 0.25 * step as f64))
    }

    /// The part that the learner takes.
    pub(crate) fn learner(&self) -> Config {
        Config {
            hidden: self.hidden,
            batch_size: self.batch_size,
            replay_capacity: self.batch_size,
            learning_rate: self.learning_rate,
            betas: self.betas,
            adam_epsilon: self.adam_epsilon,
            ..Config::default()
        }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// Names the first parameter that is out of its range, and the range.
    pub fn check(&self) -> Result<(), Error> {
        whole("environments", self.environments, 1, 1 << 16)?;
        whole("rollout", self.rollout, 1, 1 << 16)?;
        whole("epochs", self.epochs, 1, 1000)?;
        let all = self.environments * self.rollout;
        whole("batch_size", self.batch_size, 1, all.min(1 << 16))?;
        if !all.is_multiple_of(self.batch_size) {
            let range = format!("a divisor of environments · rollout, {all}");
            return Err(Error::Parameter { name: "batch_size", value: self.batch_size.to_string(), range });
        }
        whole("max_episode_steps", self.max_episode_steps as usize, 1, u32::MAX as usize)?;
        share("discount", self.discount, true)?;
        share("lambda", self.lambda, true)?;
        share("epsilon_start", self.epsilon_start, true)?;
        share("epsilon_floor", self.epsilon_floor, true)?;
        positive("average_rate", self.average_rate, 1.0)?;
        positive("reward_scale", self.reward_scale, 1e6)?;
        self.learner().check()
    }
}
