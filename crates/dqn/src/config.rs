//! The learner's parameters, with the defaults that are known to land.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Numbers in an observation of LunarLander.
pub const STATE: usize = 8;
/// Choices of action in LunarLander.
pub const ACTIONS: usize = 4;
/// The widest hidden layer.
pub const MAX_HIDDEN: usize = 4096;

/// The learner's parameters.
///
/// ```
/// let config = dqn::Config { batch_size: 128, ..dqn::Config::default() };
/// config.check()?;
/// # Ok::<(), dqn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Neurons of the two hidden layers.
    pub hidden: [usize; 2],
    /// Transitions in a learn step.
    pub batch_size: usize,
    /// Transitions that are remembered; the oldest give way.
    pub replay_capacity: usize,
    /// Environment steps from one learn step to the next.
    pub learn_every: u32,
    /// Discount per step, γ.
    pub discount: f64,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Adam's decay rates of the two moments.
    pub betas: [f64; 2],
    /// Adam's ε, in the denominator.
    pub adam_epsilon: f64,
    /// Share of the network that moves into the target network after each learn step, τ.
    pub soft_update: f64,
    /// Chance of a random action in the first episode.
    pub epsilon_start: f64,
    /// Factor on that chance after each episode.
    pub epsilon_decay: f64,
    /// The chance's lower bound.
    pub epsilon_floor: f64,
    /// Environment steps over which the chance falls evenly from its start to its floor instead, 0 for by the episode.
    pub epsilon_steps: u64,
    /// Steps after which an episode ends.
    pub max_episode_steps: u32,
    /// Whether the state at that limit has the value that the network gives it; otherwise the limit counts as an end of the
    /// environment's own.
    pub bootstrap_at_limit: bool,
    /// Factor on every reward that is learned from.
    pub reward_scale: f64,
    /// Steps whose rewards are summed before a value stands for the rest.
    pub n_step: usize,
    /// Whether the network, not its target, chooses the action that the target values: Double DQN.
    pub double: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hidden: [64, 64],
            batch_size: 64,
            replay_capacity: 100_000,
            learn_every: 4,
            discount: 0.99,
            learning_rate: 5e-4,
            betas: [0.9, 0.999],
            adam_epsilon: 1e-8,
            soft_update: 1e-3,
            epsilon_start: 1.0,
            epsilon_decay: 0.995,
            epsilon_floor: 0.01,
            epsilon_steps: 0,
            max_episode_steps: 1000,
            bootstrap_at_limit: false,
            reward_scale: 1.0,
            n_step: 1,
            double: false,
        }
    }
}

impl Config {
    /// The chance of a random action after so many episodes, by the episode.
    ///
    /// ```
    /// assert_eq!(dqn::Config::default().epsilon_after(0), 1.0);
    /// assert_eq!(dqn::Config::default().epsilon_after(5000), 0.01);
    /// ```
    pub fn epsilon_after(&self, episodes: u64) -> f64 {
        (self.epsilon_start * self.epsilon_decay.powf(episodes as f64)).max(self.epsilon_floor)
    }

    /// The chance of a random action after so many environment steps, by [`epsilon_steps`](Self::epsilon_steps).
    pub fn epsilon_at(&self, steps: u64) -> f64 {
        falling(self.epsilon_start, self.epsilon_floor, steps, self.epsilon_steps)
    }

    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// Names the first parameter that is out of its range, and the range.
    pub fn check(&self) -> Result<(), Error> {
        let [first, second] = self.hidden;
        whole("hidden", first, 1, MAX_HIDDEN)?;
        whole("hidden", second, 1, MAX_HIDDEN)?;
        whole("replay_capacity", self.replay_capacity, 1, 1 << 30)?;
        whole("batch_size", self.batch_size, 1, self.replay_capacity.min(1 << 16))?;
        whole("learn_every", self.learn_every as usize, 1, u32::MAX as usize)?;
        whole("max_episode_steps", self.max_episode_steps as usize, 1, u32::MAX as usize)?;
        share("discount", self.discount, true)?;
        share("betas", self.betas[0], false)?;
        share("betas", self.betas[1], false)?;
        share("soft_update", self.soft_update, true)?;
        share("epsilon_start", self.epsilon_start, true)?;
        share("epsilon_decay", self.epsilon_decay, true)?;
        share("epsilon_floor", self.epsilon_floor, true)?;
        positive("learning_rate", self.learning_rate, 1.0)?;
        positive("adam_epsilon", self.adam_epsilon, 1.0)?;
        positive("reward_scale", self.reward_scale, 1e6)?;
        whole("n_step", self.n_step, 1, 1000)
    }
}

/// From `start` to `end`, evenly over so many steps.
pub(crate) fn falling(start: f64, end: f64, steps: u64, over: u64) -> f64 {
    if steps >= over { end } else { start + (end - start) * (steps as f64 / over as f64) }
}

pub(crate) fn whole(name: &'static str, value: usize, low: usize, high: usize) -> Result<(), Error> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::Parameter { name, value: value.to_string(), range: format!("from {low} to {high}") })
}

pub(crate) fn share(name: &'static str, value: f64, one: bool) -> Result<(), Error> {
    if (0.0..1.0).contains(&value) || (one && value == 1.0) {
        return Ok(());
    }
    let range = if one { "from 0 to 1" } else { "at least 0 and below 1" };
    Err(Error::Parameter { name, value: value.to_string(), range: range.to_owned() })
}

pub(crate) fn positive(name: &'static str, value: f64, most: f64) -> Result<(), Error> {
    if value > 0.0 && value <= most {
        return Ok(());
    }
    Err(Error::Parameter { name, value: value.to_string(), range: format!("above 0 and at most {most}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_range() {
        Config::default().check().unwrap();
    }

    #[test]
    fn a_bad_value_is_refused_with_its_range() {
        let cases = [
            (Config { hidden: [0, 64], ..Config::default() }, "hidden is 0, must be from 1 to 4096"),
            (
                Config { batch_size: 65, replay_capacity: 64, ..Config::default() },
                "batch_size is 65, must be from 1 to 64",
            ),
            (
                Config { learning_rate: -1.0, ..Config::default() },
                "learning_rate is -1, must be above 0 and at most 1",
            ),
            (Config { discount: f64::NAN, ..Config::default() }, "discount is NaN, must be from 0 to 1"),
            (Config { betas: [0.9, 1.0], ..Config::default() }, "betas is 1, must be at least 0 and below 1"),
        ];
        for (config, sentence) in cases {
            assert_eq!(config.check().unwrap_err().to_string(), sentence);
        }
    }
}
