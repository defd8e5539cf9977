//! The prescribed loop: train, average, synchronise, test.
//!
//! The weights go from actor to actor as references, which the driver passes on and does not look into. So all calls of a round
//! can be submitted at once, each to run when what it needs is there: one to train and one to synchronise for each Agent, and one
//! to average. The driver then looks at the phases one after the other.

use std::time::Instant;

use anyhow::{Result, bail, ensure};
use dqn::{Solve, Tests};
use mobula::{Blob, ObjectRef, Ray};

use crate::activity::{Activity, Doing};
use crate::agent::{Agent, AgentGroup, Net, Part, Trained};
use crate::gang::Gang;
use crate::global_net::{GlobalNet, GlobalNetHandle};
use crate::plan::Plan;
use crate::recovery::recovering;
use crate::round::{Phases, Round, Test};
use crate::testing::{Examiner, play_shares};

/// A GlobalNet and its Agents.
pub struct Average {
    global: GlobalNetHandle,
    agents: AgentGroup,
    /// The weights of the last round, should the GlobalNet lose them; and the same as an object.
    net: Net,
    object: ObjectRef<Net>,
    activity: Activity,
}

/// What an Agent's call to train returns.
type Parts = (ObjectRef<Part>, ObjectRef<Part>);

impl Average {
    /// Starts the actors, in the places that the gang has for them, and gives all Agents the GlobalNet's weights.
    pub fn start(ray: &Ray, plan: &Plan, gang: &Gang) -> Result<Average> {
        let global = gang.seat(GlobalNet::remote(plan.clone())).spawn(ray)?;
        let start = |i| gang.seat(Agent::remote(plan.clone(), plan.seed_of(i))).spawn(ray);
        let agents: AgentGroup = (0..plan.agents).map(start).collect::<mobula::Result<_>>()?;
        let object = global.weights(0_u64).submit(ray)?;
        agents.synchronise(&object).get_all(ray)?;
        let net = object.clone().get(ray)?;
        Ok(Average { global, agents, net, object, activity: Activity::new(plan.agents) })
    }

