//! An agent that plays and does not learn.

use anyhow::{Context as _, Result};
use dqn::{Config, EpisodeStats, Network, Random, Transition, Weights};
use lunar_lander::{Action, Environment, LunarLander, Options};
use mobula::Blob;
use serde::{Deserialize, Serialize};

/// Plays with an environment of its own and gives what it saw to the learner.
pub struct Explorer {
    config: Config,
    random: Random,
    episodes: u64,
    steps: u64,
}

/// What was seen in some episodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experience {
    /// The episodes.
    pub episodes: Vec<EpisodeStats>,
    /// Their transitions in order, packed.
    pub transitions: Blob,
}

/// Bytes of a packed transition: both states, the reward, the action and whether it was the end.
const PACKED: usize = 2 * dqn::STATE * 4 + 4 + 2;

fn pack(transition: &Transition, out: &mut Vec<u8>) {
    for number in transition.state.iter().chain(&transition.next_state).chain([&transition.reward]) {
        out.extend(number.to_le_bytes());
    }
    out.extend([transition.action, u8::from(transition.done)]);
}

impl Experience {
    /// The transitions, one after another.
    pub fn transitions(&self) -> impl Iterator<Item = Transition> {
        self.transitions.chunks_exact(PACKED).map(|bytes| {
            let number = |at: usize| {
                let at = 4 * at;
                f32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
            };
            Transition {
                state: std::array::from_fn(number),
                next_state: std::array::from_fn(|i| number(dqn::STATE + i)),
                reward: number(2 * dqn::STATE),
                action: bytes[PACKED - 2].min(dqn::ACTIONS as u8 - 1),
                done: bytes[PACKED - 1] != 0,
            }
        })
    }
}

#[mobula::actor(max_restarts = -1, max_task_retries = -1)]
impl Explorer {
    /// One that has seen nothing.
    pub fn new(config: Config, seed: u64) -> Result<Self> {
        config.check()?;
        Ok(Explorer { config, random: Random::new(seed), episodes: 0, steps: 0 })
    }

    /// Plays that many episodes with these weights, and a random action with a chance of `epsilon`.
    pub fn explore(&mut self, weights: &Weights, episodes: usize, epsilon: f64) -> Result<Experience> {
        let limit = self.config.max_episode_steps;
        let mut lander = LunarLander::new(Options { max_episode_steps: limit, ..Options::default() })?;
        let mut network = Network::new(weights);
        let mut transitions = Vec::new();
        let episodes: Result<_> = (0..episodes)
            .map(|_| self.episode(&mut lander, &mut network, epsilon, &mut transitions))
            .collect();
        Ok(Experience { episodes: episodes?, transitions: transitions.into() })
    }

    /// All that it is, to go on from later.
    pub fn save(&self) -> Result<Blob> {
        Ok(rmp_serde::to_vec(&(&self.random, self.episodes, self.steps))?.into())
    }

    /// Becomes what was saved.
    pub fn restore(&mut self, saved: &Blob) -> Result<()> {
        (self.random, self.episodes, self.steps) =
            rmp_serde::from_slice(saved).context("an Explorer's saved state")?;
        Ok(())
    }
}

impl Explorer {
    fn episode(
        &mut self,
        lander: &mut LunarLander,
        network: &mut Network,
        epsilon: f64,
        transitions: &mut Vec<u8>,
    ) -> Result<EpisodeStats> {
        let (mut reward, mut steps) = (0.0, 0);
        let mut state = lander.reset(self.random.bits().into());
        loop {
            let action = if self.random.unit() < epsilon {
                self.random.below(dqn::ACTIONS as u32) as u8
            } else {
                network.greedy(&state)
            };
            let step = lander.step(Action::Discrete(action))?;
            (reward, steps) = (reward + step.reward, steps + 1);
            let (next_state, done) = (step.observation, step.done());
            pack(&Transition { state, action, reward: step.reward as f32, next_state, done }, transitions);
            state = next_state;
            if done {
                break;
            }
        }
        self.episodes += 1;
        self.steps += u64::from(steps);
        Ok(EpisodeStats {
            episode: self.episodes,
            reward,
            steps,
            total_steps: self.steps,
            epsilon,
            learn_steps: 0,
            loss: 0.0,
            value: 0.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_transitions_come_back() {
        let one = Transition {
            state: std::array::from_fn(|i| i as f32),
            next_state: std::array::from_fn(|i| -(i as f32)),
            reward: 0.5,
            action: 3,
            done: true,
        };
        let two = Transition { action: 0, done: false, reward: f32::MIN_POSITIVE, ..one };
        let mut bytes = Vec::new();
        pack(&one, &mut bytes);
        pack(&two, &mut bytes);
        let experience = Experience { episodes: Vec::new(), transitions: bytes.into() };
        assert_eq!(experience.transitions().collect::<Vec<_>>(), [one, two]);
    }
}
