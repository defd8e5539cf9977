//! Many environments of given rules.

use crate::discrete::{DiscreteAction, DiscreteVectorEnvironment, FlatObservation, FlatStep};
use crate::dynamics::Dynamics;
use crate::error::{BatchError, StepError};
use crate::phase::Phase;
use crate::random::Generator;
use crate::traits::{AutoReset, VectorEnvironment, VectorStep};

/// One of many.
#[derive(Clone, Debug)]
struct Lane<D> {
    dynamics: D,
    random: Generator,
    phase: Phase,
    steps: u32,
}

impl<D: Dynamics> Lane<D> {
    fn start(&mut self) -> D::Observation {
        self.phase = Phase::Running;
        self.steps = 0;
        self.dynamics.start(&mut self.random)
    }
}

/// Many environments of given rules, stepped together.
#[derive(Clone, Debug)]
pub struct Vectorized<D: Dynamics> {
    lanes: Vec<Lane<D>>,
    auto_reset: AutoReset,
    limit: Option<u32>,
    observations: Vec<D::Observation>,
    final_observations: Vec<D::Observation>,
    rewards: Vec<f64>,
    terminated: Vec<bool>,
    truncated: Vec<bool>,
}

impl<D: Dynamics<Observation: FlatObservation>> Vectorized<D> {
    /// `count` environments without a time limit, before their first reset.
    ///
    /// # Errors
    ///
    /// No environment at all, or more than 32 bits count.
    pub fn new(dynamics: D, count: usize, auto_reset: AutoReset) -> Result<Self, BatchError> {
        BatchError::check_count(count)?;
        let lane = Lane { dynamics, random: Generator::new(0), phase: Phase::NotReset, steps: 0 };
        let zero = D::Observation::ZERO;
        Ok(Self {
            lanes: vec![lane; count],
            auto_reset,
            limit: None,
            observations: vec![zero; count],
            final_observations: vec![zero; count],
            rewards: vec![0.0; count],
            terminated: vec![false; count],
            truncated: vec![false; count],
        })
    }

    /// The same, with episodes truncated after `steps`.
    ///
    /// # Errors
    ///
    /// `steps` is 0.
    pub fn time_limit(self, steps: u32) -> Result<Self, BatchError> {
        if steps == 0 { Err(BatchError::NoSteps) } else { Ok(Self { limit: Some(steps), ..self }) }
    }
}

impl<D: Dynamics> Vectorized<D> {
    /// The rules of environment `index`, with all that they keep of the episode.
    ///
    /// # Panics
    ///
    /// There is no environment `index`.
    pub fn dynamics(&self, index: usize) -> &D {
        &self.lanes[index].dynamics
    }

    /// Starts an episode in environment `index`, with the random numbers of `seed`, or with those that
    /// follow its last episode's.
    ///
    /// # Panics
    ///
    /// There is no environment `index`.
    pub fn reset_at(&mut self, index: usize, seed: Option<u128>) -> D::Observation {
        if let Some(seed) = seed {
            self.lanes[index].random = Generator::new(seed);
        }
        self.begin(index);
        self.observations[index]
    }

    fn begin(&mut self, i: usize) {
        self.observations[i] = self.lanes[i].start();
        self.rewards[i] = 0.0;
        self.terminated[i] = false;
        self.truncated[i] = false;
    }

    /// Checks everything, so that an error leaves every environment as it was.
    fn check(&self, given: usize) -> Result<(), StepError> {
        if given != self.lanes.len() {
            return Err(StepError::Count { given, expected: self.lanes.len() });
        }
        match self.lanes.iter().any(|lane| lane.phase == Phase::NotReset) {
            true => Err(StepError::NotReset),
            false => Ok(()),
        }
    }

