//! What a learner sees: rows of numbers, and actions that are numbered.

use crate::error::{BatchError, StepError};
use crate::traits::{AutoReset, VectorStep};

/// An observation that is a row of numbers.
pub trait FlatObservation: Copy {
    /// How many numbers.
    const SIZE: usize;
    /// All zero.
    const ZERO: Self;

    /// The rows one after another.
    fn flatten(rows: &[Self]) -> &[f32];
}

impl<const N: usize> FlatObservation for [f32; N] {
    const SIZE: usize = N;
    const ZERO: Self = [0.0; N];

    #[inline]
    fn flatten(rows: &[Self]) -> &[f32] {
        rows.as_flattened()
    }
}

/// An action that is one of a few, numbered from 0.
pub trait DiscreteAction: Copy {
    /// How many there are.
    const COUNT: usize;

    /// Action number `index`, if there is one.
    fn from_index(index: u8) -> Option<Self>;
}

/// One of `N` actions, numbered from 0: what Gymnasium's space `Discrete(N)` holds.
///
/// ```
/// use environment::Discrete;
/// assert_eq!(Discrete::<3>::new(2).map(Discrete::index), Some(2));
/// assert_eq!(Discrete::<3>::new(3), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Discrete<const N: usize>(u8);

impl<const N: usize> Discrete<N> {
    /// Action number `index`, if it is below `N`.
    pub const fn new(index: u8) -> Option<Self> {
        if (index as usize) < N { Some(Self(index)) } else { None }
    }

    /// Its number.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl<const N: usize> DiscreteAction for Discrete<N> {
    const COUNT: usize = N;

    #[inline]
    fn from_index(index: u8) -> Option<Self> {
        Self::new(index)
    }
}

/// What a step of many environments returns to a learner: `observations` and `final_observations` are the rows of all
/// environments one after another, so environment `i` has the numbers from `i * size` to `(i + 1) * size`.
pub type FlatStep<'a> = VectorStep<'a, f32>;

/// Many environments as a learner sees them: observations are rows of `f32`, actions are numbers from 0.
///
/// The sizes of environments that are known to the compiler are constants where the calls are inlined. The trait has
/// trait objects too, for learners that choose an environment by its name.
pub trait DiscreteVectorEnvironment {
    /// How many environments.
    fn environments(&self) -> usize;

    /// How many numbers an observation has.
    fn observation_size(&self) -> usize;

    /// How many actions there are, at most 256.
    fn actions(&self) -> usize;

    /// Steps after which an episode is truncated.
    fn max_episode_steps(&self) -> Option<u32>;

    /// Starts an episode everywhere, one seed for each environment; the first observations, row after row.
    ///
    /// # Errors
    ///
    /// The seeds are not as many as the environments.
    fn reset_flat(&mut self, seeds: &[u128]) -> Result<&[f32], StepError>;

    /// Starts an episode in environment `index`, with the random numbers of `seed`; its first observation.
    ///
    /// # Panics
    ///
    /// There is no environment `index`.
    fn reset_flat_at(&mut self, index: usize, seed: u128) -> &[f32];

    /// Takes one step everywhere, one action's number for each environment.
    ///
    /// # Errors
    ///
    /// The actions are not as many as the environments, one of them is none that the environment has, or no
    /// episode has been started. Nothing changes then.
    fn step_flat(&mut self, actions: &[u8]) -> Result<FlatStep<'_>, StepError>;

    /// Other environments of this kind, before their first reset: for tests, or for another thread. The time limit is
    /// this one's unless another is given.
    ///
    /// # Errors
    ///
    /// No environments, or a time limit of no steps.
    fn alike(
        &self,
        count: usize,
        auto_reset: AutoReset,
        max_episode_steps: Option<u32>,
    ) -> Result<Box<dyn DiscreteVectorEnvironment + Send>, BatchError>;
}

impl<E: DiscreteVectorEnvironment + ?Sized> DiscreteVectorEnvironment for Box<E> {
    fn environments(&self) -> usize {
        (**self).environments()
    }

    fn observation_size(&self) -> usize {
        (**self).observation_size()
    }

    fn actions(&self) -> usize {
        (**self).actions()
    }

    fn max_episode_steps(&self) -> Option<u32> {
        (**self).max_episode_steps()
    }

    fn reset_flat(&mut self, seeds: &[u128]) -> Result<&[f32], StepError> {
        (**self).reset_flat(seeds)
    }

    fn reset_flat_at(&mut self, index: usize, seed: u128) -> &[f32] {
        (**self).reset_flat_at(index, seed)
    }

    fn step_flat(&mut self, actions: &[u8]) -> Result<FlatStep<'_>, StepError> {
        (**self).step_flat(actions)
    }

    fn alike(
        &self,
        count: usize,
        auto_reset: AutoReset,
        max_episode_steps: Option<u32>,
    ) -> Result<Box<dyn DiscreteVectorEnvironment + Send>, BatchError> {
        (**self).alike(count, auto_reset, max_episode_steps)
    }
}
