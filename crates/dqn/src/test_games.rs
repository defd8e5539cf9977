//! The tests of a run: greedy games, one after another, played side by side.

use std::collections::VecDeque;

use lunar_lander::random::Generator;
use lunar_lander::{Action, AutoReset, DRAWS_PER_STEP, Options, VectorEnvironment};
use serde::{Deserialize, Serialize};

use crate::config::whole;
use crate::error::Error;
use crate::learner::Network;
use crate::play::Game;
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
        whole("test_games", self.games as usize, 1, 1_000_000)?;
        whole("test_steps", self.max_steps as usize, 1, u32::MAX as usize)
    }
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

    /// Plays the next test's games greedily, with the rewards of playing them one after the other.
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
        let mut ahead = Ahead::new(self.rules, Generator::from_words(self.stream))?;
        while ahead.step(&mut network)? {}
        self.stream = ahead.stream.to_words();
        Ok(ahead.games)
    }
}

/// The most games side by side.
const LANES: usize = 16;

/// Games side by side, each begun where the one before will end if it lasts to the limit of steps.
///
/// Most games of a policy that can fly do. One that ends before takes those begun after it with it: they
/// begin anew at the right place, and fewer games are begun ahead from then on.
struct Ahead {
    rules: TestRules,
    landers: lunar_lander::Batch,
    actions: Vec<Action>,
    /// Games that are known to have begun at the right place, and are over.
    games: Vec<Game>,
    /// The games after those; game `i` of the test flies in lane `i` modulo the number of lanes.
    flying: VecDeque<Flight>,
    /// How many fly at a time.
    most: usize,
    /// Where the next game begins.
    stream: Generator,
}

struct Flight {
    game: Game,
    over: bool,
}

impl Ahead {
    fn new(rules: TestRules, stream: Generator) -> Result<Self, Error> {
        let lanes = LANES.min(rules.games as usize);
        let options = Options { max_episode_steps: rules.max_steps, ..Options::default() };
        let width = lunar_lander::Width::best();
        let landers = lunar_lander::Batch::with(options, lanes, AutoReset::Disabled, width)?;
        let actions = vec![Action::Discrete(0); lanes];
        let (games, flying) = (Vec::new(), VecDeque::new());
        Ok(Self { rules, landers, actions, games, flying, most: lanes, stream })
    }

    fn lane(&self, game: usize) -> usize {
        game % self.actions.len()
    }

    /// Begins the games that have room.
    fn begin(&mut self, network: &mut Network) {
        while self.flying.len() < self.most {
            let game = self.games.len() + self.flying.len();
            if game == self.rules.games as usize {
                break;
            }
            let lane = self.lane(game);
            self.landers.set_generator(lane, self.stream.clone());
            let state = self.landers.reset_at(lane, None);
            self.actions[lane] = Action::Discrete(network.greedy(&state));
            self.stream = self.landers.generator(lane).clone();
            self.stream.advance(u64::from(self.rules.max_steps) * DRAWS_PER_STEP);
            self.flying.push_back(Flight { game: Game::NEW, over: false });
        }
    }

    /// One step of all that fly; whether there was any.
    fn step(&mut self, network: &mut Network) -> Result<bool, Error> {
        self.begin(network);
        if self.flying.is_empty() {
            return Ok(false);
        }
        let step = self.landers.step(&self.actions)?;
        let (first, lanes) = (self.games.len(), self.actions.len());
        let mut early = None;
        for (i, Flight { game, over }) in
            self.flying.iter_mut().enumerate().filter(|(_, flight)| !flight.over)
        {
            let lane = (first + i) % lanes;
            *over = game.step(step.rewards[lane], step.terminated[lane], step.truncated[lane]);
            if *over && game.steps < self.rules.max_steps {
                early = Some(i);
                break;
            }
            self.actions[lane] = Action::Discrete(network.greedy(&step.observations[lane]));
        }
        if let Some(i) = early {
            self.stream = self.landers.generator(self.lane(first + i)).clone();
            for dropped in i + 1..self.flying.len() {
                self.landers.rest(self.lane(first + dropped));
            }
            self.flying.truncate(i + 1);
            self.most = (self.most / 2).max(1);
        }
        let known = self.flying.iter().take_while(|flight| flight.over).count();
        self.games.extend(self.flying.drain(..known).map(|flight| flight.game));
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use lunar_lander::{Environment, LunarLander};

    use super::*;
    use crate::play::play;

    /// One game after the other, in one environment.
    fn in_turn(rules: TestRules, weights: &Weights) -> (Vec<Game>, [u64; 5]) {
        let mut network = Network::new(weights);
        let options = Options { max_episode_steps: u32::MAX, ..Options::default() };
        let mut lander = LunarLander::new(options).unwrap();
        lander.set_generator(Generator::new(rules.seed.into()));
        let mut games = Vec::new();
        for _ in 0..rules.games {
            let mut state = lander.reset_next();
            let mut game = Game::NEW;
            while game.steps < rules.max_steps && !game.ended {
                let step = lander.step(Action::Discrete(network.greedy(&state))).unwrap();
                state = step.observation;
                game.step(step.reward, step.done(), false);
            }
            games.push(game);
        }
        (games, lander.generator().to_words())
    }

    #[test]
    fn games_begun_ahead_are_those_played_in_turn() {
        let mut kinds = [0; 2];
        for seed in 0..30 {
            let weights = Weights::initial([64, 64], seed).unwrap();
            // With limits that all games reach, that some reach, and that none does.
            for max_steps in [1, 30, 64, 72, 80, 100, 400] {
                let rules = TestRules { games: 1 + (seed as u32 * 7) % 40, max_steps, seed };
                let mut tests = Tests::new(rules).unwrap();
                let (games, stream) = in_turn(rules, &weights);
                assert_eq!(tests.play(&weights).unwrap(), games, "{rules:?}");
                assert_eq!(tests.stream, stream, "{rules:?}");
                games.iter().for_each(|game| kinds[usize::from(game.steps < max_steps)] += 1);
            }
        }
        assert!(kinds.iter().all(|&count| count > 1000), "{kinds:?}");
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
        let rules_44 = TestRules { games: 1, max_steps: 120, seed: 44 };
        assert_eq!(
            Tests::new(rules_44).unwrap().play(&weights).unwrap(),
            play(&weights, &[44], 120).unwrap()
        );
        assert_ne!(games[1], games[0]);
        assert!(games.iter().all(|game| game.steps <= 50));
        assert!(Tests::new(rules(0)).is_err());
    }
}
