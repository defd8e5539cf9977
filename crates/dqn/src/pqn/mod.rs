//! PQN: Q-learning on what many environments show at once, with neither replay memory nor target network.
//!
//! Gallici et al., "Simplifying Deep Temporal Difference Learning" (2024). All environments take a few steps with the network at
//! hand; from the values it gave on the way, every step gets its λ-return, Peng's Q(λ):
//!
//! ```text
//! G(t) = r(t) + γ · [(1 - λ) · V(t + 1) + λ · G(t + 1)],  V = max Q, λ = 0 at an episode's end and at the rollout's
//! ```
//!
//! A terminal state is worth nothing; the state at the time limit keeps its value. The network then learns the returns by
//! minibatches, several times over, and forgets them. Unlike the paper's, the network has no normalisation: rewards scaled down
//! do the same here.
//!
//! What is tested and kept is a moving average of the weights: those of one moment play unevenly.

mod config;
mod lanes;

use environment::DiscreteVectorEnvironment;
use serde::{Deserialize, Serialize};

pub use config::PqnConfig;
pub use lanes::{Lanes, SavedLanes};

use crate::agent::EpisodeStats;
use crate::error::Error;
use crate::learner::{Learner, best};
use crate::random::Random;
use crate::sizes::Sizes;
use crate::weights::Weights;

/// What a part of a training was like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// The episodes that ended in it.
    pub episodes: Vec<EpisodeStats>,
    /// Environment steps.
    pub steps: u64,
    /// Learn steps.
    pub learn_steps: u64,
    /// Mean over the learn steps of the mean squared error, of scaled rewards; 0 without any.
    pub loss: f32,
    /// Mean over the learn steps of the mean value of the actions taken, of scaled rewards; 0 without any.
    pub value: f32,
    /// Chance of a random action at its end.
    pub epsilon: f64,
}

/// An agent that learns by PQN.
///
/// The same seed, parameters and kind of environment give the same weights, on any machine and any thread. What
/// [`to_bytes`](Self::to_bytes) gives goes on bit for bit.
///
/// ```
/// use lunar_lander::{Batch, Options};
///
/// let kind = Batch::new(Options::default(), 1)?;
/// let mut agent = dqn::Pqn::new(&kind, dqn::PqnConfig::default(), 1)?;
/// let stretch = agent.train(2000)?;
/// assert_eq!((stretch.steps, stretch.learn_steps), (2048, 128));
/// assert!(agent.average().is_finite());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Pqn {
    config: PqnConfig,
    learner: Learner,
    lanes: Lanes,
    random: Random,
    steps: u64,
    episodes: u64,
    rollout: Rollout,
}

/// What all environments showed in one rollout: those of an environment lie one after the other.
struct Rollout {
    states: Vec<f32>,
    actions: Vec<u8>,
    rewards: Vec<f32>,
    /// The value of the state that each step led to.
    values: Vec<f32>,
    ends: Vec<bool>,
    goals: Vec<f32>,
    order: Vec<u32>,
    /// The action that each environment takes next, unless it is one by chance, and its value.
    greedy: Vec<(u8, f32)>,
    chosen: Vec<u8>,
    minibatch: (Vec<f32>, Vec<u8>, Vec<f32>),
}

impl Rollout {
    fn new(config: &PqnConfig, size: usize) -> Self {
        let all = config.environments * config.rollout;
        Self {
            states: vec![0.0; all * size],
            actions: vec![0; all],
            rewards: vec![0.0; all],
            values: vec![0.0; all],
            ends: vec![false; all],
            goals: vec![0.0; all],
            order: (0..all as u32).collect(),
            greedy: vec![(0, 0.0); config.environments],
            chosen: vec![0; config.environments],
            minibatch: Default::default(),
        }
    }

    /// The λ-returns.
    fn aim(&mut self, config: &PqnConfig) {
        let (gamma, lambda) = (config.discount as f32, config.lambda as f32);
        for first in (0..self.goals.len()).step_by(config.rollout) {
            let last = first + config.rollout - 1;
            let mut after = 0.0;
            for x in (first..=last).rev() {
                let lambda = if self.ends[x] || x == last { 0.0 } else { lambda };
                after = self.rewards[x] + gamma * ((1.0 - lambda) * self.values[x] + lambda * after);
                self.goals[x] = after;
            }
        }
    }
}

