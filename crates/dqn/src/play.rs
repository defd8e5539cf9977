//! Games played greedily: tests while training, and games for their own sake.

use lunar_lander::random::Generator;
use lunar_lander::{Action, AutoReset, Environment, LunarLander, Options, VectorEnvironment};
use serde::{Deserialize, Serialize};

use crate::config::whole;
use crate::error::Error;
use crate::learner::Network;
use crate::weights::Weights;

/// How a network is tested.
///
/// See [`Tests`], which plays by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TestRules {
    /// How many games.
    pub games: u32,
    /// Steps after which a game is broken off.
    pub max_steps: u32,
    /// The environment's seed.
    pub seed: u64,
}

impl Default for TestRules {
    fn default() -> Self {
        Self { games: 10, max_steps: 200, seed: 42 }
    }
}

impl TestRules {
    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// No games, or no steps.
    pub fn check(&self) -> Result<(), Error> {
        whole("games", self.games as usize, 1, 1_000_000)?;
        whole("max_steps", self.max_steps as usize, 1, u32::MAX as usize)
    }
}

/// A game's result.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Game {
    /// Sum of the rewards.
    pub reward: f64,
    /// Its length.
    pub steps: u32,
    /// Whether it ended, rather than was broken off.
    pub ended: bool,
}

/// The mean reward of games, 0 for none.
pub fn average(games: &[Game]) -> f64 {
    games.iter().map(|game| game.reward).sum::<f64>() / games.len().max(1) as f64
}

/// The tests of a run: one environment that is seeded once, and plays on from test to test.
///
/// Every game but the first goes on with the random numbers that follow those of the game before, so where a game starts
/// depends on how long all earlier ones took. Saved with serde between two tests, it goes on bit for bit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tests {
    rules: TestRules,
    /// The generator's state.
    stream: [u64; 5],
}

impl Tests {
    /// Before the first test.
    ///
    /// # Errors
    ///
    /// A rule out of its range.
    pub fn new(rules: TestRules) -> Result<Self, Error> {
        rules.check()?;
        Ok(Self { rules, stream: Generator::new(rules.seed.into()).to_words() })
    }

    /// Plays the next test's games, one after the other, greedily.
    ///
    /// # Errors
    ///
    /// None that is known of.
    ///
    /// ```
    /// let weights = dqn::Weights::initial([64, 64], 1)?;
    /// let mut tests = dqn::Tests::new(dqn::TestRules::default())?;
    /// let games = tests.play(&weights)?;
    /// assert_eq!(games.len(), 10);
    /// assert!(dqn::average(&games) < 100.0);
    /// assert_ne!(tests.play(&weights)?, games);
    /// # Ok::<(), dqn::Error>(())
    /// ```
    pub fn play(&mut self, weights: &Weights) -> Result<Vec<Game>, Error> {
        let mut network = Network::new(weights);
        let mut lander = LunarLander::new(Options { max_episode_steps: u32::MAX, ..Options::default() })?;
        lander.set_generator(Generator::from_words(self.stream));
        let mut games = Vec::new();
        for _ in 0..self.rules.games {
            let mut state = lander.reset_next();
            let mut game = Game { reward: 0.0, steps: 0, ended: false };
            while game.steps < self.rules.max_steps && !game.ended {
                let step = lander.step(Action::Discrete(network.greedy(&state)))?;
                state = step.observation;
                game.reward += step.reward;
                game.steps += 1;
                game.ended = step.done();
            }
            games.push(game);
        }
        self.stream = lander.generator().to_words();
        Ok(games)
    }
}

/// Plays one game for each seed, all in lockstep.
///
/// # Errors
///
/// `max_steps` is 0.
pub fn play(weights: &Weights, seeds: &[u64], max_steps: u32) -> Result<Vec<Game>, Error> {
    whole("max_steps", max_steps as usize, 1, u32::MAX as usize)?;
    if seeds.is_empty() {
        return Ok(Vec::new());
    }
    let mut network = Network::new(weights);
    let options = Options { max_episode_steps: max_steps, ..Options::default() };
    let width = lunar_lander::Width::best();
    let mut landers = lunar_lander::Batch::with(options, seeds.len(), AutoReset::Disabled, width)?;
    let seeds: Vec<u128> = seeds.iter().map(|&seed| seed.into()).collect();
    let mut games = vec![Game { reward: 0.0, steps: 0, ended: false }; seeds.len()];
    let mut running = vec![true; seeds.len()];
    let mut actions: Vec<_> =
        landers.reset(&seeds)?.iter().map(|state| Action::Discrete(network.greedy(state))).collect();
    while running.contains(&true) {
        let step = landers.step(&actions)?;
        for (i, (game, running)) in games.iter_mut().zip(&mut running).enumerate() {
            if !*running {
                continue;
            }
            game.reward += step.rewards[i];
            game.steps += 1;
            game.ended = step.terminated[i];
            *running = !(step.terminated[i] || step.truncated[i]);
            actions[i] = Action::Discrete(network.greedy(&step.observations[i]));
        }
    }
    Ok(games)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn games_in_lockstep_are_games_played_alone() {
        let weights = Weights::initial([64, 64], 12).unwrap();
        let seeds: Vec<u64> = (40..53).collect();
        let together = play(&weights, &seeds, 120).unwrap();
        let apart: Vec<_> = seeds.iter().map(|&seed| play(&weights, &[seed], 120).unwrap()[0]).collect();
        assert_eq!(together, apart);
        let rules = TestRules { games: 1, max_steps: 120, seed: 44 };
        assert_eq!(Tests::new(rules).unwrap().play(&weights).unwrap(), together[4..5]);
        assert!(play(&weights, &[], 10).unwrap().is_empty());
        assert!(play(&weights, &seeds, 0).is_err());
    }

    #[test]
    fn every_game_goes_on_with_the_random_numbers_of_the_one_before() {
        let weights = Weights::initial([64, 64], 12).unwrap();
        let rules = |games| TestRules { games, max_steps: 50, seed: 42 };
        let (mut tests, mut one) = (Tests::new(rules(2)).unwrap(), Tests::new(rules(4)).unwrap());
        let mut games = tests.play(&weights).unwrap();
        // Also over a stop.
        let saved = rmp_serde::to_vec(&tests).unwrap();
        games.extend(rmp_serde::from_slice::<Tests>(&saved).unwrap().play(&weights).unwrap());
        assert_eq!(games, one.play(&weights).unwrap());
        assert_eq!(games[..1], play(&weights, &[42], 50).unwrap()[..]);
        assert_ne!(games[1], games[0]);
        assert!(games.iter().all(|game| game.steps <= 50));
        assert!(Tests::new(rules(0)).is_err());
    }
}
