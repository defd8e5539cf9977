//! Where a piece of code finds itself.

use serde::Deserialize;

/// What Ray knows of the running driver, task or actor method: its runtime context.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RuntimeContext {
    /// The node's id, as [`Ray::nodes`](crate::Ray::nodes) has it.
    pub node_id: String,
    /// The job's id; empty on the local engine.
    pub job_id: String,
    /// The namespace in which actors are named unless they say otherwise.
    pub namespace: String,
    /// The actor's id, in an actor's constructor or method.
    pub actor_id: Option<String>,
    /// Whether this actor was started again after it died: Ray's `was_current_actor_reconstructed`.
    pub restarted: bool,
}
