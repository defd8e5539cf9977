//! The environments that can be trained in, by their Gymnasium names.

use anyhow::{Result, bail};
use classic_control::{Acrobot, CartPole};
use dqn::SolveRules;
use environment::{AutoReset, DiscreteVectorEnvironment, Vectorized};
use lunar_lander::{Batch, Options};

/// Many environments of one kind, whichever it is.
pub type Kind = Box<dyn DiscreteVectorEnvironment + Send>;

/// The one that everything began with.
pub const LANDER: &str = "LunarLander-v3";

/// All names.
pub const NAMES: [&str; 3] = [LANDER, "CartPole-v1", "Acrobot-v1"];

/// An environment of this name, to make others like it from.
///
/// # Errors
/// A name that is none of [`NAMES`].
pub fn environment(name: &str) -> Result<Kind> {
    Ok(match name {
        LANDER => Box::new(Batch::new(Options::default(), 1)?),
        "CartPole-v1" => {
            Box::new(Vectorized::new(CartPole::default(), 1, AutoReset::Disabled)?.time_limit(500)?)
        }
        "Acrobot-v1" => {
            Box::new(Vectorized::new(Acrobot::default(), 1, AutoReset::Disabled)?.time_limit(500)?)
        }
        other => bail!("env is {other:?}, must be one of {}", NAMES.join(", ")),
    })
}

/// Steps after which an episode of this environment is broken off in Gymnasium.
pub(crate) fn limit(name: &str) -> u32 {
    if name == LANDER { 1000 } else { 500 }
}

/// The mean reward over 100 full games from which on the environment counts as solved.
///
/// Those that Gymnasium registers; for Acrobot, which has none registered, the one in general use.
pub fn solved_from(name: &str) -> f64 {
    match name {
        "CartPole-v1" => 475.0,
        "Acrobot-v1" => -100.0,
        _ => 200.0,
    }
}

/// When training in this environment is over.
pub(crate) fn solve_rules(name: &str) -> SolveRules {
    let rules = SolveRules { max_steps: limit(name), target: solved_from(name), ..SolveRules::default() };
    match name {
        "CartPole-v1" => SolveRules { gate_reward: 300.0, confirm_reward: 490.0, ..rules },
        "Acrobot-v1" => SolveRules { gate_reward: -150.0, confirm_reward: -95.0, ..rules },
        _ => rules,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_makes_its_environment() {
        let sizes = NAMES.map(|name| {
            let kind = environment(name).unwrap();
            assert_eq!(kind.max_episode_steps(), Some(limit(name)));
            (kind.observation_size(), kind.actions())
        });
        assert_eq!(sizes, [(8, 4), (4, 2), (6, 3)]);
        let sentence = environment("Pong").err().unwrap().to_string();
        assert_eq!(sentence, r#"env is "Pong", must be one of LunarLander-v3, CartPole-v1, Acrobot-v1"#);
    }
}