    #[inline]
    fn advance(&mut self, actions: impl Iterator<Item = D::Action>) {
        for (i, action) in actions.enumerate() {
            let lane = &mut self.lanes[i];
            if lane.phase == Phase::Ended {
                if self.auto_reset == AutoReset::Disabled {
                    self.rewards[i] = 0.0;
                    continue;
                }
                self.begin(i);
                continue;
            }
            lane.steps += 1;
            let step = lane.dynamics.step(action, &mut lane.random);
            let truncated = self.limit.is_some_and(|limit| lane.steps >= limit);
            self.observations[i] = step.observation;
            self.rewards[i] = step.reward;
            self.terminated[i] = step.terminated;
            self.truncated[i] = truncated;
            if step.terminated || truncated {
                lane.phase = Phase::Ended;
                if self.auto_reset == AutoReset::SameStep {
                    self.final_observations[i] = step.observation;
                    self.observations[i] = lane.start();
                }
            }
        }
    }

    fn seed(&mut self, seeds: &[u128]) -> Result<(), StepError> {
        if seeds.len() != self.lanes.len() {
            return Err(StepError::Count { given: seeds.len(), expected: self.lanes.len() });
        }
        for (i, &seed) in seeds.iter().enumerate() {
            self.lanes[i].random = Generator::new(seed);
            self.begin(i);
        }
        Ok(())
    }

    fn last(&self) -> VectorStep<'_, D::Observation> {
        VectorStep {
            observations: &self.observations,
            rewards: &self.rewards,
            terminated: &self.terminated,
            truncated: &self.truncated,
            final_observations: &self.final_observations,
        }
    }
}

impl<D: Dynamics> VectorEnvironment for Vectorized<D> {
    type Action = D::Action;
    type Observation = D::Observation;

    fn count(&self) -> usize {
        self.lanes.len()
    }

    fn reset(&mut self, seeds: &[u128]) -> Result<&[D::Observation], StepError> {
        self.seed(seeds)?;
        Ok(&self.observations)
    }

    fn step(&mut self, actions: &[D::Action]) -> Result<VectorStep<'_, D::Observation>, StepError> {
        self.check(actions.len())?;
        self.advance(actions.iter().copied());
        Ok(self.last())
    }
}

impl<D> DiscreteVectorEnvironment for Vectorized<D>
where
    D: Dynamics<Action: DiscreteAction, Observation: FlatObservation + Send> + Send + 'static,
{
    fn environments(&self) -> usize {
        self.lanes.len()
    }

    #[inline]
    fn observation_size(&self) -> usize {
        D::Observation::SIZE
    }

    #[inline]
    fn actions(&self) -> usize {
        D::Action::COUNT
    }

    fn max_episode_steps(&self) -> Option<u32> {
        self.limit
    }

    fn reset_flat(&mut self, seeds: &[u128]) -> Result<&[f32], StepError> {
        self.seed(seeds)?;
        Ok(FlatObservation::flatten(&self.observations))
    }

    fn reset_flat_at(&mut self, index: usize, seed: u128) -> &[f32] {
        self.reset_at(index, Some(seed));
        FlatObservation::flatten(&self.observations[index..=index])
    }

    fn step_flat(&mut self, actions: &[u8]) -> Result<FlatStep<'_>, StepError> {
        self.check(actions.len())?;
        if let Some(&given) = actions.iter().find(|&&action| D::Action::from_index(action).is_none()) {
            return Err(StepError::Discrete { given: given.into(), count: D::Action::COUNT });
        }
        // None is left out: they were all looked at.
        self.advance(actions.iter().filter_map(|&action| D::Action::from_index(action)));
        let VectorStep { observations, rewards, terminated, truncated, final_observations } = self.last();
        let [observations, final_observations] =
            [observations, final_observations].map(FlatObservation::flatten);
        Ok(VectorStep { observations, rewards, terminated, truncated, final_observations })
    }

    fn alike(
        &self,
        count: usize,
        auto_reset: AutoReset,
        max_episode_steps: Option<u32>,
    ) -> Result<Box<dyn DiscreteVectorEnvironment + Send>, BatchError> {
        let all = Self::new(self.lanes[0].dynamics.clone(), count, auto_reset)?;
        Ok(Box::new(match max_episode_steps.or(self.limit) {
            Some(limit) => all.time_limit(limit)?,
            None => all,
        }))
    }
}
