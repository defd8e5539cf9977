//! Games played greedily.

use lunar_lander::{Action, AutoReset, Options, VectorEnvironment};
use serde::{Deserialize, Serialize};

use crate::config::whole;
use crate::error::Error;
use crate::learner::Network;
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
}

/// The mean reward of games, 0 for none.
pub fn average(games: &[Game]) -> f64 {
    games.iter().map(|game| game.reward).sum::<f64>() / games.len().max(1) as f64
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
        assert!(play(&weights, &[], 10).unwrap().is_empty());
        assert!(play(&weights, &seeds, 0).is_err());
    }
}
