//! A placement group of the local engine: bundles taken out of the one node's account.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::engine::PATIENCE;
use crate::placement::{GroupSpec, PlacementStrategy};
use crate::task::Demand;
use crate::{Error, Resources, Result};

/// One placement group.
pub struct LocalGroup {
    /// What each bundle holds in all.
    bundles: Vec<Demand>,
    state: Mutex<GroupState>,
    changed: Condvar,
}

struct GroupState {
    status: Status,
    /// What of each bundle nobody holds.
    free: Vec<Demand>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Waiting,
    Ready,
    Removed,
}

pub(super) fn removed() -> Error {
    Error::Unschedulable("its placement group was removed".into())
}

impl LocalGroup {
    pub(super) fn new(spec: &GroupSpec, totals: &Resources) -> Result<LocalGroup> {
        let bundles: Vec<Demand> = spec.bundles.iter().map(Demand::of_resources).collect();
        if spec.strategy == PlacementStrategy::StrictSpread && bundles.len() > 1 {
            return Err(Error::Unschedulable(format!(
                "STRICT_SPREAD wants {} nodes, and the local engine is one",
                bundles.len()
            )));
        }
        let state = GroupState { status: Status::Waiting, free: bundles.clone() };
        let group = LocalGroup { bundles, state: Mutex::new(state), changed: Condvar::new() };
        let all = group.sum();
        if !all.fits(totals) {
            return Err(Error::unschedulable(&all, std::iter::once(totals)));
        }
        Ok(group)
    }

    /// All bundles together.
    pub(super) fn sum(&self) -> Demand {
        let mut all = Demand::default();
        self.bundles.iter().for_each(|bundle| all.add(bundle, 1));
        all
    }

    /// Refuses a demand that no bundle, or not the wanted one, could ever meet.
    pub(super) fn check(&self, demand: &Demand, wanted: Option<usize>) -> Result<()> {
        if self.state.lock().status == Status::Removed {
            return Err(removed());
        }
        if let Some(at) = wanted
            && at >= self.bundles.len()
        {
            let n = self.bundles.len();
            return Err(Error::Invalid(format!("bundle {at} of a placement group that has {n} of them")));
        }
        if self.candidates(wanted).any(|at| self.bundles[at].covers(demand)) {
            return Ok(());
        }
        Err(Error::Unschedulable(format!("the task asks for {demand}, and its bundle has less")))
    }

    fn candidates(&self, wanted: Option<usize>) -> std::ops::Range<usize> {
        wanted.map_or(0..self.bundles.len(), |at| at..at + 1)
    }

    /// A bundle with room.
    pub(super) fn with_room(&self, demand: &Demand, wanted: Option<usize>) -> Option<usize> {
        let state = self.state.lock();
        if state.status != Status::Ready {
            return None;
        }
        self.candidates(wanted).find(|&at| state.free[at].covers(demand))
    }

    /// Takes from a bundle (-1) or gives back (1). `false` where the group is gone: what comes back is the node's.
    pub(super) fn change(&self, at: usize, demand: &Demand, sign: i64) -> bool {
        let mut state = self.state.lock();
        if state.status == Status::Removed {
            return false;
        }
        state.free[at].add(demand, sign);
        true
    }

    pub(super) fn is_removed(&self) -> bool {
        self.state.lock().status == Status::Removed
    }

    /// The node's account has what it asks for.
    pub(super) fn activate(&self) {
        self.state.lock().status = Status::Ready;
        self.changed.notify_all();
    }

    /// Ends it; what of its bundles nobody holds goes back to the node.
    pub(super) fn remove(&self) -> Demand {
        let mut state = self.state.lock();
        let mut back = Demand::default();
        if state.status == Status::Ready {
            state.free.iter().for_each(|bundle| back.add(bundle, 1));
        }
        state.status = Status::Removed;
        self.changed.notify_all();
        back
    }

    /// Calls `long` where it takes long.
    pub(super) fn wait_until_ready(&self, timeout: Option<Duration>, mut long: impl FnMut()) -> Result<()> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut told = false;
        let mut state = self.state.lock();
        loop {
            match state.status {
                Status::Ready => return Ok(()),
                Status::Removed => return Err(removed()),
                Status::Waiting => {}
            }
            match deadline {
                None if told => self.changed.wait(&mut state),
                None => {
                    told = self.changed.wait_for(&mut state, PATIENCE).timed_out();
                    if told && state.status == Status::Waiting {
                        MutexGuard::unlocked(&mut state, &mut long);
                    }
                }
                Some(deadline) => {
                    if self.changed.wait_until(&mut state, deadline).timed_out()
                        && state.status == Status::Waiting
                    {
                        return Err(Error::Timeout(timeout.unwrap_or_default()));
                    }
                }
            }
        }
    }
}
