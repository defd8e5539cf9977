//! What the page shows, and what of it is new to somebody.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dqn::Weights;
use serde_json::{Value, json};

use crate::activity::Activity;
use crate::flight::{Pilot, Pose};
use crate::plan::Plan;
use crate::round::{Phases, Round};
use crate::run_dir::Metrics;

/// Poses that are kept: three seconds, for browsers that ask several times a second.
const POSES: usize = 150;

/// What the driver and the pilot put there, and the server reads.
#[derive(Default)]
pub struct Board {
    inner: Mutex<Inner>,
    /// Told when somebody has been shown the end.
    shown: Condvar,
}

#[derive(Default)]
struct Inner {
    run: Option<Run>,
    /// The newest weights, and their round.
    weights: Option<(u64, Arc<Weights>)>,
    sky: Sky,
    ended: Option<String>,
    end_shown: bool,
    /// When somebody last looked.
    looked: Option<Instant>,
}

struct Run {
    plan: Plan,
    unit: String,
    middle: String,
    activity: Activity,
    points: Vec<Value>,
    last: Option<Metrics>,
    average: Option<f64>,
    phases: Phases,
    agents: Vec<Agent>,
}

/// What an Agent did last.
#[derive(Clone, Default)]
struct Agent {
    episodes: u64,
    steps: u64,
    reward: Option<f64>,
}

/// The games that are flown.
#[derive(Default)]
struct Sky {
    /// Number, round of the weights, ground: of the games that the poses are of.
    games: VecDeque<(u64, u64, [f32; 11])>,
    /// The number of the first pose.
    first: u64,
    /// Game, points so far, pose.
    poses: VecDeque<(u64, f64, Pose)>,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn begin(&self, plan: &Plan, unit: &str, middle: &str, before: &[Metrics], activity: Activity) {
        let mut phases = Phases::default();
        before.iter().for_each(|line| phases.add(&line.phases));
        self.lock().run = Some(Run {
            agents: vec![Agent::default(); plan.agents],
            plan: plan.clone(),
            unit: unit.into(),
            middle: middle.into(),
            activity,
            points: before.iter().map(point).collect(),
            last: before.last().cloned(),
            average: before.iter().rev().find_map(|line| line.average_reward),
            phases,
        });
    }

    pub fn round(&self, round: &Round, metrics: &Metrics) {
        let weights = Arc::new(round.weights.clone());
        let mut inner = self.lock();
        inner.weights = Some((round.number, weights));
        let Some(run) = &mut inner.run else { return };
        run.points.push(point(metrics));
        run.average = metrics.average_reward.or(run.average);
        run.phases.add(&round.phases);
        run.last = Some(metrics.clone());
        for (agent, trained) in run.agents.iter_mut().zip(&round.trained) {
            if let Some(last) = trained.episodes.last() {
                *agent = Agent { episodes: last.episode, steps: last.total_steps, reward: Some(last.reward) };
            }
        }
    }

    /// The training is over; where somebody is looking, waits so long at most until they have seen it.
    pub fn end(&self, sentence: &str, wait: Duration) {
        let mut inner = self.lock();
        inner.ended.get_or_insert_with(|| sentence.into());
        let watched = inner.looked.is_some_and(|looked| looked.elapsed() < Duration::from_secs(2));
        if watched && !wait.is_zero() {
            let seen = self.shown.wait_timeout_while(inner, wait, |inner| !inner.end_shown);
            drop(seen.unwrap_or_else(PoisonError::into_inner));
        }
    }

    pub fn has_ended(&self) -> bool {
        self.lock().ended.is_some()
    }

    /// The newest weights, their round, and how long a game may take.
    pub fn newest(&self) -> Option<(u64, Arc<Weights>, u32)> {
        let inner = self.lock();
        let (round, weights) = inner.weights.clone()?;
        Some((round, weights, inner.run.as_ref()?.plan.max_episode_steps()))
    }

    pub fn take_off(&self, game: u64, round: u64, pilot: &Pilot) {
        self.lock().sky.games.push_back((game, round, pilot.ground()));
    }

    pub fn pose(&self, game: u64, reward: f64, pose: Pose) {
        let sky = &mut self.lock().sky;
        sky.poses.push_back((game, (10.0 * reward).round() / 10.0, pose));
        if sky.poses.len() > POSES {
            sky.poses.pop_front();
            sky.first += 1;
        }
        let oldest = sky.poses.front().map_or(game, |pose| pose.0);
        sky.games.retain(|(game, ..)| *game >= oldest);
    }

