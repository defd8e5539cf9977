//! What is trained: a GlobalNet and its Agents, or one agent alone.

use std::time::Instant;

use anyhow::Result;
use dqn::{Single, SingleRules, Weights};
use mobula::Ray;
use mobula_trainer::{Activity, Mode, Phases, Plan, Round, State, Stop, Test, Trained, Training};

/// A training, round by round.
pub trait Trainer {
    /// What a round is called.
    const UNIT: &'static str;

    /// Why it is over, if it is.
    fn finished(&self) -> Option<Stop>;
    /// Trains one round.
    fn round(&mut self) -> Result<Round>;
    /// All that is needed to go on later.
    fn state(&self) -> Result<Vec<u8>>;
    fn plan(&self) -> &Plan;
    fn weights(&self) -> Weights;
    fn rounds(&self) -> u64;
    fn env_steps(&self) -> u64;
    /// The average of the last test.
    fn last_average(&self) -> Option<f64>;
    /// The mean reward of the last training episodes, where the rules look at it.
    fn recent(&self) -> Option<f64>;
    fn activity(&self) -> Activity;
    /// What the actor between the Agents is called, if there is one.
    fn middle(&self) -> &'static str;
}

/// Agents, and what joins them.
pub struct Distributed<'a> {
    ray: &'a Ray,
    training: Training,
}

impl<'a> Distributed<'a> {
    /// From the beginning; `num_cpus` is what each actor holds.
    pub fn start(ray: &'a Ray, plan: Plan, num_cpus: Option<f64>) -> Result<Self> {
        Ok(Distributed { ray, training: Training::start(ray, plan, num_cpus)? })
    }

    /// From what [`state`](Trainer::state) gave, with the parameters of then.
    pub fn resume(ray: &'a Ray, state: &[u8], num_cpus: Option<f64>) -> Result<Self> {
        Ok(Distributed { ray, training: Training::resume(ray, State::from_bytes(state)?, num_cpus)? })
    }
}

impl Trainer for Distributed<'_> {
    const UNIT: &'static str = "round";

    fn finished(&self) -> Option<Stop> {
        self.training.finished()
    }

    fn round(&mut self) -> Result<Round> {
        self.training.round(self.ray)
    }

    fn state(&self) -> Result<Vec<u8>> {
        self.training.save(self.ray)?.to_bytes()
    }

    fn plan(&self) -> &Plan {
        self.training.plan()
    }

    fn weights(&self) -> Weights {
        self.training.weights().clone()
    }

    fn rounds(&self) -> u64 {
        self.training.rounds()
    }

    fn env_steps(&self) -> u64 {
        self.training.env_steps()
    }

    fn last_average(&self) -> Option<f64> {
        self.training.last_average()
    }

    fn recent(&self) -> Option<f64> {
        self.training.recent()
    }

    fn activity(&self) -> Activity {
        self.training.activity().clone()
    }

    fn middle(&self) -> &'static str {
        match self.plan().mode {
            Mode::Average => "GlobalNet",
            Mode::Shared => "Learner",
        }
    }
}

/// One agent, by the textbook's rules of the single-node program. A round is an episode.
pub struct Alone {
    plan: Plan,
    single: Single,
}

impl Alone {
    /// From the beginning: as many episodes at most as two Agents would train.
    pub fn start(plan: Plan) -> Result<Self> {
        let rules = SingleRules {
            max_episodes: plan.max_rounds.saturating_mul(2),
            test_every: plan.test_every,
            close: plan.close,
            target: plan.target_reward,
            test: plan.test,
        };
        let single = Single::new(plan.config.clone(), rules, plan.seed)?;
        Ok(Alone { plan, single })
    }

    /// From what [`state`](Trainer::state) gave, with the rules of then.
    pub fn resume(plan: Plan, state: &[u8]) -> Result<Self> {
        Ok(Alone { plan, single: Single::from_bytes(state)? })
    }
}

