//! The learner's parameters, with the defaults that are known to land.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Numbers in an observation.
pub const STATE: usize = 8;
/// Choices of action.
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
    /// Steps after which an episode ends; the end counts as one of the environment's own.
    pub max_episode_steps: u32,
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
            max_episode_steps: 1000,
        }
    }
}

impl Config {
    /// The chance of a random action after so many episodes.
    ///
    /// ```
    /// assert_eq!(dqn::Config::default().epsilon_after(0), 1.0);
    /// assert_eq!(dqn::Config::default().epsilon_after(5000), 0.01);
    /// ```
    pub fn epsilon_after(&self, episodes: u64) -> f64 {
        (self.epsilon_start * self.epsilon_decay.powf(episodes as f64)).max(self.epsilon_floor)
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
        positive("learning_rate", self.learning_rate)?;
        positive("adam_epsilon", self.adam_epsilon)
    }
}

pub(crate) fn whole(name: &'static str, value: usize, low: usize, high: usize) -> Result<(), Error> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::Parameter { name, value: value.to_string(), range: format!("from {low} to {high}") })
}

fn share(name: &'static str, value: f64, one: bool) -> Result<(), Error> {
    if (0.0..1.0).contains(&value) || (one && value == 1.0) {
        return Ok(());
    }
    let range = if one { "from 0 to 1" } else { "at least 0 and below 1" };
    Err(Error::Parameter { name, value: value.to_string(), range: range.to_owned() })
}

fn positive(name: &'static str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value <= 1.0 {
        return Ok(());
    }
    Err(Error::Parameter { name, value: value.to_string(), range: "above 0 and at most 1".to_owned() })
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
