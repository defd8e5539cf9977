//! All parameters of a run by their names: for options, files, axes of a sweep, and reports.
//!
//! A name means the same wherever it means something. Where it does not, under these rules or alone, it is refused: a parameter
//! that is taken and then has no effect misleads whoever set it.

use std::fmt;

use anyhow::{Context as _, Result, bail, ensure};

use crate::plan::{Learning, Mode, Plan, Rules};

/// A parameter.
pub struct Parameter {
    /// Its name, as in files: `learning_rate`. As an option it is `--learning-rate`.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    place: fn(&mut Plan) -> Option<Slot<'_>>,
}

/// Where a parameter's value lies in a plan.
enum Slot<'a> {
    Size(&'a mut usize),
    Whole(&'a mut u64),
    Small(&'a mut u32),
    Number(&'a mut f64),
    Flag(&'a mut bool),
    Sizes(&'a mut [usize; 2]),
    Numbers(&'a mut [f64; 2]),
}

impl Slot<'_> {
    fn set(self, text: &str) -> Result<()> {
        fn value<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
            text: &str,
        ) -> Result<T> {
            Ok(text.trim().replace('_', "").parse()?)
        }
        fn pair<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
            text: &str,
        ) -> Result<[T; 2]> {
            let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
            let Some((first, second)) = inner.split_once(['x', ',']) else {
                bail!("two values are expected, with an x between them");
            };
            Ok([value(first)?, value(second)?])
        }
        match self {
            Slot::Size(slot) => *slot = value(text)?,
            Slot::Whole(slot) => *slot = value(text)?,
            Slot::Small(slot) => *slot = value(text)?,
            Slot::Number(slot) => *slot = value(text)?,
            Slot::Flag(slot) => *slot = value(text)?,
            Slot::Sizes(slot) => *slot = pair(text)?,
            Slot::Numbers(slot) => *slot = pair(text)?,
        }
        Ok(())
    }
}

/// As TOML has it.
impl fmt::Display for Slot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Slot::Size(value) => write!(f, "{value}"),
            Slot::Whole(value) => write!(f, "{value}"),
            Slot::Small(value) => write!(f, "{value}"),
            Slot::Number(value) => write!(f, "{value:?}"),
            Slot::Flag(value) => write!(f, "{value}"),
            Slot::Sizes([a, b]) => write!(f, "[{a}, {b}]"),
            Slot::Numbers([a, b]) => write!(f, "[{a:?}, {b:?}]"),
        }
    }
}

fn textbook(plan: &Plan) -> bool {
    plan.rules == Rules::Textbook
}

fn pqn(plan: &Plan) -> bool {
    plan.learning() == Learning::Pqn
}

/// One of two places: DQN's or PQN's.
macro_rules! either {
    ($kind:ident, $field:ident) => {
        |plan| Some(Slot::$kind(if pqn(plan) { &mut plan.pqn.$field } else { &mut plan.config.$field }))
    };
}

/// A place that there is where `when` says so.
macro_rules! only {
    ($when:expr, $kind:ident, $($field:ident).+) => {
        |plan| {
            let when: fn(&Plan) -> bool = $when;
            when(plan).then(|| Slot::$kind(&mut plan.$($field).+))
        }
    };
}