    pub fn net(&self) -> &Net {
        &self.net
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

    /// One round, which ends with a test where one is due.
    pub fn round(&mut self, ray: &Ray, plan: &Plan, number: u64, examiner: &mut Examiner) -> Result<Round> {
        let (mut incidents, mut phases) = (Vec::new(), Phases::default());
        let (global, agents, last) = (self.global.clone(), self.agents.clone(), self.object.clone());
        let (work, before) = (plan.work(), (number - 1) * plan.work());
        let train = |i: usize| -> mobula::Result<Parts> {
            let mut parts = agents[i].train(work, before, &last).num_returns(2).submit_all(ray)?.into_iter();
            match (parts.next(), parts.next()) {
                (Some(trained), Some(weights)) => Ok((trained, weights)),
                _ => Err(mobula::Error::Internal("a call that trains returned too little".into())),
            }
        };
        let average = |parts: &[Parts]| {
            let weights: Vec<_> = parts.iter().map(|(_, weights)| weights.clone()).collect();
            global.average(number, weights).submit(ray)
        };
        let synchronise = |object: &ObjectRef<Net>| -> mobula::Result<Vec<ObjectRef<()>>> {
            agents.iter().map(|agent| agent.synchronise(object).submit(ray)).collect()
        };

        self.activity.set(Doing::Waiting, Doing::Training);
        let mut clock = Instant::now();
        let mut parts: Vec<Option<Parts>> = (0..agents.len()).map(|i| train(i).ok()).collect();
        let whole: Option<Vec<Parts>> = parts.iter().cloned().collect();
        let mut averaged = whole.and_then(|parts| average(&parts).ok());
        let mut synchronised = averaged.as_ref().and_then(|object| synchronise(object).ok());

        let mut trained: Vec<Trained> = Vec::with_capacity(agents.len());
        for (i, parts) in parts.iter_mut().enumerate() {
            // Each Agent for itself: one that has trained must not train again because another was lost.
            let mut first = true;
            let step = || {
                if !std::mem::take(&mut first) || parts.is_none() {
                    *parts = Some(train(i)?);
                    (averaged, synchronised) = (None, None);
                }
                match parts {
                    Some((trained, _)) => trained.clone().get(ray),
                    None => Err(mobula::Error::Internal("a call that trains was lost".into())),
                }
            };
            match recovering(ray, &mut incidents, step, || Ok(()))? {
                Part::Trained(round) => trained.push(round),
                Part::Weights(_) => bail!("Agent {i} returned its weights in the wrong place"),
            }
            self.activity.agent(i, Doing::Waiting);
        }
        phases.training = lap(&mut clock);
        for (i, _) in trained.iter().enumerate().filter(|(_, trained)| trained.restarted) {
            let round = number - 1;
            incidents.push(format!("Agent {i} was started again and took the weights of round {round}"));
        }

        self.activity.set(Doing::Averaging, Doing::Sending);
        let parts: Vec<Parts> = parts.into_iter().flatten().collect();
        let update = || {
            let object = match averaged.take() {
                Some(object) => object,
                None => {
                    synchronised = None;
                    average(&parts)?
                }
            };
            Ok((object.clone().get(ray)?, object))
        };
        (self.net, self.object) = recovering(ray, &mut incidents, update, || Ok(()))?;
        phases.updating = lap(&mut clock);

        self.activity.set(Doing::Giving, Doing::Taking);
        let give = || {
            let calls = match synchronised.take() {
                Some(calls) => calls,
                None => synchronise(&self.object)?,
            };
            calls.into_iter().try_for_each(|call| call.get(ray))
        };
        recovering(ray, &mut incidents, give, || Ok(()))?;
        phases.synchronising = lap(&mut clock);

        examiner.see(&trained);
        let test = if examiner.is_due(plan, number) {
            self.activity.set(Doing::Testing, Doing::Testing);
            Some(match examiner {
                Examiner::Textbook { tests, .. } => self.textbook_test(ray, number, tests, &mut incidents)?,
                Examiner::Solve(solve) => self.test(ray, number, solve, &mut incidents)?,
            })
        } else {
            None
        };
        phases.testing = lap(&mut clock);
        self.activity.set(Doing::Waiting, Doing::Waiting);
        Ok(Round { number, trained, test, weights: self.net.best().clone(), phases, incidents })
    }

    /// GlobalNet plays.
    fn textbook_test(
        &self,
        ray: &Ray,
        number: u64,
        tests: &mut Tests,
        incidents: &mut Vec<String>,
    ) -> Result<Test> {
        let play = || self.global.test(number, tests.clone()).get(ray);
        let give_back = || self.global.restore(number, self.net.clone()).get(ray);
        let (played, next) = recovering(ray, incidents, play, give_back)?;
        *tests = next;
        Ok(played)
    }

    /// All Agents play, each a share of the games.
    fn test(&self, ray: &Ray, number: u64, solve: &mut Solve, incidents: &mut Vec<String>) -> Result<Test> {
        let limit = solve.rules().max_steps;
        let verdict = solve.test_by(|seeds| {
            play_shares(ray, incidents, self.agents.iter().collect(), seeds, |agent, seeds| {
                agent.play(&self.object, seeds, limit).submit(ray)
            })
        })?;
        Ok(Test::judged(number, verdict))
    }

    pub fn save(&self, ray: &Ray) -> Result<Vec<Blob>> {
        Ok(self.agents.save().get_all(ray)?)
    }

    pub fn restore(&mut self, ray: &Ray, round: u64, net: Net, saved: &[Blob]) -> Result<()> {
        ensure!(saved.len() == self.agents.len(), "the saved state is of {} Agents", saved.len());
        let calls: Vec<_> = self
            .agents
            .iter()
            .zip(saved)
            .map(|(agent, saved)| agent.restore(saved.clone()).submit(ray))
            .collect();
        calls.into_iter().try_for_each(|call| call?.get(ray))?;
        self.global.restore(round, net.clone()).get(ray)?;
        self.object = ray.put(net.clone())?;
        self.net = net;
        Ok(())
    }
}

/// Seconds since the last lap.
fn lap(clock: &mut Instant) -> f64 {
    let seconds = clock.elapsed().as_secs_f64();
    *clock = Instant::now();
    seconds
}
