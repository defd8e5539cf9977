//! One PQN agent alone, and a test after each round once training goes well, until the game is solved.

use std::time::{Duration, Instant};

use environment::DiscreteVectorEnvironment;
use serde::{Deserialize, Serialize};

use crate::config::whole;
use crate::error::Error;
use crate::pqn::{Pqn, PqnConfig, Stretch};
use crate::single::Stop;
use crate::solve::{Solve, SolveRules, Verdict};

/// One PQN agent in training. What [`to_bytes`](Self::to_bytes) gives goes on bit for bit.
///
/// ```
/// use dqn::{PqnConfig, Solo, SolveRules};
/// use lunar_lander::{Batch, Options};
///
/// let kind = Box::new(Batch::new(Options::default(), 1)?);
/// let mut training = Solo::new(kind, PqnConfig::default(), SolveRules::default(), 10_240, 100, 1)?;
/// while training.finished().is_none() && training.rounds() < 2 {
///     let round = training.round()?;
///     println!("{} steps, {:?}", round.stretch.steps, round.test.map(|test| test.average));
/// }
/// assert_eq!(training.agent().steps(), 20_480);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Solo {
    kind: Box<dyn DiscreteVectorEnvironment + Send>,
    agent: Pqn,
    progress: Progress,
}

/// Where a training is, apart from the agent.
#[derive(Serialize, Deserialize)]
struct Progress {
    solve: Solve,
    round_steps: u64,
    max_rounds: u64,
    rounds: u64,
    last: Option<f64>,
    solved: bool,
}

/// A round: some training, and the test that followed it.
#[derive(Clone, Debug, PartialEq)]
pub struct SoloRound {
    /// The training.
    pub stretch: Stretch,
    /// The test, if one was due.
    pub test: Option<Verdict>,
    /// What the test took.
    pub testing: Duration,
}

impl Solo {
    /// Training from the beginning, in environments of this kind: rounds of so many environment steps, and so many of them at most.
    ///
    /// # Errors
    ///
    /// A parameter or a rule out of its range.
    pub fn new(
        kind: Box<dyn DiscreteVectorEnvironment + Send>,
        config: PqnConfig,
        rules: SolveRules,
        round_steps: u64,
        max_rounds: u64,
        seed: u64,
    ) -> Result<Self, Error> {
        whole("round_steps", usize::try_from(round_steps).unwrap_or(usize::MAX), 1, 1 << 40)?;
        let agent = Pqn::new(&*kind, config, seed)?;
        let solve = Solve::new(rules, seed)?;
        let progress = Progress { solve, round_steps, max_rounds, rounds: 0, last: None, solved: false };
        Ok(Self { kind, agent, progress })
    }

    /// The agent.
    pub fn agent(&self) -> &Pqn {
        &self.agent
    }

    /// Rounds so far.
    pub fn rounds(&self) -> u64 {
        self.progress.rounds
    }

    /// The average of the last test.
    pub fn last_average(&self) -> Option<f64> {
        self.progress.last
    }

    /// The mean reward of the last training episodes.
    pub fn recent(&self) -> Option<f64> {
        self.progress.solve.recent()
    }

    /// Why training is over, if it is.
    pub fn finished(&self) -> Option<Stop> {
        match () {
            () if self.progress.solved => Some(Stop::Reached),
            () if self.progress.rounds >= self.progress.max_rounds => Some(Stop::Exhausted),
            () => None,
        }
    }

    /// Trains one round, and tests if a test is due; after the last round one always is.
    ///
    /// # Errors
    ///
    /// A weight or a reward that became infinite or not a number.
    pub fn round(&mut self) -> Result<SoloRound, Error> {
        let Progress { solve, round_steps, max_rounds, rounds, last, solved } = &mut self.progress;
        let stretch = self.agent.train(*round_steps)?;
        *rounds += 1;
        solve.see(stretch.episodes.iter().map(|episode| episode.reward));
        let clock = Instant::now();
        let mut test = None;
        if solve.is_due() || rounds == max_rounds {
            let verdict = solve.test(&*self.kind, &self.agent.average())?;
            (*last, *solved) = (Some(verdict.average), verdict.solved);
            test = Some(verdict);
        }
        Ok(SoloRound { stretch, test, testing: clock.elapsed() })
    }