/// All parameters but those that the others depend on: `env`, `rules`, `mode` and `single`.
pub const PARAMETERS: &[Parameter] = &[
    Parameter { name: "agents", help: "Agents, each an actor", place: only!(|p| !p.single, Size, agents) },
    Parameter {
        name: "seed",
        help: "What everything random begins with",
        place: only!(|_| true, Whole, seed),
    },
    Parameter {
        name: "max_rounds",
        help: "Rounds after which it ends without success (alone by the textbook's rules: of 2 episodes each)",
        place: only!(|_| true, Whole, max_rounds),
    },
    Parameter {
        name: "epochs_per_sync",
        help: "Episodes that each Agent trains between two synchronisations",
        place: only!(|p| textbook(p) && !p.single, Size, epochs_per_sync),
    },
    Parameter {
        name: "round_steps",
        help: "Environment steps of each Agent in a round, rounded up to whole rollouts",
        place: only!(|p| !textbook(p), Whole, round_steps),
    },
    Parameter {
        name: "batch_size",
        help: "Transitions in a learn step; in PQN's of all Agents together",
        place: either!(Size, batch_size),
    },
    Parameter { name: "learning_rate", help: "Adam's step size", place: either!(Number, learning_rate) },
    Parameter { name: "hidden", help: "Neurons of the two hidden layers", place: either!(Sizes, hidden) },
    Parameter { name: "discount", help: "Discount per step", place: either!(Number, discount) },
    Parameter {
        name: "reward_scale",
        help: "Factor on every reward that is learned from",
        place: either!(Number, reward_scale),
    },
    Parameter {
        name: "environments",
        help: "Environments in lockstep, of all Agents together",
        place: only!(|p| !textbook(p), Size, pqn.environments),
    },
    Parameter {
        name: "rollout",
        help: "Steps of each environment from one learning to the next",
        place: only!(pqn, Size, pqn.rollout),
    },
    Parameter {
        name: "epochs",
        help: "How often each step is learned from",
        place: only!(pqn, Size, pqn.epochs),
    },
    Parameter {
        name: "lambda",
        help: "How far returns reach: 0 to the next state's value, 1 to the rollout's end",
        place: only!(pqn, Number, pqn.lambda),
    },
    Parameter {
        name: "average_rate",
        help: "Share of the weights in their moving average, which is tested and saved",
        place: only!(pqn, Number, pqn.average_rate),
    },
    Parameter {
        name: "replay_capacity",
        help: "Transitions that are remembered",
        place: only!(|p| !pqn(p), Size, config.replay_capacity),
    },
    Parameter {
        name: "learn_every",
        help: "Environment steps from one learn step to the next",
        place: only!(|p| !pqn(p), Small, config.learn_every),
    },
    Parameter {
        name: "soft_update",
        help: "Share of the network that moves into the target network after each learn step",
        place: only!(|p| !pqn(p), Number, config.soft_update),
    },
    Parameter {
        name: "double",
        help: "Double DQN: the network chooses the action that its target values",
        place: only!(|p| !pqn(p), Flag, config.double),
    },
    Parameter {
        name: "n_step",
        help: "Steps whose rewards are summed before a value stands for the rest",
        place: only!(|p| !pqn(p), Size, config.n_step),
    },
    Parameter {
        name: "bootstrap_at_limit",
        help: "Whether the state at the time limit keeps its value",
        place: only!(|p| !pqn(p), Flag, config.bootstrap_at_limit),
    },
    Parameter {
        name: "epsilon_start",
        help: "Chance of a random action at first",
        place: either!(Number, epsilon_start),
    },
    Parameter {
        name: "epsilon_floor",
        help: "That chance in the end",
        place: either!(Number, epsilon_floor),
    },
    Parameter {
        name: "epsilon_steps",
        help: "Environment steps of all Agents together over which it falls evenly (0 with DQN: by the episode)",
        place: either!(Whole, epsilon_steps),
    },
    Parameter {
        name: "epsilon_decay",
        help: "Factor on that chance after each episode",
        place: only!(textbook, Number, config.epsilon_decay),
    },
    Parameter { name: "betas", help: "Adam's decay rates", place: either!(Numbers, betas) },
    Parameter { name: "adam_epsilon", help: "Adam's epsilon", place: either!(Number, adam_epsilon) },
    Parameter {
        name: "max_episode_steps",
        help: "Steps after which an episode of training is broken off",
        place: either!(Small, max_episode_steps),
    },
    Parameter {
        name: "target_reward",
        help: "The average reward of the test games that ends the training; without the textbook's rules once others confirm it",
        place: |plan| {
            Some(Slot::Number(if textbook(plan) { &mut plan.target_reward } else { &mut plan.solve.target }))
        },
    },
    Parameter {
        name: "test_games",
        help: "Games of a test",
        place: |plan| {
            Some(Slot::Small(if textbook(plan) { &mut plan.test.games } else { &mut plan.solve.games }))
        },
    },
    Parameter {
        name: "test_steps",
        help: "Steps after which a game of a test is broken off",
        place: |plan| {
            Some(Slot::Small(if textbook(plan) {
                &mut plan.test.max_steps
            } else {
                &mut plan.solve.max_steps
            }))
        },
    },
    Parameter {
        name: "test_seed",
        help: "The seed of the environment in which all tests are played",
        place: only!(textbook, Whole, test.seed),
    },
    Parameter {
        name: "test_every",
        help: "Rounds from one test to the next, until one comes close",
        place: only!(textbook, Whole, test_every),
    },
    Parameter {
        name: "close_reward",
        help: "The average reward from which on every round is tested",
        place: only!(textbook, Number, close),
    },
    Parameter {
        name: "gate_reward",
        help: "The mean reward of the last training episodes from which on there are tests",
        place: only!(|p| !textbook(p), Number, solve.gate_reward),
    },
    Parameter {
        name: "gate_games",
        help: "How many episodes that mean is of",
        place: only!(|p| !textbook(p), Small, solve.gate_games),
    },
    Parameter {
        name: "confirm_games",
        help: "Games that confirm a test which has reached the target",
        place: only!(|p| !textbook(p), Small, solve.confirm_games),
    },
    Parameter {
        name: "confirm_reward",
        help: "The average reward that they must come to",
        place: only!(|p| !textbook(p), Number, solve.confirm_reward),
    },
];

