//! What is to be trained, and how.

use anyhow::{Context as _, Result, ensure};
use dqn::{Config, PqnConfig, Score, SolveRules, TestRules};
use serde::{Deserialize, Serialize};

use crate::environments::{self, Kind, LANDER, environment};

/// How the Agents' work comes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Every Agent learns for itself, and after each round all take the average of their weights.
    #[default]
    Average,
    /// The Agents play, one learner learns from what all of them saw: shared replay, as in Ape-X (Horgan et al., "Distributed
    /// Prioritized Experience Replay", 2018), without its priorities. The learner works while the Agents play the next round, so
    /// they play with weights that are one round old.
    Shared,
}

/// What is learned by, and when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rules {
    /// PQN Agents (with shared replay: Double DQN of several steps), rounds of a fixed number of environment steps, and an end
    /// when games that nobody has played say that the environment is solved.
    #[default]
    Fast,
    /// The original to the letter: DQN Agents, rounds of whole episodes, and an end when ten games of 200 steps earn 100 on
    /// average, whatever they would have come to.
    Textbook,
}

/// What an Agent, or the learner of shared replay, learns with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Learning {
    /// From a replay memory.
    Dqn,
    /// From rollouts.
    Pqn,
}

/// The parameters of a run. With the same ones it ends with the same weights, wherever it runs.
///
/// Those of the rules that are not in force mean nothing; [`parameters`](crate::parameters) knows which they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// The environment, by Gymnasium's name.
    pub env: String,
    /// What is learned by, and when it is over.
    pub rules: Rules,
    /// How the Agents' work comes together.
    pub mode: Mode,
    /// One agent alone in this process.
    pub single: bool,
    /// The Agents, each an actor.
    pub agents: usize,
    /// What everything random begins with.
    pub seed: u64,
    /// Rounds after which it ends without success; alone by the textbook's rules, of two episodes each.
    pub max_rounds: u64,
    /// Episodes that each trains in a round of the textbook's.
    pub epochs_per_sync: usize,
    /// Environment steps of each Agent in any other round, rounded up to whole rollouts.
    pub round_steps: u64,
    /// The parameters of DQN.
    pub config: Config,
    /// The parameters of PQN: environments, minibatch and exploration are all Agents' together.
    pub pqn: PqnConfig,
    /// The average reward that ends the training by the textbook's rules.
    pub target_reward: f64,
    /// Rounds from one of the textbook's tests to the next, until one comes close.
    pub test_every: u64,
    /// The average from which on every round is tested there.
    pub close: f64,
    /// The textbook's test.
    pub test: TestRules,
    /// How it is found out otherwise whether the environment is solved.
    pub solve: SolveRules,
}

impl Default for Plan {
    fn default() -> Self {
        Plan::of(LANDER, Rules::Fast, Mode::Average, false)
    }
}

impl Plan {
    /// The defaults of these rules in this environment.
    pub fn of(env: &str, rules: Rules, mode: Mode, single: bool) -> Plan {
        let steps = environments::limit(env);
        let config = match (rules, mode) {
            (Rules::Fast, Mode::Shared) => Config {
                learning_rate: 2e-3,
                soft_update: 5e-3,
                learn_every: 8,
                epsilon_steps: 100_000,
                epsilon_floor: 0.02,
                bootstrap_at_limit: true,
                reward_scale: 0.03,
                n_step: 3,
                double: true,
                max_episode_steps: steps,
                ..Config::default()
            },
            _ => Config { max_episode_steps: steps, ..Config::default() },
        };
        Plan {
            env: env.into(),
            rules,
            mode,
            single,
            agents: match (single, rules, mode) {
                (true, ..) => 1,
                // An Agent's environments fill the vectors that they are computed with, and two have them all.
                (_, Rules::Fast, Mode::Average) => 2,
                _ => 4,
            },
            seed: 0,
            max_rounds: 1000,
            epochs_per_sync: 1,
            round_steps: match (mode, single) {
                (_, true) => 10_240,
                (Mode::Average, _) => 3840,
                (Mode::Shared, _) => 256,
            },
            config,
            pqn: PqnConfig {
                environments: if mode == Mode::Shared { 16 } else { 64 },
                max_episode_steps: steps,
                ..PqnConfig::default()
            },
            target_reward: 100.0,
            test_every: 10,
            close: 90.0,
            test: TestRules::default(),
            solve: environments::solve_rules(env),
        }
    }

    /// By the textbook's rules.
    pub fn textbook() -> Plan {
        Plan::of(LANDER, Rules::Textbook, Mode::Average, false)
    }

    pub(crate) fn learning(&self) -> Learning {
        match (self.rules, self.mode) {
            (Rules::Fast, Mode::Average) => Learning::Pqn,
            _ => Learning::Dqn,
        }
    }

    /// Environments like those that are trained in.
    ///
    /// # Errors
    /// A name that no environment has.
    pub fn kind(&self) -> Result<Kind> {
        environment(&self.env)
    }

    /// The most steps of an episode of training.
    pub fn max_episode_steps(&self) -> u32 {
        match self.learning() {
            Learning::Dqn => self.config.max_episode_steps,
            Learning::Pqn => self.pqn.max_episode_steps,
        }
    }

    /// Neurons of the hidden layers.
    pub fn hidden(&self) -> [usize; 2] {
        match self.learning() {
            Learning::Dqn => self.config.hidden,
            Learning::Pqn => self.pqn.hidden,
        }
    }

    /// The average reward of a test that it is all about.
    pub fn target(&self) -> f64 {
        match self.rules {
            Rules::Textbook => self.target_reward,
            Rules::Fast => self.solve.target,
        }
    }