impl Pqn {
    /// An agent that knows nothing, in environments of this kind.
    ///
    /// # Errors
    ///
    /// A parameter out of its range.
    pub fn new(kind: &dyn DiscreteVectorEnvironment, config: PqnConfig, seed: u64) -> Result<Self, Error> {
        config.check()?;
        let mut random = Random::new(seed);
        let sizes =
            Sizes { observation: kind.observation_size(), hidden: config.hidden, actions: kind.actions() };
        let weights = Weights::initial(sizes, random.bits())?;
        let learner = Learner::new(config.learner(), &weights)?;
        let lanes = Lanes::new(kind, config.environments, config.max_episode_steps, &mut random)?;
        let rollout = Rollout::new(&config, sizes.observation);
        Ok(Self { learner, lanes, random, steps: 0, episodes: 0, rollout, config })
    }

    /// Trains so many environment steps, rounded up to whole rollouts.
    ///
    /// # Errors
    ///
    /// A weight or a reward that became infinite or not a number.
    pub fn train(&mut self, steps: u64) -> Result<Stretch, Error> {
        let mut stretch = Stretch::default();
        while stretch.steps < steps {
            self.collect(&mut stretch)?;
            self.rollout.aim(&self.config);
            self.learn(&mut stretch)?;
        }
        let learned = stretch.learn_steps.max(1) as f32;
        stretch.loss /= learned;
        stretch.value /= learned;
        stretch.epsilon = self.config.epsilon_at(self.steps);
        if !self.learner.is_finite() {
            return Err(Error::NotFinite { what: "a weight", episode: self.episodes });
        }
        Ok(stretch)
    }

    /// Takes a rollout's steps.
    fn collect(&mut self, stretch: &mut Stretch) -> Result<(), Error> {
        let Self { config, learner, lanes, random, rollout, .. } = self;
        let (count, length) = (config.environments, config.rollout);
        let actions = learner.sizes().actions as u32;
        let mut judge = |state: &[f32]| {
            let values = learner.values(state);
            let action = best(values);
            (action, values[usize::from(action)])
        };
        // The weights have changed since the last rollout.
        for (i, greedy) in rollout.greedy.iter_mut().enumerate() {
            *greedy = judge(lanes.observation(i));
        }
        let size = lanes.observation(0).len();
        for k in 0..length {
            let epsilon = config.epsilon_at(self.steps);
            for i in 0..count {
                let chosen = &mut rollout.chosen[i];
                *chosen =
                    if random.unit() < epsilon { random.below(actions) as u8 } else { rollout.greedy[i].0 };
                let x = i * length + k;
                rollout.states[x * size..][..size].copy_from_slice(lanes.observation(i));
                rollout.actions[x] = *chosen;
            }
            self.steps += count as u64;
            let (steps, episodes, bad) = (self.steps, &mut self.episodes, &mut false);
            lanes.step(&rollout.chosen, random, |_, reward, length| {
                *episodes += 1;
                *bad |= !reward.is_finite();
                stretch.episodes.push(EpisodeStats {
                    episode: *episodes,
                    reward,
                    steps: length,
                    total_steps: steps,
                    epsilon,
                    learn_steps: 0,
                    loss: 0.0,
                    value: 0.0,
                });
            })?;
            if *bad {
                return Err(Error::NotFinite { what: "a reward", episode: *episodes });
            }
            for i in 0..count {
                let x = i * length + k;
                let (reward, terminated, truncated) = lanes.outcome(i);
                rollout.rewards[x] = (reward * config.reward_scale) as f32;
                rollout.ends[x] = terminated || truncated;
                rollout.greedy[i] = judge(lanes.observation(i));
                rollout.values[x] = match () {
                    () if terminated => 0.0,
                    () if truncated => judge(lanes.next_observation(i)).1,
                    () => rollout.greedy[i].1,
                };
            }
        }
        stretch.steps += config.iteration();
        Ok(())
    }