/// Why it is over, in the words of several Agents.
fn stop(stop: dqn::Stop) -> Stop {
    match stop {
        dqn::Stop::Reached => Stop::Reached,
        dqn::Stop::Exhausted | dqn::Stop::Asked => Stop::Exhausted,
    }
}

impl Trainer for Alone {
    const UNIT: &'static str = "episode";

    fn finished(&self) -> Option<Stop> {
        self.single.finished().map(stop)
    }

    fn round(&mut self) -> Result<Round> {
        let dqn::Round { episode, test } = self.single.round()?;
        let number = episode.episode;
        let trained = Trained {
            steps: episode.steps.into(),
            epsilon: episode.epsilon,
            episodes: vec![episode],
            ..Trained::default()
        };
        let test = test.map(|dqn::Test { average, games, .. }| Test {
            round: number,
            average,
            games,
            solved: false,
        });
        Ok(Round {
            number,
            trained: vec![trained],
            test,
            weights: self.weights(),
            phases: Phases::default(),
            incidents: Vec::new(),
        })
    }

    fn state(&self) -> Result<Vec<u8>> {
        Ok(self.single.to_bytes()?)
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn weights(&self) -> Weights {
        self.single.agent().weights()
    }

    fn rounds(&self) -> u64 {
        self.single.agent().episodes()
    }

    fn env_steps(&self) -> u64 {
        self.single.agent().steps()
    }

    fn last_average(&self) -> Option<f64> {
        self.single.last_average()
    }

    fn recent(&self) -> Option<f64> {
        None
    }

    fn activity(&self) -> Activity {
        Activity::alone()
    }

    fn middle(&self) -> &'static str {
        ""
    }
}

/// One PQN agent, until the environment is solved.
pub struct Solo {
    plan: Plan,
    solo: dqn::Solo,
}

impl Solo {
    /// From the beginning.
    pub fn start(plan: Plan) -> Result<Self> {
        let Plan { pqn, solve, round_steps, max_rounds, seed, .. } = plan.clone();
        let solo = dqn::Solo::new(plan.kind()?, pqn, solve, round_steps, max_rounds, seed)?;
        Ok(Solo { plan, solo })
    }

    /// From what [`state`](Trainer::state) gave.
    pub fn resume(plan: Plan, state: &[u8]) -> Result<Self> {
        let solo = dqn::Solo::from_bytes(plan.kind()?, state)?;
        Ok(Solo { plan, solo })
    }
}

impl Trainer for Solo {
    const UNIT: &'static str = "round";

    fn finished(&self) -> Option<Stop> {
        self.solo.finished().map(stop)
    }

    fn round(&mut self) -> Result<Round> {
        let clock = Instant::now();
        let dqn::SoloRound { stretch, test, testing } = self.solo.round()?;
        let dqn::Stretch { episodes, steps, loss, value, epsilon, .. } = stretch;
        let testing = testing.as_secs_f64();
        let number = self.rounds();
        Ok(Round {
            number,
            trained: vec![Trained { episodes, steps, loss, value, epsilon, restarted: false }],
            test: test.map(|verdict| Test::judged(number, verdict)),
            weights: self.weights(),
            phases: Phases {
                training: clock.elapsed().as_secs_f64() - testing,
                testing,
                ..Phases::default()
            },
            incidents: Vec::new(),
        })
    }

    fn state(&self) -> Result<Vec<u8>> {
        Ok(self.solo.to_bytes()?)
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn weights(&self) -> Weights {
        self.solo.agent().average()
    }

    fn rounds(&self) -> u64 {
        self.solo.rounds()
    }

    fn env_steps(&self) -> u64 {
        self.solo.agent().steps()
    }

    fn last_average(&self) -> Option<f64> {
        self.solo.last_average()
    }

    fn recent(&self) -> Option<f64> {
        self.solo.recent()
    }

    fn activity(&self) -> Activity {
        Activity::alone()
    }

    fn middle(&self) -> &'static str {
        ""
    }
}
