//! The single-node trainer: one agent, and a test every so often until the tests are passed.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::agent::{Agent, EpisodeStats};
use crate::config::{Config, whole};
use crate::error::Error;
use crate::play::{Game, average};
use crate::test_games::{TestRules, Tests};

/// When to test, and when to stop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SingleRules {
    /// Episodes after which training stops without success.
    pub max_episodes: u64,
    /// Episodes from one test to the next.
    pub test_every: u64,
    /// While the last test had this average or better, every episode is followed by a test.
    pub close: f64,
    /// The average that ends training.
    pub target: f64,
    /// The test.
    pub test: TestRules,
}

impl Default for SingleRules {
    fn default() -> Self {
        Self { max_episodes: 2000, test_every: 10, close: 90.0, target: 100.0, test: TestRules::default() }
    }
}

impl SingleRules {
    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// Names the first rule that is out of its range.
    pub fn check(&self) -> Result<(), Error> {
        whole("test_every", self.test_every as usize, 1, u32::MAX as usize)?;
        for (name, value) in [("close", self.close), ("target", self.target)] {
            if !value.is_finite() {
                let range = "a finite number".to_owned();
                return Err(Error::Parameter { name, value: value.to_string(), range });
            }
        }
        self.test.check()
    }
}

/// A test that was played.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// The episode after which it was played.
    pub episode: u64,
    /// Mean reward of its games.
    pub average: f64,
    /// Its games.
    pub games: Vec<Game>,
}

/// An episode, and the test that followed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// The episode.
    pub episode: EpisodeStats,
    /// The test, if one was due.
    pub test: Option<Test>,
}

/// Why training stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    /// A test reached the target.
    Reached,
    /// All episodes were trained.
    Exhausted,
    /// The observer asked for it.
    Asked,
}

/// One agent in training. Saved with serde between episodes, it goes on bit for bit.
///
/// ```
/// use std::ops::ControlFlow;
///
/// let mut training = dqn::Single::new(dqn::Config::default(), dqn::SingleRules::default(), 1)?;
/// let stop = training.run(|training, round| {
///     println!("{} {:?}", round.episode.reward, round.test.as_ref().map(|test| test.average));
///     if training.agent().episodes() < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
/// })?;
/// assert_eq!(stop, dqn::Stop::Asked);
/// # Ok::<(), dqn::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Single {
    rules: SingleRules,
    agent: Agent,
    tests: Tests,
    last: Option<f64>,
}

impl Single {
    /// Training from the beginning.
    ///
    /// # Errors
    ///
    /// A parameter or a rule out of its range.
    pub fn new(config: Config, rules: SingleRules, seed: u64) -> Result<Self, Error> {
        rules.check()?;
        Ok(Self { rules, agent: Agent::new(config, seed)?, tests: Tests::new(rules.test)?, last: None })
    }

    /// The agent.
    pub fn agent(&self) -> &Agent {
        &self.agent
    }

    /// The average of the last test.
    pub fn last_average(&self) -> Option<f64> {
        self.last
    }

    /// As bytes, to go on from later.
    ///
    /// # Errors
    ///
    /// None that is known of.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        rmp_serde::to_vec(self).map_err(|e| Error::State(e.to_string()))
    }

    /// From [bytes](Self::to_bytes).
    ///
    /// # Errors
    ///
    /// Bytes that are no saved training, or one that does not fit together.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        rmp_serde::from_slice(bytes).map_err(|e| Error::State(e.to_string()))
    }

    /// Why training is over, if it is.
    pub fn finished(&self) -> Option<Stop> {
        if self.last.is_some_and(|last| last >= self.rules.target) {
            Some(Stop::Reached)
        } else if self.agent.episodes() >= self.rules.max_episodes {
            Some(Stop::Exhausted)
        } else {
            None
        }
    }

    /// Trains one episode, and tests if a test is due.
    ///
    /// # Errors
    ///
    /// A weight or a reward that became infinite or not a number.
    pub fn round(&mut self) -> Result<Round, Error> {
        let [episode] = self.agent.train(1)?[..] else {
            return Err(Error::State("an episode left no statistics".to_owned()));
        };
        let close = self.last.is_some_and(|last| last >= self.rules.close);
        let test = if close || episode.episode.is_multiple_of(self.rules.test_every) {
            let games = self.tests.play(&self.agent.weights())?;
            let test = Test { episode: episode.episode, average: average(&games), games };
            self.last = Some(test.average);
            Some(test)
        } else {
            None
        };
        Ok(Round { episode, test })
    }

    /// Trains until it is over or `observe`, which sees every round, breaks.
    ///
    /// # Errors
    ///
    /// As [`round`](Self::round).
    pub fn run(&mut self, mut observe: impl FnMut(&Self, &Round) -> ControlFlow<()>) -> Result<Stop, Error> {
        loop {
            if let Some(stop) = self.finished() {
                return Ok(stop);
            }
            let round = self.round()?;
            if observe(self, &round).is_break() {
                return Ok(self.finished().unwrap_or(Stop::Asked));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(episode: u64) -> impl FnMut(&Single, &Round) -> ControlFlow<()> {
        move |_, round| {
            if round.episode.episode == episode { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }

    #[test]
    fn tests_are_played_every_tenth_episode_and_every_episode_when_close() {
        let tested = |close| {
            let rules = SingleRules { close, max_episodes: 22, ..SingleRules::default() };
            let mut training = Single::new(Config::default(), rules, 2).unwrap();
            let mut tested = Vec::new();
            let stop = training
                .run(|_, round| {
                    tested.extend(round.test.as_ref().map(|test| test.episode));
                    ControlFlow::Continue(())
                })
                .unwrap();
            assert_eq!(stop, Stop::Exhausted);
            tested
        };
        assert_eq!(tested(90.0), [10, 20]);
        assert_eq!(tested(-1e9), (10..=22).collect::<Vec<_>>());
    }

    #[test]
    fn a_test_at_the_target_ends_training() {
        let rules = SingleRules { target: -1e9, ..SingleRules::default() };
        let mut training = Single::new(Config::default(), rules, 2).unwrap();
        assert_eq!(training.run(|_, _| ControlFlow::Continue(())).unwrap(), Stop::Reached);
        assert_eq!(training.agent().episodes(), 10);
    }

    #[test]
    fn interrupted_and_resumed_is_not_interrupted() {
        let rules = SingleRules { close: -1e9, ..SingleRules::default() };
        let mut straight = Single::new(Config::default(), rules, 4).unwrap();
        let mut broken = straight.clone();
        straight.run(until(14)).unwrap();
        broken.run(until(11)).unwrap();
        let bytes = rmp_serde::to_vec(&broken).unwrap();
        let mut resumed: Single = rmp_serde::from_slice(&bytes).unwrap();
        resumed.run(until(14)).unwrap();
        assert_eq!(resumed.last_average(), straight.last_average());
        assert_eq!(rmp_serde::to_vec(&resumed).unwrap(), rmp_serde::to_vec(&straight).unwrap());
    }
}
