//! The terms of an environment, as Gymnasium has them.

use crate::error::StepError;

/// What a step returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<O> {
    /// What the agent sees after the step.
    pub observation: O,
    /// What the step earned.
    pub reward: f64,
    /// Whether the episode ended by its own rules.
    pub terminated: bool,
    /// Whether the episode ended by the time limit.
    pub truncated: bool,
}

impl<O> Step<O> {
    /// Whether the episode ended either way.
    pub fn done(&self) -> bool {
        self.terminated || self.truncated
    }
}

/// One environment.
pub trait Environment {
    /// What the agent does.
    type Action;
    /// What the agent sees.
    type Observation;

    /// Starts an episode, with the random numbers of `seed`.
    fn reset(&mut self, seed: u128) -> Self::Observation;

    /// Starts the next episode, with the random numbers that follow those of the last one.
    fn reset_next(&mut self) -> Self::Observation;

    /// Takes one step.
    ///
    /// # Errors
    ///
    /// An action that the environment does not have, or no episode under way. Nothing changes then.
    fn step(&mut self, action: Self::Action) -> Result<Step<Self::Observation>, StepError>;
}

/// What a step of many environments returns; item `i` of every slice belongs to environment `i`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VectorStep<'a, O> {
    /// What the agents see: after the step, or after the reset that followed it.
    pub observations: &'a [O],
    /// What the step earned.
    pub rewards: &'a [f64],
    /// Whether an episode ended by its own rules.
    pub terminated: &'a [bool],
    /// Whether an episode ended by the time limit.
    pub truncated: &'a [bool],
    /// The last observations of episodes that ended in this step and were reset in it; other items are of
    /// earlier episodes, or zero.
    pub final_observations: &'a [O],
}

/// Many environments that are stepped together.
pub trait VectorEnvironment {
    /// What the agents do.
    type Action;
    /// What the agents see.
    type Observation;

    /// How many environments.
    fn count(&self) -> usize;

    /// Starts an episode everywhere, one seed for each environment.
    ///
    /// # Errors
    ///
    /// The seeds are not as many as the environments.
    fn reset(&mut self, seeds: &[u128]) -> Result<&[Self::Observation], StepError>;

    /// Takes one step everywhere, one action for each environment.
    ///
    /// # Errors
    ///
    /// The actions are not as many as the environments, one of them is none that the environment has, or no
    /// episode has been started. Nothing changes then.
    fn step(&mut self, actions: &[Self::Action]) -> Result<VectorStep<'_, Self::Observation>, StepError>;
}

/// What happens to an environment among many whose episode has ended, in the terms of Gymnasium's `AutoresetMode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoReset {
    /// The next step resets it instead of taking the action: its observation is the new episode's first, its
    /// reward is 0. Gymnasium's default, and EnvPool's.
    #[default]
    NextStep,
    /// The step that ends the episode resets it too: its observation is the new episode's first, and the
    /// last one of the old is among [`VectorStep::final_observations`].
    SameStep,
    /// It rests, with a reward of 0, until somebody resets it.
    Disabled,
}
