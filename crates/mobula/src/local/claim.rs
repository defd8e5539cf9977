//! What work takes before it runs, and from where.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::group::LocalGroup;
use crate::task::Demand;

/// A demand on the node itself or on a bundle of a placement group.
pub(super) struct Claim {
    pub(super) demand: Demand,
    pub(super) place: Place,
    /// Whether it is held for longer than a task runs: by an actor, by a placement group.
    pub(super) lasting: bool,
}

/// Where a demand is met.
pub(super) enum Place {
    Node,
    Bundle {
        group: Arc<LocalGroup>,
        /// The bundle that was asked for.
        wanted: Option<usize>,
        /// The bundle that it was taken from last.
        taken: AtomicUsize,
    },
}

/// Whether a claim can be met.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Now,
    /// CPUs alone are lacking, and enough of them are in the hands of tasks, which end or wait.
    WhenTasksEnd,
    /// Something else is lacking, and may be for long.
    Later,
}

impl Claim {
    pub(super) fn on_node(demand: Demand) -> Claim {
        Claim { demand, place: Place::Node, lasting: false }
    }

    pub(super) fn in_group(demand: Demand, group: Arc<LocalGroup>, wanted: Option<usize>) -> Claim {
        Claim { demand, place: Place::Bundle { group, wanted, taken: AtomicUsize::new(0) }, lasting: false }
    }

    pub(super) fn lasting(self) -> Claim {
        Claim { lasting: true, ..self }
    }

    /// The same once more.
    pub(super) fn anew(&self) -> Claim {
        let place = match &self.place {
            Place::Node => Place::Node,
            Place::Bundle { group, wanted, .. } => {
                Place::Bundle { group: group.clone(), wanted: *wanted, taken: AtomicUsize::new(0) }
            }
        };
        Claim { demand: self.demand.clone(), place, lasting: self.lasting }
    }

    pub(super) fn group(&self) -> Option<&Arc<LocalGroup>> {
        match &self.place {
            Place::Node => None,
            Place::Bundle { group, .. } => Some(group),
        }
    }
}

impl Place {
    pub(super) fn bundle(&self) -> Option<(&Arc<LocalGroup>, usize)> {
        match self {
            Place::Node => None,
            Place::Bundle { group, taken, .. } => Some((group, taken.load(Ordering::Relaxed))),
        }
    }
}