    /// As bytes, to go on from later.
    ///
    /// # Errors
    ///
    /// None that is known of.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let agent = self.agent.to_bytes()?;
        rmp_serde::to_vec(&(&self.progress, agent)).map_err(|e| Error::State(e.to_string()))
    }

    /// From [bytes](Self::to_bytes), in environments of the same kind.
    ///
    /// # Errors
    ///
    /// Bytes that are no saved training, or one that does not fit together.
    pub fn from_bytes(kind: Box<dyn DiscreteVectorEnvironment + Send>, bytes: &[u8]) -> Result<Self, Error> {
        let (progress, agent): (Progress, Vec<u8>) =
            rmp_serde::from_slice(bytes).map_err(|e| Error::State(e.to_string()))?;
        let agent = Pqn::from_bytes(&*kind, &agent)?;
        Ok(Self { kind, agent, progress })
    }
}

#[cfg(test)]
mod tests {
    use environment::random::Generator;
    use environment::{AutoReset, Discrete, Dynamics, Transition, Vectorized};

    use super::*;

    /// A corridor of seven places: at one end is a reward, at the other nothing.
    #[derive(Clone, Debug, Default)]
    struct Corridor(i64);

    impl Corridor {
        fn seen(&self) -> [f32; 3] {
            [self.0 as f32 / 3.0, 1.0, (self.0 % 2) as f32]
        }
    }

    impl Dynamics for Corridor {
        type Action = Discrete<2>;
        type Observation = [f32; 3];

        fn start(&mut self, random: &mut Generator) -> [f32; 3] {
            self.0 = random.integer(-2, 3);
            self.seen()
        }

        fn step(&mut self, action: Discrete<2>, _: &mut Generator) -> Transition<[f32; 3]> {
            self.0 += [-1, 1][action.index()];
            let reward = if self.0 == 3 { 10.0 } else { -1.0 };
            Transition { observation: self.seen(), reward, terminated: self.0.abs() == 3 }
        }
    }

    fn training(seed: u64) -> Solo {
        let kind = Vectorized::new(Corridor::default(), 1, AutoReset::Disabled).unwrap();
        let config = PqnConfig {
            hidden: [16, 16],
            environments: 8,
            rollout: 8,
            batch_size: 16,
            epsilon_steps: 1000,
            reward_scale: 0.2,
            max_episode_steps: 30,
            ..PqnConfig::default()
        };
        // Nobody starts more than five steps from the reward.
        let rules = SolveRules {
            gate_reward: 5.0,
            target: 6.0,
            confirm_reward: 6.0,
            max_steps: 30,
            ..SolveRules::default()
        };
        Solo::new(Box::new(kind), config, rules, 512, 100, seed).unwrap()
    }

    #[test]
    fn an_environment_of_ones_own_is_solved() {
        for seed in 0..3 {
            let mut training = training(seed);
            while training.finished().is_none() {
                training.round().unwrap();
            }
            assert_eq!(
                training.finished(),
                Some(Stop::Reached),
                "seed {seed}: {:?}",
                training.last_average()
            );
        }
    }

    #[test]
    fn interrupted_and_resumed_is_not_interrupted() {
        let (mut straight, mut broken) = (training(5), training(5));
        for number in 0..6 {
            let expected = straight.round().unwrap();
            let round = broken.round().unwrap();
            assert_eq!((round.stretch, round.test), (expected.stretch, expected.test));
            if number % 2 == 1 {
                let kind = Vectorized::new(Corridor::default(), 1, AutoReset::Disabled).unwrap();
                broken = Solo::from_bytes(Box::new(kind), &broken.to_bytes().unwrap()).unwrap();
            }
        }
        assert_eq!(broken.to_bytes().unwrap(), straight.to_bytes().unwrap());
        let kind = Vectorized::new(Corridor::default(), 1, AutoReset::Disabled).unwrap();
        assert!(Solo::from_bytes(Box::new(kind), b"something else").is_err());
    }
}