/// The parameter of this name, with hyphens or underscores.
///
/// # Errors
/// There is none.
pub fn parameter(name: &str) -> Result<&'static Parameter> {
    let name = name.replace('-', "_");
    PARAMETERS
        .iter()
        .find(|parameter| parameter.name == name)
        .with_context(|| format!("there is no parameter {name:?}"))
}

impl Parameter {
    /// Sets it.
    ///
    /// # Errors
    /// It means nothing in this plan, or the text is no value of its kind. (Ranges are looked at by [`Plan::check`].)
    pub fn set(&self, plan: &mut Plan, text: &str) -> Result<()> {
        let name = self.name;
        let (rules, mode) = (plan.rules, plan.mode);
        let single = plan.single;
        match (self.place)(plan) {
            Some(slot) => slot.set(text).with_context(|| format!("{name} is {text:?}")),
            None => bail!("{name} means nothing {}", situation(rules, mode, single)),
        }
    }

    /// Its value, as TOML has it; `None` where it means nothing.
    pub fn get(&self, plan: &Plan) -> Option<String> {
        (self.place)(&mut plan.clone()).map(|slot| slot.to_string())
    }
}

fn situation(rules: Rules, mode: Mode, single: bool) -> String {
    let rules = match rules {
        Rules::Fast => "with --rules fast",
        Rules::Textbook => "with --rules textbook",
    };
    match (single, mode) {
        (true, _) => format!("{rules} and --single"),
        (_, Mode::Average) => rules.to_string(),
        (_, Mode::Shared) => format!("{rules} and --mode shared"),
    }
}

/// What the other parameters depend on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Basis {
    /// The environment.
    pub env: Option<String>,
    /// The rules.
    pub rules: Option<Rules>,
    /// How the work comes together.
    pub mode: Option<Mode>,
    /// One agent alone.
    pub single: bool,
}

