//! A whole run as one task: what a sweep is made of.

use std::time::Instant;

use anyhow::Result;
use mobula::Ray;
use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::round::Phases;
use crate::training::{Stop, Training};

/// A run that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// Its parameters.
    pub plan: Plan,
    /// CPUs that each actor held, where that was said.
    pub num_cpus: Option<f64>,
    /// Why it ended.
    pub stop: Stop,
    /// Rounds that it took.
    pub rounds: u64,
    /// Environment steps of all Agents.
    pub env_steps: u64,
    /// Its wall time.
    pub seconds: f64,
    /// Seconds of each phase, over all rounds.
    pub phases: Phases,
    /// Its tests, in order.
    pub curve: Vec<Point>,
}

/// A test on the way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The round after which it was played.
    pub round: u64,
    /// Environment steps of all Agents until then.
    pub env_steps: u64,
    /// Seconds until then.
    pub seconds: f64,
    /// The average reward.
    pub average: f64,
}

/// Trains by a plan to its end.
///
/// # Errors
/// As [`Training::start`] and [`Training::round`].
#[mobula::task(num_cpus = 1, max_retries = 1)]
pub fn train(ray: &Ray, plan: Plan, num_cpus: Option<f64>) -> Result<Finished> {
    let clock = Instant::now();
    let mut training = Training::start(ray, plan.clone(), num_cpus)?;
    let (mut phases, mut curve) = (Phases::default(), Vec::new());
    let stop = loop {
        if let Some(stop) = training.finished() {
            break stop;
        }
        ray.check_cancelled()?;
        let round = training.round(ray)?;
        phases.add(&round.phases);
        if let Some(test) = round.test {
            let (env_steps, seconds) = (training.env_steps(), clock.elapsed().as_secs_f64());
            curve.push(Point { round: test.round, env_steps, seconds, average: test.average });
        }
    };
    let (rounds, env_steps) = (training.rounds(), training.env_steps());
    let seconds = clock.elapsed().as_secs_f64();
    Ok(Finished { plan, num_cpus, stop, rounds, env_steps, seconds, phases, curve })
}
