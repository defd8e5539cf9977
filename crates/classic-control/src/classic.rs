//! What the environments have in common.

use environment::{
    AutoReset, BatchError, DiscreteAction, Dynamics, FlatObservation, Single, Spec, Vectorized,
};

/// An environment of classic control: few numbers, few actions, a state of four.
pub trait ClassicControl: Dynamics<Action: DiscreteAction, Observation: FlatObservation> + Default {
    /// What Gymnasium's registry says of it.
    const SPEC: Spec;

    /// Positions and velocities, see the environment for their order and units.
    fn state(&self) -> [f64; 4];

    /// One environment with the registry's time limit, as `gymnasium.make`.
    ///
    /// # Errors
    ///
    /// None that is known of.
    fn make(self) -> Result<Single<Self>, BatchError> {
        Single::new(self).time_limit(Self::SPEC.max_episode_steps)
    }

    /// `count` environments with the registry's time limit, stepped together, as `gymnasium.make_vec`.
    ///
    /// # Errors
    ///
    /// No environment at all, or more than 32 bits count.
    fn make_vec(self, count: usize, auto_reset: AutoReset) -> Result<Vectorized<Self>, BatchError> {
        Vectorized::new(self, count, auto_reset)?.time_limit(Self::SPEC.max_episode_steps)
    }
}
