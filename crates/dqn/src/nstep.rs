//! Steps of an episode as transitions, of one step each or of several.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::replay::Transition;

/// Joins each `n` steps of an episode into a transition: the rewards of all, discounted, and the state after the last of them
/// (Sutton, "Learning to Predict by the Methods of Temporal Differences", 1988). With `n` of 1 each step is a transition.
///
/// Episodes must be seen to their end: what is kept is of the one under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Steps {
    n: usize,
    discount: f64,
    scale: f64,
    bootstrap: bool,
    /// The last steps that are in no transition yet.
    kept: VecDeque<(Vec<f32>, u8, f32)>,
}

/// One step of an episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneStep<'a> {
    /// What the agent saw.
    pub state: &'a [f32],
    /// What it did.
    pub action: u8,
    /// What that earned.
    pub reward: f64,
    /// What it saw then.
    pub next_state: &'a [f32],
    /// Whether the episode ended by its own rules.
    pub terminated: bool,
    /// Whether it ended by the time limit.
    pub truncated: bool,
}

impl Steps {
    /// By a configuration's `n_step`, `discount`, `reward_scale` and `bootstrap_at_limit`.
    pub fn new(config: &Config) -> Self {
        Self {
            n: config.n_step.max(1),
            discount: config.discount,
            scale: config.reward_scale,
            bootstrap: config.bootstrap_at_limit,
            kept: VecDeque::new(),
        }
    }

    /// Adds a step; passes the transitions that are complete with it to `emit`.
    pub fn push(&mut self, step: OneStep<'_>, mut emit: impl FnMut(&Transition<'_>)) {
        let OneStep { state, action, reward, next_state, terminated, truncated } = step;
        let reward = (reward * self.scale) as f32;
        let over = terminated || truncated;
        let ended = terminated || (truncated && !self.bootstrap);
        if self.n == 1 {
            let discount = if ended { 0.0 } else { self.discount as f32 };
            return emit(&Transition { state, action, reward, next_state, discount });
        }
        self.kept.push_back((state.to_vec(), action, reward));
        while self.kept.len() == self.n || (over && !self.kept.is_empty()) {
            let (mut sum, mut discount) = (0.0, 1.0);
            for (.., reward) in &self.kept {
                sum += discount * f64::from(*reward);
                discount *= self.discount;
            }
            let discount = if ended { 0.0 } else { discount as f32 };
            if let Some((state, action, _)) = self.kept.pop_front() {
                let (state, reward) = (&state[..], sum as f32);
                emit(&Transition { state, action, reward, next_state, discount });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Seen = Vec<(f32, u8, f32, f32, f32)>;

    /// An episode whose step `i` leads from `i` to `i + 1` and earns `i`, by a truncation or by its own rules.
    fn episode(config: &Config, steps: u8, terminated: bool) -> Seen {
        let mut all = Seen::new();
        let mut joined = Steps::new(config);
        for i in 0..steps {
            let last = i + 1 == steps;
            let (state, next) = ([f32::from(i)], [f32::from(i + 1)]);
            let (terminated, truncated) = (last && terminated, last && !terminated);
            let (state, next_state) = (&state[..], &next[..]);
            let step = OneStep { state, action: i, reward: i.into(), next_state, terminated, truncated };
            joined.push(step, |t| {
                all.push((t.state[0], t.action, t.reward, t.next_state[0], t.discount));
            });
        }
        all
    }

    #[test]
    fn three_steps_are_one_transition_and_the_end_is_nobodys_beginning() {
        let config = Config { n_step: 3, discount: 0.5, ..Config::default() };
        let expected = |end: [f32; 3]| {
            vec![
                (0.0, 0, 0.0 + 0.5 + 0.5, 3.0, 0.125),
                (1.0, 1, 1.0 + 1.0 + 0.75, 4.0, end[0]),
                (2.0, 2, 2.0 + 1.5, 4.0, end[1]),
                (3.0, 3, 3.0, 4.0, end[2]),
            ]
        };
        assert_eq!(episode(&config, 4, true), expected([0.0; 3]));
        assert_eq!(episode(&config, 4, false), expected([0.0; 3]));
        let config = Config { bootstrap_at_limit: true, ..config };
        assert_eq!(episode(&config, 4, false), expected([0.125, 0.25, 0.5]));
        assert_eq!(episode(&config, 4, true), expected([0.0; 3]));
    }

    #[test]
    fn one_step_is_a_transition_with_its_reward_scaled() {
        let config = Config { reward_scale: 0.25, ..Config::default() };
        assert_eq!(episode(&config, 2, false), [(0.0, 0, 0.0, 1.0, 0.99), (1.0, 1, 0.25, 2.0, 0.0)]);
    }
}
