//! What can go wrong.

/// An option out of its range.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum OptionsError {
    /// Gravity must be strictly between -12 and 0.
    #[error("gravity is {0}, must be between -12 and 0 (both excluded)")]
    Gravity(f64),
    /// Wind and turbulence must be finite and of a size that the physics can hold.
    #[error("{name} is {value}, must be a number of at most 1e6 in size")]
    Power {
        /// The option.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// An episode needs at least one step.
    #[error("max_episode_steps is 0, must be at least 1")]
    NoSteps,
    /// A batch needs at least one environment.
    #[error("a batch of 0 environments has nothing to step")]
    Empty,
}

/// A step that cannot be taken. The environment is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum StepError {
    /// No episode has been started.
    #[error("step before the first reset")]
    NotReset,
    /// The episode has ended.
    #[error("step after the end of the episode: reset first")]
    Ended,
    /// A discrete action is one of 0, 1, 2, 3.
    #[error("action {0} is not one of 0, 1, 2, 3")]
    Discrete(i64),
    /// A throttle is a number.
    #[error("throttles {0:?} are not both numbers")]
    NotANumber([f32; 2]),
    /// The environment has the other kind of actions.
    #[error("a {given} action for an environment with {expected} actions")]
    Kind {
        /// The kind of action that was given.
        given: &'static str,
        /// The kind of action that the environment takes.
        expected: &'static str,
    },
    /// A batch takes one action for each environment.
    #[error("{given} actions for {expected} environments")]
    Count {
        /// How many actions were given.
        given: usize,
        /// How many environments there are.
        expected: usize,
    },
}
