//! An environment of one's own (`catch.rs`), and an agent that learns in it: `cargo run --release -p own-environment`.

mod catch;

use anyhow::Result;
use catch::Catch;
use dqn::{PqnConfig, Score, Solo, SolveRules, Weights, checkpoint, play_in};
use environment::{AutoReset, DiscreteVectorEnvironment, Vectorized};

/// Steps of an episode: its rules end it long before.
const LIMIT: u32 = 200;

fn main() -> Result<()> {
    let kind = Vectorized::new(Catch::default(), 1, AutoReset::Disabled)?.time_limit(LIMIT)?;
    let weights = train(kind.clone())?;
    let score = score(&kind, &weights)?;
    println!("{:.2} of 10 on average over {} games that decided nothing", score.mean, score.games);
    checkpoint::save(&weights, "catch.safetensors".as_ref())?;
    Ok(())
}

/// Trains until 100 games that nobody has played average 9 of 10.
fn train(kind: Vectorized<Catch>) -> Result<Weights> {
    let config = PqnConfig { reward_scale: 1.0, epsilon_steps: 20_000, ..PqnConfig::default() };
    let rules = SolveRules {
        gate_reward: 7.0,
        target: 9.0,
        confirm_reward: 9.0,
        max_steps: LIMIT,
        ..SolveRules::default()
    };
    let mut training = Solo::new(Box::new(kind), config, rules, 10_240, 50, 1)?;
    while training.finished().is_none() {
        let round = training.round()?;
        let recent = training.recent().unwrap_or_default();
        print!("{:>7} steps, training episodes earn {recent:.2}", training.agent().steps());
        println!("{}", round.test.map_or(String::new(), |test| format!(", the test {:.2}", test.average)));
    }
    Ok(training.agent().average())
}

/// What the weights earn in 100 other games.
fn score(kind: &dyn DiscreteVectorEnvironment, weights: &Weights) -> Result<Score> {
    let seeds: Vec<u64> = (500_000..500_100).collect();
    Ok(Score::of(&play_in(kind, weights, &seeds, LIMIT)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_to_catch() {
        let kind = Vectorized::new(Catch::default(), 1, AutoReset::Disabled).unwrap();
        let weights = train(kind.clone()).unwrap();
        let score = score(&kind, &weights).unwrap();
        assert!(score.mean >= 9.0 && score.games == 100, "{score:?}");
    }
}
