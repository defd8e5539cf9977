//! When a round is followed by a test, and what the tests have shown so far.

use anyhow::Result;
use dqn::{Game, Solve, Tests};
use mobula::{ObjectRef, Ray};
use serde::{Deserialize, Serialize};

use crate::agent::Trained;
use crate::plan::{Plan, Rules};
use crate::recovery::recovering;
use crate::round::Test;

/// Decides when to test, by either rules. Saved between two rounds, it goes on the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Examiner {
    /// The same few games' environment, played on from test to test.
    Textbook {
        /// Where they go on.
        tests: Tests,
        /// The average of the last test.
        last: Option<f64>,
    },
    /// Games that nobody has played.
    Solve(Solve),
}

impl Examiner {
    /// Before the first test.
    ///
    /// # Errors
    /// A rule out of its range.
    pub fn new(plan: &Plan) -> Result<Examiner> {
        Ok(match plan.rules {
            Rules::Textbook => Examiner::Textbook { tests: Tests::new(plan.test)?, last: None },
            Rules::Fast => Examiner::Solve(Solve::new(plan.solve, plan.seed)?),
        })
    }

    /// Takes notice of a round's training.
    pub fn see(&mut self, trained: &[Trained]) {
        let Examiner::Solve(solve) = self else { return };
        // In the order in which they ended; at the same time, in that of the Agents.
        let mut ends: Vec<_> = trained
            .iter()
            .flat_map(|trained| trained.episodes.iter().map(|episode| (episode.total_steps, episode.reward)))
            .collect();
        ends.sort_by_key(|(steps, _)| *steps);
        solve.see(ends.into_iter().map(|(_, reward)| reward));
    }

    /// Whether this round is followed by a test.
    pub fn is_due(&self, plan: &Plan, round: u64) -> bool {
        match self {
            Examiner::Textbook { last, .. } => plan.tests(round, *last),
            Examiner::Solve(solve) => solve.is_due() || round == plan.max_rounds,
        }
    }

    /// Remembers a test; whether it ends the training.
    pub fn judge(&mut self, plan: &Plan, test: &Test) -> bool {
        match self {
            Examiner::Textbook { last, .. } => {
                *last = Some(test.average);
                test.average >= plan.target_reward
            }
            Examiner::Solve(_) => test.solved,
        }
    }

    /// The mean reward of the last training episodes, where somebody looks at it.
    pub fn recent(&self) -> Option<f64> {
        match self {
            Examiner::Textbook { .. } => None,
            Examiner::Solve(solve) => solve.recent(),
        }
    }
}

/// Has these actors play the games of the seeds, each its share, all at the same time; again where one of them dies.
///
/// # Errors
/// What an actor fails with, and a death too many.
pub fn play_shares<A>(
    ray: &Ray,
    incidents: &mut Vec<String>,
    actors: Vec<&A>,
    seeds: &[u64],
    play: impl Fn(&A, Vec<u64>) -> mobula::Result<ObjectRef<Vec<Game>>>,
) -> mobula::Result<Vec<Game>> {
    let all = || {
        let shared = actors.iter().zip(shares(seeds, actors.len()));
        let calls: Vec<_> = shared.map(|(actor, seeds)| play(actor, seeds.to_vec())).collect();
        let games: Vec<Vec<Game>> =
            calls.into_iter().map(|call| call?.get(ray)).collect::<mobula::Result<_>>()?;
        Ok(games.concat())
    };
    recovering(ray, incidents, all, || Ok(()))
}

/// So many parts of a list, one after the other, as even as can be.
pub fn shares<T>(all: &[T], count: usize) -> impl Iterator<Item = &[T]> {
    let at = move |i: usize| i * all.len() / count.max(1);
    (0..count).map(move |i| &all[at(i)..at(i + 1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_leave_nothing_out() {
        let all: Vec<u32> = (0..10).collect();
        for count in [1, 3, 4, 10, 13] {
            let parts: Vec<&[u32]> = shares(&all, count).collect();
            assert_eq!(parts.len(), count);
            assert_eq!(parts.concat(), all);
            assert!(parts.iter().all(|part| part.len() <= 10_usize.div_ceil(count)));
        }
    }
}
