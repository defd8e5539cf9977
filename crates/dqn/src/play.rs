//! Games played greedily.

use environment::{AutoReset, DiscreteVectorEnvironment};
use serde::{Deserialize, Serialize};

use crate::config::whole;
use crate::error::Error;
use crate::learner::Network;
use crate::sizes::Sizes;
use crate::weights::Weights;

/// A game's result.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Game {
    /// Sum of the rewards.
    pub reward: f64,
    /// Its length.
    pub steps: u32,
    /// Whether it ended, rather than was broken off.
    pub ended: bool,
    /// What its last step earned: LunarLander gives 100 for a landing and takes 100 for a crash.
    pub last_reward: f64,
}

impl Game {
    /// One that has not begun.
    pub(crate) const NEW: Self = Self { reward: 0.0, steps: 0, ended: false, last_reward: 0.0 };

    /// Takes a step; whether that was the end.
    #[inline]
    pub(crate) fn step(&mut self, reward: f64, terminated: bool, truncated: bool) -> bool {
        self.reward += reward;
        self.last_reward = reward;
        self.steps += 1;
        self.ended = terminated;
        terminated || truncated
    }
}

/// The mean reward of games, 0 for none.
pub fn average(games: &[Game]) -> f64 {
    games.iter().map(|game| game.reward).sum::<f64>() / games.len().max(1) as f64
}

/// What many games came to.
///
/// Shares are from 0 to 1 and add up to 1. Their names are LunarLander's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Mean reward.
    pub mean: f64,
    /// How many games.
    pub games: usize,
    /// The share that ended with a reward: the lander came to rest.
    pub landed: f64,
    /// The share that went on to the limit of steps: the lander hangs in the air, or does not come to rest.
    pub hovering: f64,
    /// The share that ended without: a crash, or out of sight.
    pub crashed: f64,
}

impl Score {
    /// Of these games.
    pub fn of(games: &[Game]) -> Self {
        let share = |of: fn(&Game) -> bool| {
            games.iter().filter(|game| of(game)).count() as f64 / games.len().max(1) as f64
        };
        Self {
            mean: average(games),
            games: games.len(),
            landed: share(|game| game.ended && game.last_reward > 0.0),
            hovering: share(|game| !game.ended),
            crashed: share(|game| game.ended && game.last_reward <= 0.0),
        }
    }
}

/// Plays one game of LunarLander for each seed, all in lockstep.
///
/// # Errors
///
/// `max_steps` is 0; weights of a network that does not fly it.
pub fn play(weights: &Weights, seeds: &[u64], max_steps: u32) -> Result<Vec<Game>, Error> {
    play_in(&lunar_lander::Batch::new(lunar_lander::Options::default(), 1)?, weights, seeds, max_steps)
}

/// Games that are played at the same time.
const TOGETHER: usize = 1000;

/// Plays one game for each seed in environments of this kind, all in lockstep.
///
/// # Errors
///
/// `max_steps` is 0; weights of a network of other sizes than the environment's.
pub fn play_in(
    kind: &dyn DiscreteVectorEnvironment,
    weights: &Weights,
    seeds: &[u64],
    max_steps: u32,
) -> Result<Vec<Game>, Error> {
    whole("max_steps", max_steps as usize, 1, u32::MAX as usize)?;
    let (observation, actions) = (kind.observation_size(), kind.actions());
    weights.expect_sizes("the weights", Sizes { observation, actions, ..weights.sizes() })?;
    let mut network = Network::new(weights);
    let mut games = Vec::with_capacity(seeds.len());
    for seeds in seeds.chunks(TOGETHER) {
        games.extend(together(kind, &mut network, seeds, max_steps)?);
    }
    Ok(games)
}

fn together(
    kind: &dyn DiscreteVectorEnvironment,
    network: &mut Network,
    seeds: &[u64],
    max_steps: u32,
) -> Result<Vec<Game>, Error> {
    let mut environment = kind.alike(seeds.len(), AutoReset::Disabled, Some(max_steps))?;
    let size = environment.observation_size();
    let seeds: Vec<u128> = seeds.iter().map(|&seed| seed.into()).collect();
    let mut games = vec![Game::NEW; seeds.len()];
    // Those that are not over.
    let mut playing: Vec<usize> = (0..seeds.len()).collect();
    let first = environment.reset_flat(&seeds)?;
    let mut actions: Vec<u8> = first.chunks_exact(size).map(|state| network.greedy(state)).collect();
    while !playing.is_empty() {
        let step = environment.step_flat(&actions)?;
        playing.retain(|&i| {
            let over = games[i].step(step.rewards[i], step.terminated[i], step.truncated[i]);
            if !over {
                actions[i] = network.greedy(&step.observations[i * size..][..size]);
            }
            !over
        });
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
        assert!(play(&weights, &[], 10).unwrap().is_empty());
        assert!(play(&weights, &seeds, 0).is_err());
    }

    #[test]
    fn a_network_of_other_sizes_is_refused() {
        let weights = Weights::initial(Sizes { observation: 4, hidden: [8, 8], actions: 2 }, 1).unwrap();
        let sentence = play(&weights, &[1], 10).unwrap_err().to_string();
        assert_eq!(sentence, "the weights are of a network 4-8-8-2, expected 8-8-8-4");
    }

    #[test]
    fn a_score_tells_landing_hovering_and_crash_apart() {
        let game = |reward, ended, last_reward| Game { reward, steps: 9, ended, last_reward };
        let games = [
            game(250.0, true, 100.0),
            game(50.0, false, -0.1),
            game(-200.0, true, -100.0),
            game(200.0, true, 100.0),
        ];
        let expected = Score { mean: 75.0, games: 4, landed: 0.5, hovering: 0.25, crashed: 0.25 };
        assert_eq!(Score::of(&games), expected);
    }
}
