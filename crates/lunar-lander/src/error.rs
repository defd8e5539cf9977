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
