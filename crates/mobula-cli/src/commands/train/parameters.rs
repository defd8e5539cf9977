//! The parameters of a run on the command line and in a file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use mobula_trainer::parameters::{Basis, PARAMETERS, parameter};
use mobula_trainer::{Mode, NAMES, Plan, Rules};

/// How the Agents' work comes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ModeName {
    /// Every Agent learns; the weights are averaged after each round.
    Average,
    /// The Agents play; one learner learns from what all of them saw.
    Shared,
}

/// What is learned by, and when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RulesName {
    /// PQN Agents, until games that nobody has played say that the environment is solved.
    Fast,
    /// The original to the letter: DQN, until ten games of 200 steps earn 100 on average.
    Textbook,
}

fn mode(name: ModeName) -> Mode {
    match name {
        ModeName::Average => Mode::Average,
        ModeName::Shared => Mode::Shared,
    }
}

fn rules(name: RulesName) -> Rules {
    match name {
        RulesName::Fast => Rules::Fast,
        RulesName::Textbook => Rules::Textbook,
    }
}

/// The environment, the rules and the file: what all other parameters depend on.
#[derive(Debug, Clone, clap::Args)]
pub struct Chosen {
    /// The environment [default: LunarLander-v3].
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(NAMES))]
    env: Option<String>,
    /// What is learned by, and when it is over [default: fast].
    #[arg(long, value_enum)]
    rules: Option<RulesName>,
    /// How the Agents' work comes together [default: average].
    #[arg(long, value_enum)]
    mode: Option<ModeName>,
    /// A file with parameters, in TOML: what --print-config writes. Options count more.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Values of parameters as they were given, in the order of the table: `axes` of them where several are allowed.
#[derive(Debug, Clone, Default)]
pub struct Given {
    values: Vec<(&'static str, Vec<String>)>,
}

impl Args for Given {
    fn augment_args(command: Command) -> Command {
        PARAMETERS.iter().fold(command, |command, parameter| {
            let arg = Arg::new(parameter.name)
                .long(parameter.name.replace('_', "-"))
                .value_name("VALUE")
                .help(parameter.help)
                .help_heading("Parameters")
                .action(ArgAction::Set)
                .allow_negative_numbers(true);
            command.arg(arg)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |name: &'static str| {
            let text = matches.get_one::<String>(name)?;
            Some((name, text.split(',').map(String::from).collect()))
        };
        Ok(Given { values: PARAMETERS.iter().filter_map(|parameter| given(parameter.name)).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Given {
    /// Whether this parameter was given.
    pub fn has(&self, name: &str) -> bool {
        self.values.iter().any(|(known, _)| *known == name)
    }

    /// The parameters, with all values of each.
    pub fn axes(&self) -> Vec<(String, Vec<String>)> {
        self.values.iter().map(|(name, values)| ((*name).to_string(), values.clone())).collect()
    }

    /// Sets all in a plan, one value each.
    pub fn set(&self, plan: &mut Plan) -> Result<()> {
        for (name, values) in &self.values {
            parameter(name)?.set(plan, &values.join(","))?;
        }
        Ok(())
    }

    /// Refuses what was given and is otherwise in the plan of a run that goes on.
    pub fn agree_with(&self, plan: &Plan) -> Result<()> {
        let mut wanted = plan.clone();
        self.set(&mut wanted)?;
        for (name, _) in &self.values {
            let parameter = parameter(name)?;
            let (now, then) = (parameter.get(&wanted), parameter.get(plan));
            if now != then {
                let [now, then] = [now, then].map(Option::unwrap_or_default);
                bail!("{name} is {then} in this run, and it cannot go on with {now}");
            }
        }
        Ok(())
    }
}

impl Chosen {
    /// What a job takes along.
    pub fn files(&mut self, files: &mut mobula::Files) {
        self.config.iter_mut().for_each(|path| files.input(path));
    }

    /// The plan of the file and of these choices, before any other option: `single` is one agent alone.
    pub fn plan(&self, single: bool) -> Result<Plan> {
        let file = match &self.config {
            Some(path) => File::read(path).with_context(|| path.display().to_string())?,
            None => File::default(),
        };
        let basis = Basis {
            env: self.env.clone().or(file.basis.env),
            rules: self.rules.map(rules).or(file.basis.rules),
            mode: self.mode.map(mode).or(file.basis.mode.filter(|_| !single)),
            single: single || (file.basis.single && self.mode.is_none()),
        };
        let mut plan = basis.plan()?;
        for (name, value) in &file.values {
            let path = self.config.as_deref().unwrap_or(Path::new(""));
            parameter(name)
                .and_then(|parameter| parameter.set(&mut plan, value))
                .with_context(|| path.display().to_string())?;
        }
        Ok(plan)
    }

    /// Refuses what was chosen and is otherwise in the plan of a run that goes on.
    pub fn agree_with(&self, plan: &Plan) -> Result<()> {
        if let Some(name) = self.rules
            && rules(name) != plan.rules
        {
            bail!("rules are {:?} in this run, and it cannot go on with others", plan.rules);
        }
        if let Some(name) = self.mode
            && (plan.single || mode(name) != plan.mode)
        {
            bail!("mode is {:?} in this run, and it cannot go on with another", plan.mode);
        }
        if let Some(name) = self.env.as_ref().filter(|name| **name != plan.env) {
            bail!("env is {} in this run, and it cannot go on in {name}", plan.env);
        }
        Ok(())
    }
}

/// A file with parameters.
#[derive(Default)]
struct File {
    basis: Basis,
    values: Vec<(String, String)>,
}

impl File {
    fn read(path: &Path) -> Result<File> {
        let table: toml::Table = std::fs::read_to_string(path)?.parse()?;
        let mut file = File::default();
        for (name, value) in table {
            let text = match &value {
                toml::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let one_of = |kinds: &str| anyhow::anyhow!("{name} is {text:?}, must be {kinds}");
            match name.replace('-', "_").as_str() {
                "env" => file.basis.env = Some(text),
                "single" => file.basis.single = text.parse().map_err(|_| one_of("true or false"))?,
                "rules" => {
                    let name = RulesName::from_str(&text, true);
                    file.basis.rules = Some(rules(name.map_err(|_| one_of("fast or textbook"))?));
                }
                "mode" => {
                    let name = ModeName::from_str(&text, true);
                    file.basis.mode = Some(mode(name.map_err(|_| one_of("average or shared"))?));
                }
                _ => file.values.push((name, text)),
            }
        }
        Ok(file)
    }
}
