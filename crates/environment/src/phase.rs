//! Where an environment stands between calls.

use crate::error::StepError;

/// Where an environment stands between calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Before the first reset.
    #[default]
    NotReset,
    /// In an episode.
    Running,
    /// After the end of one.
    Ended,
}

impl Phase {
    /// Checks that a step can be taken.
    ///
    /// # Errors
    ///
    /// No episode is under way.
    pub fn check(self) -> Result<(), StepError> {
        match self {
            Self::Running => Ok(()),
            Self::NotReset => Err(StepError::NotReset),
            Self::Ended => Err(StepError::Ended),
        }
    }
}