    /// Learns the rollout's returns.
    fn learn(&mut self, stretch: &mut Stretch) -> Result<(), Error> {
        let Self { config, learner, random, rollout, .. } = self;
        let size = learner.sizes().observation;
        for _ in 0..config.epochs {
            for last in (1..rollout.order.len()).rev() {
                rollout.order.swap(last, random.below(last as u32 + 1) as usize);
            }
            for chosen in rollout.order.chunks_exact(config.batch_size) {
                let (states, actions, goals) = &mut rollout.minibatch;
                states.clear();
                actions.clear();
                goals.clear();
                for &x in chosen {
                    let x = x as usize;
                    states.extend_from_slice(&rollout.states[x * size..][..size]);
                    actions.push(rollout.actions[x]);
                    goals.push(rollout.goals[x]);
                }
                let learned = learner.fit(states, actions, goals, config.follow(learner.steps() + 1))?;
                stretch.learn_steps += 1;
                stretch.loss += learned.loss;
                stretch.value += learned.value;
            }
        }
        Ok(())
    }

    /// The network's parameters.
    pub fn weights(&self) -> Weights {
        self.learner.weights()
    }

    /// The moving average of the network's parameters: what is to be tested and kept.
    pub fn average(&self) -> Weights {
        if self.learner.steps() == 0 { self.learner.weights() } else { self.learner.target_weights() }
    }

    /// Replaces the network's parameters; the environments, the moving average and the optimiser stay.
    ///
    /// # Errors
    ///
    /// Weights of another size.
    pub fn set_weights(&mut self, weights: &Weights) -> Result<(), Error> {
        self.learner.set_weights(weights)
    }

    /// Goes on in the place of an agent that had trained so many steps: its exploration has come as far.
    pub fn take_over(&mut self, steps: u64) {
        self.steps = steps;
    }

    /// The parameters.
    pub fn config(&self) -> &PqnConfig {
        &self.config
    }

    /// Steps of all environments so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Episodes that ended so far.
    pub fn episodes(&self) -> u64 {
        self.episodes
    }

    /// As bytes, to go on from later.
    ///
    /// # Errors
    ///
    /// None that is known of.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let saved = Saved {
            config: self.config.clone(),
            learner: self.learner.clone(),
            lanes: self.lanes.save(),
            random: self.random.clone(),
            order: self.rollout.order.clone(),
            steps: self.steps,
            episodes: self.episodes,
        };
        rmp_serde::to_vec(&saved).map_err(|e| Error::State(e.to_string()))
    }

    /// From [bytes](Self::to_bytes), in environments of the same kind.
    ///
    /// # Errors
    ///
    /// Bytes that are no saved agent, or one that does not fit together or to the environment.
    pub fn from_bytes(kind: &dyn DiscreteVectorEnvironment, bytes: &[u8]) -> Result<Self, Error> {
        let saved: Saved = rmp_serde::from_slice(bytes).map_err(|e| Error::State(e.to_string()))?;
        let Saved { config, learner, lanes, random, order, steps, episodes } = saved;
        config.check()?;
        let expected =
            Sizes { observation: kind.observation_size(), hidden: config.hidden, actions: kind.actions() };
        learner.weights().expect_sizes("the saved weights", expected)?;
        let lanes = Lanes::restore(kind, config.max_episode_steps, lanes)?;
        let mut rollout = Rollout::new(&config, expected.observation);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if lanes.count() != config.environments || sorted != rollout.order {
            return Err(Error::State("an agent's environments are not those of its parameters".to_owned()));
        }
        rollout.order = order;
        Ok(Self { learner, lanes, random, steps, episodes, rollout, config })
    }
}

/// An agent as it is saved.
#[derive(Serialize, Deserialize)]
struct Saved {
    config: PqnConfig,
    learner: Learner,
    lanes: SavedLanes,
    random: Random,
    /// The order of the last epoch, which the next one shuffles on.
    order: Vec<u32>,
    steps: u64,
    episodes: u64,
}
