//! The sizes of a network, which those of the environment decide.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::{MAX_HIDDEN, whole};
use crate::error::Error;

/// The most numbers in an observation.
pub const MAX_OBSERVATION: usize = 4096;
/// The most choices of action.
pub const MAX_ACTIONS: usize = 256;

/// Sizes of a network `observation` → `hidden[0]` → `hidden[1]` → `actions`.
///
/// Hidden layers alone stand for a network that flies LunarLander.
///
/// ```
/// let sizes = dqn::Sizes::from([64, 64]);
/// assert_eq!(sizes, dqn::Sizes { observation: 8, hidden: [64, 64], actions: 4 });
/// assert_eq!(sizes.to_string(), "8-64-64-4");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sizes {
    /// Numbers in an observation.
    pub observation: usize,
    /// Neurons of the hidden layers.
    pub hidden: [usize; 2],
    /// Choices of action.
    pub actions: usize,
}

impl Sizes {
    /// Those of LunarLander with these hidden layers.
    pub const fn lander(hidden: [usize; 2]) -> Self {
        Self { observation: crate::STATE, hidden, actions: crate::ACTIONS }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// A layer of no numbers, or of more than 4096; no action, or more than 256.
    pub fn check(&self) -> Result<(), Error> {
        whole("observation", self.observation, 1, MAX_OBSERVATION)?;
        whole("hidden", self.hidden[0], 1, MAX_HIDDEN)?;
        whole("hidden", self.hidden[1], 1, MAX_HIDDEN)?;
        whole("actions", self.actions, 1, MAX_ACTIONS)
    }
}

impl From<[usize; 2]> for Sizes {
    fn from(hidden: [usize; 2]) -> Self {
        Self::lander(hidden)
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}-{}", self.observation, self.hidden[0], self.hidden[1], self.actions)
    }
}
