//! What can go wrong.

/// A step that cannot be taken. The environment is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum StepError {
    /// No episode has been started.
    #[error("step before the first reset")]
    NotReset,
    /// The episode has ended.
    #[error("step after the end of the episode: reset first")]
    Ended,
    /// A discrete action is one of 0 to one less than their number.
    #[error("action {given} is not one of the {count} from 0 to {}", count.saturating_sub(1))]
    Discrete {
        /// The action that was given.
        given: i64,
        /// How many actions there are, at least one.
        count: usize,
    },
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
    /// Many environments take one action, or one seed, for each of them.
    #[error("{given} actions for {expected} environments")]
    Count {
        /// How many actions were given.
        given: usize,
        /// How many environments there are.
        expected: usize,
    },
}

/// Environments that cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A batch needs at least one environment, and counts them in 32 bits.
    #[error("a batch of {0} environments, must be 1 to 4294967295")]
    Count(usize),
    /// An episode needs at least one step.
    #[error("a time limit of 0 steps, must be at least 1")]
    NoSteps,
}

impl BatchError {
    /// Checks a number of environments.
    ///
    /// # Errors
    ///
    /// None, or more than 32 bits count.
    pub fn check_count(count: usize) -> Result<(), Self> {
        if count == 0 || u32::try_from(count).is_err() { Err(Self::Count(count)) } else { Ok(()) }
    }
}