impl Basis {
    /// The defaults on this basis.
    ///
    /// # Errors
    /// What does not go together.
    pub fn plan(&self) -> Result<Plan> {
        let rules = self.rules.unwrap_or_default();
        let env = self.env.as_deref().unwrap_or(crate::environments::LANDER);
        crate::environments::environment(env)?;
        ensure!(
            self.env.is_none() || rules != Rules::Textbook || env == crate::environments::LANDER,
            "env means nothing with --rules textbook, which are for {}",
            crate::environments::LANDER
        );
        ensure!(!(self.single && self.mode.is_some()), "mode means nothing with --single");
        Ok(Plan::of(env, rules, self.mode.unwrap_or_default(), self.single))
    }
}

/// All parameters of a plan that mean something there, as a file in TOML.
pub fn to_toml(plan: &Plan) -> String {
    let quoted = |value: &dyn fmt::Debug| format!("{value:?}").to_lowercase();
    let mut out = String::new();
    if plan.rules != Rules::Textbook {
        out += &format!("# The environment\nenv = {:?}\n", plan.env);
    }
    out += &format!(
        "# What is learned by, and when it is over: fast or textbook\nrules = \"{}\"\n",
        quoted(&plan.rules)
    );
    if plan.single {
        out += "# One agent alone\nsingle = true\n";
    } else {
        out += &format!(
            "# How the Agents' work comes together: average or shared\nmode = \"{}\"\n",
            quoted(&plan.mode)
        );
    }
    for parameter in PARAMETERS {
        if let Some(value) = parameter.get(plan) {
            out += &format!("# {}\n{} = {value}\n", parameter.help, parameter.name);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_means_something_somewhere_and_can_be_set_to_what_it_is() {
        let plans: Vec<Plan> = [Rules::Fast, Rules::Textbook]
            .into_iter()
            .flat_map(|rules| {
                [(Mode::Average, false), (Mode::Shared, false), (Mode::Average, true)]
                    .map(|(mode, single)| Plan::of("LunarLander-v3", rules, mode, single))
            })
            .collect();
        for parameter in PARAMETERS {
            let mut somewhere = false;
            for plan in &plans {
                let mut changed = plan.clone();
                match parameter.get(plan) {
                    Some(value) => {
                        somewhere = true;
                        parameter.set(&mut changed, &value).unwrap();
                        assert_eq!(&changed, plan, "{}", parameter.name);
                    }
                    None => {
                        let sentence = parameter.set(&mut changed, "1").unwrap_err().to_string();
                        assert!(
                            sentence.starts_with(&format!("{} means nothing with", parameter.name)),
                            "{sentence}"
                        );
                    }
                }
            }
            assert!(somewhere, "{}", parameter.name);
        }
    }

    #[test]
    fn values_are_those_of_their_kind() {
        let mut plan = Plan::default();
        let mut set = |name: &str, text: &str| {
            let done = parameter(name).and_then(|parameter| parameter.set(&mut plan, text));
            done.map_err(|error| format!("{error:#}"))
        };
        set("learning-rate", "2.5e-3").unwrap();
        set("hidden", "32x16").unwrap();
        set("epsilon_steps", "20_000").unwrap();
        assert_eq!(set("agents", "many").unwrap_err(), r#"agents is "many": invalid digit found in string"#);
        assert!(set("hidden", "32").unwrap_err().contains("with an x between"));
        assert_eq!(set("learn_every", "4").unwrap_err(), "learn_every means nothing with --rules fast");
        assert_eq!(set("nothing", "4").unwrap_err(), r#"there is no parameter "nothing""#);
        assert_eq!(
            (plan.pqn.learning_rate, plan.pqn.hidden, plan.pqn.epsilon_steps),
            (2.5e-3, [32, 16], 20_000)
        );
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let basis =
            Basis { env: Some("CartPole-v1".into()), rules: Some(Rules::Textbook), ..Basis::default() };
        assert!(basis.plan().unwrap_err().to_string().contains("env means nothing with --rules textbook"));
        let basis = Basis { mode: Some(Mode::Average), single: true, ..Basis::default() };
        assert_eq!(basis.plan().unwrap_err().to_string(), "mode means nothing with --single");
    }
}
