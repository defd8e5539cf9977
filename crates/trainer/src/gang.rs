//! What the actors of one run hold: all of it, or nothing yet.
//!
//! Runs side by side that take their actors one by one can each hold a part of what they need, and wait for the rest for
//! ever. So a run's CPUs are reserved together, in a placement group, and its actors live there.

use anyhow::Result;
use mobula::{Actor, ActorCall, PlacementGroup, PlacementStrategy, Ray};

/// The CPUs of a run's actors. They are given back when it goes.
pub(crate) struct Gang {
    ray: Ray,
    num_cpus: Option<f64>,
    group: Option<PlacementGroup>,
}

impl Gang {
    /// Waits until there is room for `actors` with `num_cpus` each; without a number, or with 0, there always is.
    pub(crate) fn reserve(ray: &Ray, actors: usize, num_cpus: Option<f64>) -> Result<Gang> {
        let mut gang = Gang { ray: ray.clone(), num_cpus, group: None };
        if let Some(each) = num_cpus.filter(|each| *each > 0.0) {
            let bundles = vec![[("CPU", each)]; actors];
            let group = gang.group.insert(ray.placement_group(&bundles, PlacementStrategy::Pack)?);
            group.ready(ray, None)?;
        }
        Ok(gang)
    }

    /// One of the actors, in its place.
    pub(crate) fn seat<A: Actor>(&self, call: ActorCall<A>) -> ActorCall<A> {
        let call = match self.num_cpus {
            Some(n) => call.num_cpus(n),
            None => call,
        };
        match &self.group {
            Some(group) => call.placement_group(group, None),
            None => call,
        }
    }
}

impl Drop for Gang {
    fn drop(&mut self) {
        if let Some(group) = &self.group {
            // An engine that has ended has taken it back.
            let _ = group.remove(&self.ray);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mobula::LocalConfig;

    use super::*;
    use crate::finished::train;
    use crate::plan::Plan;

    /// Runs took their actors one by one, each a part of what it needed, and all stood still.
    #[test]
    fn runs_side_by_side_get_all_their_actors_or_none() {
        let ray = Ray::local(LocalConfig::with_cpus(5.0));
        let runs: Vec<_> = (0..12)
            .map(|seed| {
                let plan = Plan { agents: 4, max_rounds: 1, seed, ..Plan::default() };
                train::remote(plan, Some(1.0)).submit(&ray).unwrap()
            })
            .collect();
        assert_eq!(ray.get_timeout(&runs, Duration::from_secs(300)).unwrap().len(), 12);
    }
}
