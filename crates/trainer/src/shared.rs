//! Shared replay: the Explorers play a round while the learner learns from the one before.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use dqn::Weights;
use mobula::{Blob, ObjectRef, Ray};

use crate::activity::{Activity, Doing};
use crate::agent::Net;
use crate::explorer::{Experience, Explorer, ExplorerGroup, ExplorerHandle};
use crate::gang::Gang;
use crate::learner::{Learner, LearnerHandle};
use crate::plan::Plan;
use crate::recovery::recovering;
use crate::round::{Phases, Round, Test};
use crate::testing::{Examiner, play_shares};

/// A learner and its Explorers.
pub struct Shared {
    learner: LearnerHandle,
    explorers: ExplorerGroup,
    net: Net,
    /// What was seen in the round before, and is not learned from yet.
    seen: Vec<Experience>,
    activity: Activity,
}

impl Shared {
    /// Starts the actors, in the places that the gang has for them.
    pub fn start(ray: &Ray, plan: &Plan, gang: &Gang) -> Result<Shared> {
        let learner = gang.seat(Learner::remote(plan.clone())).spawn(ray)?;
        let start = |i| gang.seat(Explorer::remote(plan.clone(), plan.seed_of(i))).spawn(ray);
        let explorers = (0..plan.agents).map(start).collect::<mobula::Result<_>>()?;
        let net = learner.weights().get(ray)?;
        Ok(Shared { learner, explorers, net, seen: Vec::new(), activity: Activity::new(plan.agents) })
    }

    pub fn net(&self) -> &Net {
        &self.net
    }

    pub fn learner(&self) -> &LearnerHandle {
        &self.learner
    }

    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// One round, which ends with a test where one is due.
    pub fn round(
        &mut self,
        ray: &Ray,
        plan: &Plan,
        number: u64,
        steps: u64,
        examiner: &mut Examiner,
    ) -> Result<Round> {
        let (mut incidents, mut phases) = (Vec::new(), Phases::default());
        let epsilon = if plan.config.epsilon_steps > 0 {
            plan.config.epsilon_at(steps)
        } else {
            // As one agent alone would have it after as many episodes.
            plan.config.epsilon_after((number - 1) * (plan.epochs_per_sync * plan.agents) as u64)
        };

        self.activity.set(Doing::Learning, Doing::Playing);
        let clock = Instant::now();
        let weights = ray.put(self.net.weights.clone())?;
        let explore =
            |explorer: &ExplorerHandle| explorer.explore(&weights, plan.work(), epsilon).submit(ray);
        let calls: Vec<mobula::Result<ObjectRef<Experience>>> = self.explorers.iter().map(explore).collect();
        // The learner is given all that it may need to begin again: its calls are the same however often they are made.
        let seen = std::mem::take(&mut self.seen);
        let (learner, net) = (self.learner.clone(), self.net.clone());
        let learn = || learner.learn(seen.clone(), net.clone()).submit(ray);
        let mut learned = Some(learn());
        for (explorer, call) in self.explorers.iter().zip(calls) {
            let mut call = Some(call);
            let step = || match call.take() {
                Some(submitted) => submitted?.get(ray),
                None => explore(explorer)?.get(ray),
            };
            self.seen.push(recovering(ray, &mut incidents, step, || Ok(()))?);
        }
        phases.training = clock.elapsed().as_secs_f64();
        for (i, _) in self.seen.iter().enumerate().filter(|(_, seen)| seen.trained.restarted) {
            incidents.push(format!("Agent {i} was started again"));
        }

        self.activity.set(Doing::Learning, Doing::Waiting);
        let clock = Instant::now();
        let step = || match learned.take() {
            Some(submitted) => submitted?.get(ray),
            None => learn()?.get(ray),
        };
        let learned = recovering(ray, &mut incidents, step, || Ok(()))?;
        if learned.restarted {
            let round = number - 1;
            incidents.push(format!("the learner was started again and took the weights of round {round}"));
        }
        self.net = learned.net;
        phases.updating = clock.elapsed().as_secs_f64();

        let clock = Instant::now();
        let trained: Vec<_> = self.seen.iter().map(|seen| seen.trained.clone()).collect();
        examiner.see(&trained);
        let test = if examiner.is_due(plan, number) {
            self.activity.set(Doing::Testing, Doing::Waiting);
            Some(self.test(ray, number, examiner, &mut incidents)?)
        } else {
            None
        };
        phases.testing = clock.elapsed().as_secs_f64();
        self.activity.set(Doing::Waiting, Doing::Waiting);
        Ok(Round { number, trained, test, weights: self.net.best().clone(), phases, incidents })
    }

    /// The learner plays by the textbook's rules; else the Explorers, each a share of the games.
    fn test(
        &self,
        ray: &Ray,
        number: u64,
        examiner: &mut Examiner,
        incidents: &mut Vec<String>,
    ) -> Result<Test> {
        match examiner {
            Examiner::Textbook { tests, .. } => {
                let play = || self.learner.test(number, tests.clone(), self.net.clone()).get(ray);
                let (played, next) = recovering(ray, incidents, play, || Ok(()))?;
                *tests = next;
                Ok(played)
            }
            Examiner::Solve(solve) => {
                let weights: ObjectRef<Weights> = ray.put(self.net.best().clone())?;
                let limit = solve.rules().max_steps;
                let verdict = solve.test_by(|seeds| {
                    play_shares(ray, incidents, self.explorers.iter().collect(), seeds, |explorer, seeds| {
                        explorer.play(&weights, seeds, limit).submit(ray)
                    })
                })?;
                Ok(Test::judged(number, verdict))
            }
        }
    }

    pub fn save(&self, ray: &Ray) -> Result<Vec<Blob>> {
        let mut all = self.explorers.save().get_all(ray)?;
        all.push(self.learner.save().get(ray)?);
        all.push(rmp_serde::to_vec(&self.seen)?.into());
        Ok(all)
    }

    pub fn restore(&mut self, ray: &Ray, net: Net, saved: &[Blob]) -> Result<()> {
        let [explorers @ .., learner, seen] = saved else { anyhow::bail!("the saved state is too short") };
        ensure!(explorers.len() == self.explorers.len(), "the saved state is of {} Agents", explorers.len());
        let restore = |(explorer, saved): (&ExplorerHandle, &Blob)| explorer.restore(saved.clone()).get(ray);
        self.explorers.iter().zip(explorers).try_for_each(restore)?;
        self.learner.restore(learner.clone()).get(ray)?;
        self.seen = rmp_serde::from_slice(seen).context("the saved experience")?;
        self.net = net;
        Ok(())
    }
}
