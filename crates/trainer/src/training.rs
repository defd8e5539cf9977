//! A run: its actors, its place in the loop, and its saved state.

use anyhow::{Context as _, Result, ensure};
use dqn::Weights;
use mobula::{Blob, Ray};
use serde::{Deserialize, Serialize};

use crate::activity::Activity;
use crate::agent::Net;
use crate::average::Average;
use crate::gang::Gang;
use crate::plan::{Mode, Plan};
use crate::round::Round;
use crate::shared::Shared;
use crate::testing::Examiner;

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// A test was passed.
    Reached,
    /// All rounds were run.
    Exhausted,
}

/// A run.
///
/// ```
/// use mobula::{LocalConfig, Ray};
/// use mobula_trainer::{Plan, Training};
///
/// let ray = Ray::local(LocalConfig::default());
/// let plan = Plan { agents: 2, ..Plan::default() };
/// let mut training = Training::start(&ray, plan, None)?;
/// let round = training.round(&ray)?;
/// assert_eq!((round.number, round.trained.len()), (1, 2));
/// # Ok::<(), anyhow::Error>(())
/// ```
pub struct Training {
    plan: Plan,
    actors: Actors,
    round: u64,
    env_steps: u64,
    last: Option<f64>,
    passed: bool,
    examiner: Examiner,
    /// After the actors: what they hold goes back when they are gone.
    _gang: Gang,
}

enum Actors {
    Average(Average),
    Shared(Shared),
}

/// All that a run is between two rounds.
#[derive(Serialize, Deserialize)]
pub struct State {
    /// The run's parameters.
    pub plan: Plan,
    /// Rounds so far.
    pub round: u64,
    /// Environment steps of all Agents so far.
    pub env_steps: u64,
    /// The average of the last test.
    pub last: Option<f64>,
    /// Whether it was passed.
    passed: bool,
    /// What the tests go on with.
    examiner: Examiner,
    /// The weights of that round.
    pub net: Net,
    /// The actors' own states.
    actors: Vec<Blob>,
}

impl Training {
    /// A run from the beginning; `num_cpus` is what each actor holds.
    ///
    /// # Errors
    /// A parameter out of its range, more CPUs than there are, or what starting the actors failed with.
    pub fn start(ray: &Ray, plan: Plan, num_cpus: Option<f64>) -> Result<Training> {
        plan.check()?;
        check_room(ray, &plan, num_cpus)?;
        let gang = Gang::reserve(ray, plan.agents + 1, num_cpus)?;
        let actors = match plan.mode {
            Mode::Average => Actors::Average(Average::start(ray, &plan, &gang)?),
            Mode::Shared => Actors::Shared(Shared::start(ray, &plan, &gang)?),
        };
        let examiner = Examiner::new(&plan)?;
        Ok(Training {
            plan,
            actors,
            round: 0,
            env_steps: 0,
            last: None,
            passed: false,
            examiner,
            _gang: gang,
        })
    }

    /// A run that goes on from where it was saved.
    ///
    /// # Errors
    /// As [`start`](Training::start), and a state that does not fit together.
    pub fn resume(ray: &Ray, state: State, num_cpus: Option<f64>) -> Result<Training> {
        let State { plan, round, env_steps, last, passed, examiner, net, actors } = state;
        let mut training = Training::start(ray, plan, num_cpus)?;
        match &mut training.actors {
            Actors::Average(average) => average.restore(ray, round, net, &actors)?,
            Actors::Shared(shared) => shared.restore(ray, net, &actors)?,
        }
        (training.round, training.env_steps) = (round, env_steps);
        (training.last, training.passed, training.examiner) = (last, passed, examiner);
        Ok(training)
    }

    /// Why it is over, if it is.
    pub fn finished(&self) -> Option<Stop> {
        if self.passed {
            Some(Stop::Reached)
        } else if self.round >= self.plan.max_rounds {
            Some(Stop::Exhausted)
        } else {
            None
        }
    }

