//! What each actor is doing, as far as the driver knows: what it was asked for and has not given yet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// What an actor is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Doing {
    /// Nothing that was asked for.
    #[serde(rename = "waiting")]
    Waiting,
    /// An Agent plays its episodes and learns from them.
    #[serde(rename = "training")]
    Training,
    /// An Agent plays its episodes; somebody else learns from them.
    #[serde(rename = "playing")]
    Playing,
    /// The learner learns from what the Agents saw.
    #[serde(rename = "learning")]
    Learning,
    /// GlobalNet collects the Agents' weights and averages them.
    #[serde(rename = "averaging")]
    Averaging,
    /// An Agent gives its weights.
    #[serde(rename = "sending weights")]
    Sending,
    /// GlobalNet gives the average to the Agents.
    #[serde(rename = "giving out weights")]
    Giving,
    /// An Agent takes the average.
    #[serde(rename = "taking weights")]
    Taking,
    /// Test games are played.
    #[serde(rename = "testing")]
    Testing,
}

/// What all actors of a run are doing; a clone shows the same.
#[derive(Debug, Clone)]
pub struct Activity {
    /// The one in the middle, then the Agents.
    all: Arc<Mutex<Vec<Doing>>>,
}

impl Activity {
    /// Of so many Agents and the one in the middle, who all wait.
    pub fn new(agents: usize) -> Activity {
        Activity { all: Arc::new(Mutex::new(vec![Doing::Waiting; agents + 1])) }
    }

    /// Of one agent alone, who trains all the time.
    pub fn alone() -> Activity {
        let alone = Activity::new(1);
        alone.agent(0, Doing::Training);
        alone
    }

    /// The one in the middle does this from now on, and all Agents that.
    pub(crate) fn set(&self, middle: Doing, agents: Doing) {
        let mut all = self.lock();
        all.fill(agents);
        all[0] = middle;
    }

    /// One Agent does this from now on.
    pub(crate) fn agent(&self, agent: usize, doing: Doing) {
        if let Some(known) = self.lock().get_mut(agent + 1) {
            *known = doing;
        }
    }

    /// What the one in the middle and each of the Agents is doing.
    pub fn now(&self) -> Vec<Doing> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Doing>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_shows_the_same() {
        let activity = Activity::new(2);
        let seen = activity.clone();
        activity.set(Doing::Waiting, Doing::Training);
        activity.agent(1, Doing::Waiting);
        assert_eq!(seen.now(), [Doing::Waiting, Doing::Training, Doing::Waiting]);
    }
}