    /// Whether a score over games that decided nothing says that the environment is solved.
    pub fn is_solved(&self, score: &Score) -> bool {
        score.mean >= environments::solved_from(&self.env)
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// The parameter, its value and the allowed range.
    pub fn check(&self) -> Result<()> {
        self.kind()?;
        ensure!((1..=1000).contains(&self.agents), "agents is {}, must be from 1 to 1000", self.agents);
        ensure!(self.max_rounds >= 1, "max_rounds is 0, must be 1 or more");
        match self.rules {
            Rules::Textbook => {
                ensure!(
                    self.env == LANDER,
                    "env is {:?}, and the textbook's rules are for {LANDER}",
                    self.env
                );
                let epochs = self.epochs_per_sync;
                ensure!(
                    (1..=100_000).contains(&epochs),
                    "epochs_per_sync is {epochs}, must be from 1 to 100000"
                );
                ensure!(
                    self.target_reward.is_finite(),
                    "target_reward is {}, must be finite",
                    self.target_reward
                );
                ensure!(!self.close.is_nan(), "close_reward is NaN, must be a number");
                ensure!(self.test_every >= 1, "test_every is 0, must be 1 or more");
                self.test.check()?;
            }
            Rules::Fast => {
                let steps = self.round_steps;
                ensure!(
                    (1..=1 << 40).contains(&steps),
                    "round_steps is {steps}, must be from 1 to {}",
                    1_u64 << 40
                );
                self.solve.check()?;
                let lanes = self.pqn.environments;
                ensure!(
                    (self.agents..=1 << 16).contains(&lanes),
                    "environments is {lanes}, must be from {} (one for each Agent) to {}",
                    self.agents,
                    1 << 16
                );
            }
        }
        match self.learning() {
            Learning::Dqn => self.config.check()?,
            Learning::Pqn => {
                let batch = self.pqn.batch_size;
                ensure!(
                    batch >= self.agents,
                    "batch_size is {batch}, must be {} (one for each Agent) or more",
                    self.agents
                );
                self.pqn.check()?;
                self.pqn_of_each()
                    .check()
                    .with_context(|| format!("the part of each of {} Agents", self.agents))?;
            }
        }
        Ok(())
    }

    /// An Agent's part of all environments, of each minibatch and of the exploration.
    pub(crate) fn pqn_of_each(&self) -> PqnConfig {
        let n = self.agents.max(1);
        PqnConfig {
            environments: self.pqn.environments / n,
            batch_size: self.pqn.batch_size / n,
            epsilon_steps: self.pqn.epsilon_steps / n as u64,
            ..self.pqn.clone()
        }
    }

    /// What an Agent does in a round: episodes by the textbook's rules, else environment steps.
    pub(crate) fn work(&self) -> u64 {
        match self.rules {
            Rules::Textbook => self.epochs_per_sync as u64,
            Rules::Fast => match self.learning() {
                Learning::Pqn => self.round_steps.next_multiple_of(self.pqn_of_each().iteration().max(1)),
                Learning::Dqn => self.round_steps,
            },
        }
    }

    /// The seed of one Agent: all differ, and differ from other runs'.
    pub(crate) fn seed_of(&self, agent: usize) -> u64 {
        // Weyl's sequence on the golden ratio keeps neighbouring seeds apart.
        self.seed.wrapping_add((agent as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Whether a round of the textbook's is followed by a test.
    pub(crate) fn tests(&self, round: u64, last: Option<f64>) -> bool {
        round.is_multiple_of(self.test_every)
            || last.is_some_and(|last| last >= self.close)
            || round == self.max_rounds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused_with_its_range() {
        let refused = |plan: Plan| plan.check().unwrap_err().to_string();
        assert_eq!(refused(Plan { agents: 0, ..Plan::default() }), "agents is 0, must be from 1 to 1000");
        assert!(refused(Plan { epochs_per_sync: 0, ..Plan::textbook() }).contains("from 1 to"));
        assert!(refused(Plan { target_reward: f64::NAN, ..Plan::textbook() }).contains("NaN"));
        let config = Config { batch_size: 200_000, ..Config::default() };
        assert!(refused(Plan { config, ..Plan::textbook() }).contains("batch_size is 200000"));
        let pqn = PqnConfig { learning_rate: -1.0, ..PqnConfig::default() };
        assert!(refused(Plan { pqn, ..Plan::default() }).contains("learning_rate is -1"));
        let many = Plan { agents: 65, ..Plan::default() };
        assert_eq!(refused(many), "environments is 64, must be from 65 (one for each Agent) to 65536");
        assert!(refused(Plan { env: "CartPole-v1".into(), ..Plan::textbook() }).contains("LunarLander-v3"));
    }

    #[test]
    fn all_defaults_are_in_range() {
        for env in environments::NAMES {
            for mode in [Mode::Average, Mode::Shared] {
                for single in [false, true] {
                    Plan::of(env, Rules::Fast, mode, single).check().unwrap();
                    Plan::of(LANDER, Rules::Textbook, mode, single).check().unwrap();
                }
            }
        }
        // Also where the Agents do not divide everything evenly.
        for agents in [1, 2, 3, 5, 7, 64] {
            Plan { agents, ..Plan::default() }.check().unwrap();
        }
    }

    #[test]
    fn every_agent_has_a_seed_of_its_own() {
        let seeds: std::collections::HashSet<u64> = (0..10)
            .flat_map(|seed| (0..50).map(move |i| Plan { seed, ..Plan::default() }.seed_of(i)))
            .collect();
        assert_eq!(seeds.len(), 500);
    }
}
