//! One environment of given rules.

use crate::dynamics::Dynamics;
use crate::error::{BatchError, StepError};
use crate::phase::Phase;
use crate::random::Generator;
use crate::traits::{Environment, Step};

/// One environment of given rules, before its first reset.
#[derive(Clone, Debug)]
pub struct Single<D> {
    dynamics: D,
    random: Generator,
    phase: Phase,
    steps: u32,
    limit: Option<u32>,
}

impl<D: Dynamics> Single<D> {
    /// An environment without a time limit.
    pub fn new(dynamics: D) -> Self {
        Self { dynamics, random: Generator::new(0), phase: Phase::NotReset, steps: 0, limit: None }
    }

    /// The same, with episodes truncated after `steps`.
    ///
    /// # Errors
    ///
    /// `steps` is 0.
    pub fn time_limit(self, steps: u32) -> Result<Self, BatchError> {
        if steps == 0 { Err(BatchError::NoSteps) } else { Ok(Self { limit: Some(steps), ..self }) }
    }

    /// The rules, with all that they keep of the episode.
    pub fn dynamics(&self) -> &D {
        &self.dynamics
    }

    /// The random numbers that it goes on with.
    pub fn generator(&self) -> &Generator {
        &self.random
    }
}

impl<D: Dynamics> Environment for Single<D> {
    type Action = D::Action;
    type Observation = D::Observation;

    fn reset(&mut self, seed: u128) -> D::Observation {
        self.random = Generator::new(seed);
        self.reset_next()
    }

    fn reset_next(&mut self) -> D::Observation {
        self.phase = Phase::Running;
        self.steps = 0;
        self.dynamics.start(&mut self.random)
    }

    fn step(&mut self, action: D::Action) -> Result<Step<D::Observation>, StepError> {
        self.phase.check()?;
        self.steps += 1;
        let step = self.dynamics.step(action, &mut self.random);
        let truncated = self.limit.is_some_and(|limit| self.steps >= limit);
        if step.terminated || truncated {
            self.phase = Phase::Ended;
        }
        let (observation, reward, terminated) = (step.observation, step.reward, step.terminated);
        Ok(Step { observation, reward, terminated, truncated })
    }
}