    /// What is new to somebody who has so many points of the curve, and has seen the poses before this one.
    pub fn news(&self, points: usize, pose: u64) -> Value {
        let mut inner = self.lock();
        inner.looked = Some(Instant::now());
        if inner.ended.is_some() {
            inner.end_shown = true;
            self.shown.notify_all();
        }
        let sky = &inner.sky;
        let unseen = usize::try_from(pose.saturating_sub(sky.first)).unwrap_or(usize::MAX);
        let flight = json!({
            "games": sky.games,
            "poses": sky.poses.iter().skip(unseen).collect::<Vec<_>>(),
            "next": sky.first + sky.poses.len() as u64,
        });
        json!({
            "run": inner.run.as_ref().map(|run| run.news(points)),
            "flight": flight,
            "ended": inner.ended,
        })
    }
}

impl Run {
    fn news(&self, points: usize) -> Value {
        let now = self.activity.now();
        let agent = |(i, agent): (usize, &Agent)| {
            json!({
                "name": format!("Agent {i}"), "doing": now.get(i + 1), "episodes": agent.episodes,
                "steps": agent.steps, "reward": agent.reward,
            })
        };
        let middle = (!self.middle.is_empty()).then(|| json!({ "name": self.middle, "doing": now.first() }));
        let actors: Vec<Value> =
            middle.into_iter().chain(self.agents.iter().enumerate().map(agent)).collect();
        let rounds = self.last.as_ref().map_or(0, |last| last.round);
        json!({
            "unit": self.unit,
            "target": self.plan.target(),
            "seed": self.plan.seed,
            "round": rounds,
            "steps": self.last.as_ref().map_or(0, |last| last.env_steps),
            "seconds": self.last.as_ref().map_or(0.0, |last| last.seconds),
            "epsilon": self.last.as_ref().map(|last| last.epsilon),
            "average": self.average,
            "actors": actors,
            "phases": self.phases,
            "points": self.points.get(points..).unwrap_or_default(),
        })
    }
}

/// Steps, mean reward of the training's episodes, average of the test.
fn point(metrics: &Metrics) -> Value {
    let short = |value: f64| (10.0 * value).round() / 10.0;
    json!([metrics.env_steps, short(metrics.episodic_return), metrics.average_reward.map(short)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Trained;

    #[test]
    fn everybody_is_told_what_is_new_to_them() {
        let board = Board::default();
        assert_eq!(board.news(0, 0)["run"], Value::Null);
        board.begin(&Plan { agents: 2, ..Plan::default() }, "round", "GlobalNet", &[], Activity::new(2));
        let round = |number| Round {
            number,
            trained: vec![Trained::default(); 2],
            test: None,
            weights: Weights::initial([64, 64], 1).unwrap(),
            phases: Phases::default(),
            incidents: Vec::new(),
        };
        for number in 1..=3 {
            board.round(&round(number), &Metrics::of(&round(number), 100 * number, 1.0, None));
        }
        let news = |points, pose| board.news(points, pose);
        assert_eq!(news(0, 0)["run"]["points"].as_array().unwrap().len(), 3);
        assert_eq!(news(2, 0)["run"]["points"], json!([[300, 0.0, null]]));
        // More than there are: of a run before, on the same port.
        assert_eq!(news(9, 0)["run"]["points"], json!([]));
        let names: Vec<Value> = news(0, 0)["run"]["actors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|actor| actor["name"].clone())
            .collect();
        assert_eq!(names, ["GlobalNet", "Agent 0", "Agent 1"]);
        assert_eq!(board.newest().unwrap().0, 3);
    }

    #[test]
    fn the_sky_keeps_the_last_poses_and_their_games() {
        let board = Board::default();
        let pilot = Pilot::new(&Weights::initial([64, 64], 1).unwrap(), 42, 100).unwrap();
        for game in 0..4 {
            board.take_off(game, 1, &pilot);
            (0..60).for_each(|_| board.pose(game, 0.0, [0.0; 10]));
        }
        let flight = board.news(0, 0)["flight"].clone();
        assert_eq!((flight["poses"].as_array().unwrap().len(), &flight["next"]), (150, &json!(240)));
        // 90 poses are gone, all of game 0 among them.
        assert_eq!(flight["games"].as_array().unwrap().len(), 3);
        assert_eq!(board.news(0, 238)["flight"]["poses"].as_array().unwrap().len(), 2);
        assert_eq!(board.news(0, u64::MAX)["flight"]["poses"], json!([]));
    }
}
