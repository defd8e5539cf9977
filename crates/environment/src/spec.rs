//! What a registry knows of an environment.

/// What Gymnasium's registry says of an environment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Its name, with its version.
    pub id: &'static str,
    /// Steps after which an episode is truncated.
    pub max_episode_steps: u32,
    /// The average reward of 100 episodes from which on it counts as solved.
    pub reward_threshold: f64,
}
