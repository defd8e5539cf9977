//! The handle of a local actor: when the last is gone, so is the actor.

use std::sync::Arc;

use super::actor::LocalActor;

/// What all clones of a handle share.
pub struct LocalHandle {
    pub(super) actor: Arc<LocalActor>,
}

impl Drop for LocalHandle {
    fn drop(&mut self) {
        self.actor.let_go();
    }
}
