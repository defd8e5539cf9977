//! A whole run as one task: what a sweep is made of.

use std::time::Instant;

use anyhow::Result;
use dqn::{Score, Weights, play_in};
use mobula::Ray;
use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::round::Phases;
use crate::testing::shares;
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
    /// What its weights came to in games that decided nothing.
    #[serde(rename = "final")]
    pub score: Score,
}

/// Games that tell at the end what the weights are worth.
pub const FINAL_GAMES: usize = 100;

/// Their seeds, the same for every run: no test has any of them, and no training.
pub fn final_seeds() -> Vec<u64> {
    (500_000..).take(FINAL_GAMES).collect()
}

/// What weights come to in full games that decide nothing: those of [`final_seeds`], played on as many threads as there are
/// processors.
///
/// # Errors
/// Weights of a network of other sizes than the environment's.
pub fn final_score(plan: &Plan, weights: &Weights) -> Result<Score> {
    let (kind, seeds) = (plan.kind()?, final_seeds());
    let limit = kind.max_episode_steps().unwrap_or(1000);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let games = std::thread::scope(|scope| {
        let kinds: Vec<_> = (0..threads).map(|_| plan.kind()).collect::<Result<_>>()?;
        let calls: Vec<_> = kinds
            .into_iter()
            .zip(shares(&seeds, threads))
            .map(|(kind, seeds)| scope.spawn(move || play_in(&*kind, weights, seeds, limit)))
            .collect();
        let mut games = Vec::with_capacity(seeds.len());
        for call in calls {
            games.extend(call.join().map_err(|_| anyhow::anyhow!("a game panicked"))??);
        }
        Ok::<_, anyhow::Error>(games)
    })?;
    Ok(Score::of(&games))
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
    let score = final_score(&plan, training.weights())?;
    Ok(Finished { plan, num_cpus, stop, rounds, env_steps, seconds, phases, curve, score })
}
