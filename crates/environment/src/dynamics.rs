//! The rules of an environment, without the book-keeping.

use crate::random::Generator;

/// What the rules make of an action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition<O> {
    /// What the agent sees after the step.
    pub observation: O,
    /// What the step earned.
    pub reward: f64,
    /// Whether the episode ends here by its own rules.
    pub terminated: bool,
}

/// The rules of an environment: how an episode starts, and what a step does.
///
/// [`Single`](crate::Single) and [`Vectorized`](crate::Vectorized) make environments of it. They keep the seeds, end
/// episodes at the time limit, and take no step before the first reset or after an end.
///
/// To make the same episode of the same seed and actions, all chance must come from the generator.
pub trait Dynamics: Clone {
    /// What the agent does.
    type Action: Copy;
    /// What the agent sees.
    type Observation: Copy;

    /// Starts an episode, and returns its first observation.
    fn start(&mut self, random: &mut Generator) -> Self::Observation;

    /// Takes one step.
    fn step(&mut self, action: Self::Action, random: &mut Generator) -> Transition<Self::Observation>;
}
