//! The prescribed loop: train, average, synchronise, test.

use std::time::Instant;

use anyhow::{Result, ensure};
use dqn::{Tests, Weights};
use mobula::{Blob, Ray};

use crate::activity::{Activity, Doing};
use crate::agent::{Agent, AgentGroup, Trained};
use crate::global_net::{GlobalNet, GlobalNetHandle};
use crate::plan::{Plan, with_cpus};
use crate::recovery::recovering;
use crate::round::{Phases, Round};

/// A GlobalNet and its Agents.
pub struct Average {
    global: GlobalNetHandle,
    agents: AgentGroup,
    /// The weights of the last round, should the GlobalNet lose them.
    weights: Weights,
    activity: Activity,
}

impl Average {
    /// Starts the actors, with `num_cpus` each where that is given, and gives all Agents the GlobalNet's weights.
    pub fn start(ray: &Ray, plan: &Plan, num_cpus: Option<f64>) -> Result<Average> {
        let global = with_cpus(GlobalNet::remote(plan.config.clone(), plan.seed), num_cpus).spawn(ray)?;
        let start = |i| with_cpus(Agent::remote(plan.config.clone(), plan.seed_of(i)), num_cpus).spawn(ray);
        let agents: AgentGroup = (0..plan.agents).map(start).collect::<mobula::Result<_>>()?;
        agents.synchronise(&global, 0_u64).get_all(ray)?;
        let weights = global.weights(0_u64).get(ray)?;
        Ok(Average { global, agents, weights, activity: Activity::new(plan.agents) })
    }

    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    pub fn agents(&self) -> &AgentGroup {
        &self.agents
    }

    pub fn global(&self) -> &GlobalNetHandle {
        &self.global
    }

    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// One round, which ends with a test where `tests` are given.
    pub fn round(&mut self, ray: &Ray, plan: &Plan, number: u64, tests: Option<&mut Tests>) -> Result<Round> {
        let (mut incidents, mut phases) = (Vec::new(), Phases::default());
        let (global, agents) = (self.global.clone(), self.agents.clone());
        let (before, last) = ((number - 1) * plan.epochs_per_sync as u64, number - 1);
        let back_to = |round: u64, weights: &Weights| global.restore(round, weights.clone()).get(ray);

        self.activity.set(Doing::Waiting, Doing::Training);
        let clock = Instant::now();
        // Each Agent for itself: one that has trained must not train again because another was lost.
        let calls: Vec<_> = agents
            .iter()
            .map(|agent| agent.train(plan.epochs_per_sync, before, global.clone(), last).submit(ray))
            .collect();
        let mut trained: Vec<Trained> = Vec::with_capacity(calls.len());
        for (i, (agent, call)) in agents.iter().zip(calls).enumerate() {
            let mut call = Some(call);
            let step = || match call.take() {
                Some(submitted) => submitted?.get(ray),
                None => agent.train(plan.epochs_per_sync, before, global.clone(), last).get(ray),
            };
            trained.push(recovering(ray, &mut incidents, step, || back_to(last, &self.weights))?);
            self.activity.agent(i, Doing::Waiting);
        }
        phases.training = clock.elapsed().as_secs_f64();
        for (i, _) in trained.iter().enumerate().filter(|(_, trained)| trained.restarted) {
            incidents.push(format!("Agent {i} was started again and took the weights of round {last}"));
        }

        self.activity.set(Doing::Averaging, Doing::Sending);
        let clock = Instant::now();
        let update = || global.update(number, agents.clone()).get(ray);
        self.weights = recovering(ray, &mut incidents, update, || back_to(last, &self.weights))?;
        phases.updating = clock.elapsed().as_secs_f64();

        self.activity.set(Doing::Giving, Doing::Taking);
        let clock = Instant::now();
        let weights = &self.weights;
        let synchronise = || agents.synchronise(&global, number).get_all(ray);
        recovering(ray, &mut incidents, synchronise, || back_to(number, weights))?;
        phases.synchronising = clock.elapsed().as_secs_f64();

        let clock = Instant::now();
        let mut test = None;
        if let Some(tests) = tests {
            self.activity.set(Doing::Testing, Doing::Waiting);
            let play = || global.test(number, tests.clone()).get(ray);
            let (played, next) = recovering(ray, &mut incidents, play, || back_to(number, weights))?;
            (*tests, test) = (next, Some(played));
        }
        phases.testing = clock.elapsed().as_secs_f64();
        self.activity.set(Doing::Waiting, Doing::Waiting);
        let episodes = trained.into_iter().map(|trained| trained.episodes).collect();
        Ok(Round { number, episodes, test, weights: self.weights.clone(), phases, incidents })
    }

    pub fn save(&self, ray: &Ray) -> Result<Vec<Blob>> {
        Ok(self.agents.save().get_all(ray)?)
    }

    pub fn restore(&mut self, ray: &Ray, round: u64, weights: Weights, saved: &[Blob]) -> Result<()> {
        ensure!(saved.len() == self.agents.len(), "the saved state is of {} Agents", saved.len());
        let calls: Vec<_> = self
            .agents
            .iter()
            .zip(saved)
            .map(|(agent, saved)| agent.restore(saved.clone()).submit(ray))
            .collect();
        calls.into_iter().try_for_each(|call| call?.get(ray))?;
        self.global.restore(round, weights.clone()).get(ray)?;
        self.weights = weights;
        Ok(())
    }
}
