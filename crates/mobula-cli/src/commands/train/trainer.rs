//! What is trained: a GlobalNet and its Agents, or one agent alone.

use anyhow::Result;
use dqn::{Single, SingleRules, Weights};
use mobula::Ray;
use mobula_trainer::{Activity, Mode, Phases, Plan, Round, State, Stop, Test, Training};

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

/// One agent, by the rules of the single-node program. A round is an episode.
pub struct Alone {
    plan: Plan,
    single: Single,
}

impl Alone {
    /// From the beginning: as many episodes at most as two Agents would train.
    pub fn start(plan: Plan) -> Result<Self> {
        let rules = SingleRules {
            max_episodes: plan.max_rounds.saturating_mul(2),
            target: plan.target_reward,
            ..SingleRules::default()
        };
        let single = Single::new(plan.config.clone(), rules, plan.seed)?;
        Ok(Alone { plan: Plan { agents: 1, ..plan }, single })
    }

    /// From what [`state`](Trainer::state) gave, with the rules of then.
    pub fn resume(plan: Plan, state: &[u8]) -> Result<Self> {
        Ok(Alone { plan: Plan { agents: 1, ..plan }, single: Single::from_bytes(state)? })
    }
}

impl Trainer for Alone {
    const UNIT: &'static str = "episode";

    fn finished(&self) -> Option<Stop> {
        self.single.finished().map(|stop| match stop {
            dqn::Stop::Reached => Stop::Reached,
            dqn::Stop::Exhausted | dqn::Stop::Asked => Stop::Exhausted,
        })
    }

    fn round(&mut self) -> Result<Round> {
        let dqn::Round { episode, test } = self.single.round()?;
        let number = episode.episode;
        Ok(Round {
            number,
            episodes: vec![vec![episode]],
            test: test.map(|test| Test { round: number, average: test.average, games: test.games }),
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

    fn activity(&self) -> Activity {
        Activity::alone()
    }

    fn middle(&self) -> &'static str {
        ""
    }
}
