//! An agent that plays and does not learn.

use anyhow::{Context as _, Result};
use dqn::{
    Config, EpisodeStats, Game, Lanes, Network, OneStep, Random, SavedLanes, Steps, Transition, Weights,
    play_in,
};
use lunar_lander::{Action, Environment, LunarLander, Options};
use mobula::{Blob, Ray};
use serde::{Deserialize, Serialize};

use crate::agent::Trained;
use crate::plan::{Plan, Rules};

/// Plays with environments of its own and gives what it saw to the learner.
pub struct Explorer {
    plan: Plan,
    random: Random,
    episodes: u64,
    steps: u64,
    /// Environments in lockstep, and what of their episodes is no transition yet; by the textbook's rules there are none between
    /// rounds.
    lanes: Option<(Lanes, Vec<Steps>)>,
    /// Started again, and not played since.
    lost: bool,
}

/// What was seen in a round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experience {
    /// What the round was like.
    pub trained: Trained,
    /// The transitions in order, packed.
    pub transitions: Blob,
}

/// Packs a transition: both states, the reward, the discount, the action.
fn pack(transition: &Transition<'_>, out: &mut Vec<u8>) {
    let Transition { state, action, reward, next_state, discount } = transition;
    for number in state.iter().chain(*next_state).chain([reward, discount]) {
        out.extend(number.to_le_bytes());
    }
    out.push(*action);
}

impl Experience {
    /// Passes the transitions on, between observations of so many numbers: an iterator whose items are calls of a function.
    pub(crate) fn transitions(&self, observation: usize) -> impl Iterator<Item = Packed<'_>> {
        let size = 4 * (2 * observation + 2) + 1;
        self.transitions.chunks_exact(size).map(move |bytes| Packed { bytes, observation })
    }
}

/// A transition in its packed form.
pub(crate) struct Packed<'a> {
    bytes: &'a [u8],
    observation: usize,
}

impl Packed<'_> {
    /// Unpacks it, with room for its numbers.
    pub(crate) fn read<T>(
        &self,
        actions: usize,
        numbers: &mut Vec<f32>,
        with: impl FnOnce(&Transition<'_>) -> T,
    ) -> T {
        let (chunks, rest) = self.bytes.as_chunks::<4>();
        numbers.clear();
        numbers.extend(chunks.iter().map(|&bytes| f32::from_le_bytes(bytes)));
        let (state, after) = numbers.split_at(self.observation);
        let (next_state, rates) = after.split_at(self.observation);
        let action = rest[0].min((actions - 1) as u8);
        with(&Transition { state, action, reward: rates[0], next_state, discount: rates[1] })
    }
}

#[mobula::actor(max_restarts = -1, max_task_retries = -1)]
impl Explorer {
    /// One that has seen nothing.
    pub fn new(ray: &Ray, plan: Plan, seed: u64) -> Result<Self> {
        let config = &plan.config;
        config.check()?;
        let mut random = Random::new(seed);
        let lanes = match plan.rules {
            Rules::Textbook => None,
            Rules::Fast => {
                let count = plan.pqn.environments / plan.agents;
                let lanes = Lanes::new(&*plan.kind()?, count, config.max_episode_steps, &mut random)?;
                let steps = vec![Steps::new(config); count];
                Some((lanes, steps))
            }
        };
        Ok(Explorer { plan, random, episodes: 0, steps: 0, lanes, lost: ray.context()?.restarted })
    }

    /// Plays a round with these weights, so many episodes or environment steps, and a random action with a chance of `epsilon`.
    pub fn explore(&mut self, weights: &Weights, work: u64, epsilon: f64) -> Result<Experience> {
        let mut network = Network::new(weights);
        let mut transitions = Vec::new();
        let restarted = std::mem::take(&mut self.lost);
        let trained = match &self.lanes {
            Some(_) => self.in_lockstep(work, &mut network, epsilon, &mut transitions)?,
            None => {
                let limit = self.plan.config.max_episode_steps;
                let options = Options { max_episode_steps: limit, ..Options::default() };
                let mut lander = LunarLander::new(options)?;
                let episodes: Result<_> = (0..work)
                    .map(|_| self.episode(&mut lander, &mut network, epsilon, &mut transitions))
                    .collect();
                Trained::of_episodes(episodes?)
            }
        };
        Ok(Experience { trained: Trained { epsilon, restarted, ..trained }, transitions: transitions.into() })
    }

    /// Plays a game for each seed, greedily.
    pub fn play(&self, weights: &Weights, seeds: &[u64], max_steps: u32) -> Result<Vec<Game>> {
        Ok(play_in(&*self.plan.kind()?, weights, seeds, max_steps)?)
    }