    /// Runs one round.
    ///
    /// # Errors
    /// A weight or a reward that is no number; a loss that could not be repaired; an interrupt.
    pub fn round(&mut self, ray: &Ray) -> Result<Round> {
        let number = self.round + 1;
        let examiner = &mut self.examiner;
        let round = match &mut self.actors {
            Actors::Average(average) => average.round(ray, &self.plan, number, examiner)?,
            Actors::Shared(shared) => shared.round(ray, &self.plan, number, self.env_steps, examiner)?,
        };
        self.round = number;
        self.env_steps += round.env_steps();
        if let Some(test) = &round.test {
            ensure!(test.average.is_finite(), "the average reward of round {number} became no number");
            self.last = Some(test.average);
            self.passed = self.examiner.judge(&self.plan, test);
        }
        Ok(round)
    }

    /// All that is needed to go on later.
    ///
    /// # Errors
    /// The loss of an actor.
    pub fn save(&self, ray: &Ray) -> Result<State> {
        let actors = match &self.actors {
            Actors::Average(average) => average.save(ray)?,
            Actors::Shared(shared) => shared.save(ray)?,
        };
        Ok(State {
            plan: self.plan.clone(),
            round: self.round,
            env_steps: self.env_steps,
            last: self.last,
            passed: self.passed,
            examiner: self.examiner.clone(),
            net: self.net().clone(),
            actors,
        })
    }

    /// The parameters.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The weights that all share, those that are tested and kept.
    pub fn weights(&self) -> &Weights {
        self.net().best()
    }

    fn net(&self) -> &Net {
        match &self.actors {
            Actors::Average(average) => average.net(),
            Actors::Shared(shared) => shared.net(),
        }
    }

    /// The mean reward of the last training episodes, where the rules look at it.
    pub fn recent(&self) -> Option<f64> {
        self.examiner.recent()
    }

    /// What the actors are doing; a clone shows it while a round runs.
    pub fn activity(&self) -> &Activity {
        match &self.actors {
            Actors::Average(average) => average.activity(),
            Actors::Shared(shared) => shared.activity(),
        }
    }

    /// The average of the last test.
    pub fn last_average(&self) -> Option<f64> {
        self.last
    }

    /// Rounds so far.
    pub fn rounds(&self) -> u64 {
        self.round
    }

    /// Environment steps of all Agents so far.
    pub fn env_steps(&self) -> u64 {
        self.env_steps
    }

    /// The actors of the averaging mode, to watch them or to break them.
    pub fn average_actors(&self) -> Option<(&crate::GlobalNetHandle, &crate::AgentGroup)> {
        match &self.actors {
            Actors::Average(average) => Some((average.global(), average.agents())),
            Actors::Shared(_) => None,
        }
    }

    /// The learner of shared replay, to watch it or to break it.
    pub fn shared_learner(&self) -> Option<&crate::LearnerHandle> {
        match &self.actors {
            Actors::Average(_) => None,
            Actors::Shared(shared) => Some(shared.learner()),
        }
    }
}

impl State {
    /// As bytes: MessagePack.
    ///
    /// # Errors
    /// None that is known of.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(rmp_serde::to_vec(self)?)
    }

    /// From bytes.
    ///
    /// # Errors
    /// What is no saved state of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<State> {
        rmp_serde::from_slice(bytes).context("this is no saved state of a run")
    }
}

/// Actors that can never all be placed would wait for ever.
fn check_room(ray: &Ray, plan: &Plan, num_cpus: Option<f64>) -> Result<()> {
    let Some(each) = num_cpus else { return Ok(()) };
    ensure!(each.is_finite() && each >= 0.0, "num_cpus is {each}, must be 0 or more");
    let actors = plan.agents + 1;
    let wanted = each * actors as f64;
    let there = ray.cluster_resources()?.get("CPU").copied().unwrap_or(0.0);
    ensure!(
        wanted <= there,
        "{actors} actors of {each} CPUs ask for {wanted}, and there are {there}: use fewer agents, or less for each with --num-cpus"
    );
    Ok(())
}
