//! The terms of an environment, as Gymnasium has them.

use crate::error::StepError;

/// What the lander sees, 8 numbers.
///
/// | index | | unit | bound |
/// |---|---|---|---|
/// | 0 | horizontal distance from the pad | 10 m | ±2.5 |
/// | 1 | height above the pad | 6.67 m | ±2.5 |
/// | 2 | horizontal speed | 5 m/s | ±10 |
/// | 3 | vertical speed | 7.5 m/s | ±10 |
/// | 4 | angle, counter-clockwise | rad | ±2π |
/// | 5 | angular speed | 2.5 rad/s | ±10 |
/// | 6 | 1 if the left leg touches the ground | | 0, 1 |
/// | 7 | 1 if the right leg touches the ground | | 0, 1 |
///
/// The episode normally ends long before a bound is reached.
pub type Observation = [f32; 8];

/// What a step returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<O = Observation> {
    /// What the agent sees after the step.
    pub observation: O,
    /// What the step earned.
    pub reward: f64,
    /// Whether the episode ended by its own rules: a crash, out of sight, or at rest.
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