    /// All that it is, to go on from later.
    pub fn save(&self) -> Result<Blob> {
        let lanes = self.lanes.as_ref().map(|(lanes, steps)| (lanes.save(), steps));
        Ok(rmp_serde::to_vec(&(&self.random, self.episodes, self.steps, lanes))?.into())
    }

    /// Becomes what was saved.
    pub fn restore(&mut self, saved: &Blob) -> Result<()> {
        let (random, episodes, steps, lanes): (Random, u64, u64, Option<(SavedLanes, Vec<Steps>)>) =
            rmp_serde::from_slice(saved).context("an Explorer's saved state")?;
        self.lanes = match lanes {
            Some((lanes, steps)) => {
                let limit = self.plan.config.max_episode_steps;
                let lanes = Lanes::restore(&*self.plan.kind()?, limit, lanes)?;
                anyhow::ensure!(
                    lanes.count() == steps.len(),
                    "an Explorer's saved state does not fit together"
                );
                Some((lanes, steps))
            }
            None => None,
        };
        (self.random, self.episodes, self.steps, self.lost) = (random, episodes, steps, false);
        Ok(())
    }
}

impl Explorer {
    fn in_lockstep(
        &mut self,
        work: u64,
        network: &mut Network,
        epsilon: f64,
        transitions: &mut Vec<u8>,
    ) -> Result<Trained> {
        let mut trained = Trained::default();
        let Some((lanes, joined)) = &mut self.lanes else { return Ok(trained) };
        let count = lanes.count();
        let mut states = Vec::new();
        let mut actions = vec![0; count];
        let choices = network.sizes().actions as u32;
        while trained.steps < work {
            states.clear();
            for (i, action) in actions.iter_mut().enumerate() {
                let state = lanes.observation(i);
                states.extend_from_slice(state);
                *action = if self.random.unit() < epsilon {
                    self.random.below(choices) as u8
                } else {
                    network.greedy(state)
                };
            }
            trained.steps += count as u64;
            self.steps += count as u64;
            let (total_steps, episodes) = (self.steps, &mut self.episodes);
            lanes.step(&actions, &mut self.random, |_, reward, steps| {
                *episodes += 1;
                let episode = *episodes;
                let (learn_steps, loss, value) = (0, 0.0, 0.0);
                trained.episodes.push(EpisodeStats {
                    episode,
                    reward,
                    steps,
                    total_steps,
                    epsilon,
                    learn_steps,
                    loss,
                    value,
                });
            })?;
            let size = states.len() / count;
            for (i, state) in states.chunks_exact(size).enumerate() {
                let (reward, terminated, truncated) = lanes.outcome(i);
                let (action, next_state) = (actions[i], lanes.next_observation(i));
                let step = OneStep { state, action, reward, next_state, terminated, truncated };
                joined[i].push(step, |transition| pack(transition, transitions));
            }
        }
        Ok(trained)
    }

    fn episode(
        &mut self,
        lander: &mut LunarLander,
        network: &mut Network,
        epsilon: f64,
        transitions: &mut Vec<u8>,
    ) -> Result<EpisodeStats> {
        let (mut sum, mut steps) = (0.0, 0);
        let config: &Config = &self.plan.config;
        let mut joined = Steps::new(config);
        let mut state = lander.reset(self.random.bits().into());
        loop {
            let action = if self.random.unit() < epsilon {
                self.random.below(dqn::ACTIONS as u32) as u8
            } else {
                network.greedy(&state)
            };
            let step = lander.step(Action::Discrete(action))?;
            (sum, steps) = (sum + step.reward, steps + 1);
            let (next, terminated, truncated) = (step.observation, step.terminated, step.truncated);
            let (reward, next_state) = (step.reward, &next);
            let one = OneStep { state: &state, action, reward, next_state, terminated, truncated };
            joined.push(one, |transition| pack(transition, transitions));
            state = next;
            if terminated || truncated {
                break;
            }
        }
        self.episodes += 1;
        self.steps += u64::from(steps);
        Ok(EpisodeStats {
            episode: self.episodes,
            reward: sum,
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
        for size in [8_usize, 3] {
            let numbers: Vec<f32> = (0..2 * size).map(|i| i as f32 - 3.5).collect();
            let (state, next_state) = numbers.split_at(size);
            let one = Transition { state, next_state, reward: 0.5, action: 3, discount: 0.99 };
            let two = Transition { action: 0, discount: 0.0, reward: f32::MIN_POSITIVE, ..one };
            let mut bytes = Vec::new();
            pack(&one, &mut bytes);
            pack(&two, &mut bytes);
            let experience = Experience { trained: Trained::default(), transitions: bytes.into() };
            let mut room = Vec::new();
            let mut expected = [one, two].into_iter();
            for packed in experience.transitions(size) {
                packed.read(4, &mut room, |read| assert_eq!(Some(*read), expected.next()));
            }
            assert!(expected.next().is_none());
        }
    }
}
