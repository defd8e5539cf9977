//! Shared replay: the Explorers play a round while the learner learns from the one before.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use dqn::{Tests, Weights};
use mobula::{Blob, Ray};

use crate::activity::{Activity, Doing};
use crate::explorer::{Experience, Explorer, ExplorerGroup, ExplorerHandle};
use crate::learner::{Learner, LearnerHandle};
use crate::plan::{Plan, with_cpus};
use crate::round::{Phases, Round};

/// A learner and its Explorers.
pub struct Shared {
    learner: LearnerHandle,
    explorers: ExplorerGroup,
    weights: Weights,
    /// What was seen in the round before, and is not learned from yet.
    seen: Vec<Experience>,
    activity: Activity,
}

impl Shared {
    /// Starts the actors, with `num_cpus` each where that is given.
    pub fn start(ray: &Ray, plan: &Plan, num_cpus: Option<f64>) -> Result<Shared> {
        let learner = with_cpus(Learner::remote(plan.config.clone(), plan.seed), num_cpus).spawn(ray)?;
        let start =
            |i| with_cpus(Explorer::remote(plan.config.clone(), plan.seed_of(i)), num_cpus).spawn(ray);
        let explorers = (0..plan.agents).map(start).collect::<mobula::Result<_>>()?;
        let weights = learner.weights().get(ray)?;
        Ok(Shared { learner, explorers, weights, seen: Vec::new(), activity: Activity::new(plan.agents) })
    }

    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// One round, which ends with a test where `tests` are given.
    pub fn round(&mut self, ray: &Ray, plan: &Plan, number: u64, tests: Option<&mut Tests>) -> Result<Round> {
        let mut phases = Phases::default();
        // As one agent alone would have it after as many episodes.
        let before = (number - 1) * (plan.epochs_per_sync * plan.agents) as u64;
        let epsilon = plan.config.epsilon_after(before);

        self.activity.set(Doing::Learning, Doing::Playing);
        let clock = Instant::now();
        let weights = ray.put(self.weights.clone())?;
        let play = self.explorers.explore(&weights, plan.epochs_per_sync, epsilon).submit(ray)?;
        let learned = self.learner.learn(std::mem::take(&mut self.seen)).submit(ray)?;
        self.seen = play.get_all(ray)?;
        phases.training = clock.elapsed().as_secs_f64();

        self.activity.set(Doing::Learning, Doing::Waiting);
        let clock = Instant::now();
        self.weights = learned.get(ray)?;
        phases.updating = clock.elapsed().as_secs_f64();

        let clock = Instant::now();
        let mut test = None;
        if let Some(tests) = tests {
            self.activity.set(Doing::Testing, Doing::Waiting);
            let (played, next) = self.learner.test(number, tests.clone()).get(ray)?;
            (*tests, test) = (next, Some(played));
        }
        phases.testing = clock.elapsed().as_secs_f64();
        self.activity.set(Doing::Waiting, Doing::Waiting);
        let episodes = self.seen.iter().map(|seen| seen.episodes.clone()).collect();
        Ok(Round { number, episodes, test, weights: self.weights.clone(), phases, incidents: Vec::new() })
    }

    pub fn save(&self, ray: &Ray) -> Result<Vec<Blob>> {
        let mut all = self.explorers.save().get_all(ray)?;
        all.push(self.learner.save().get(ray)?);
        all.push(rmp_serde::to_vec(&self.seen)?.into());
        Ok(all)
    }

    pub fn restore(&mut self, ray: &Ray, weights: Weights, saved: &[Blob]) -> Result<()> {
        let [explorers @ .., learner, seen] = saved else { anyhow::bail!("the saved state is too short") };
        ensure!(explorers.len() == self.explorers.len(), "the saved state is of {} Agents", explorers.len());
        let restore = |(explorer, saved): (&ExplorerHandle, &Blob)| explorer.restore(saved.clone()).get(ray);
        self.explorers.iter().zip(explorers).try_for_each(restore)?;
        self.learner.restore(learner.clone()).get(ray)?;
        self.seen = rmp_serde::from_slice(seen).context("the saved experience")?;
        self.weights = weights;
        Ok(())
    }
}
