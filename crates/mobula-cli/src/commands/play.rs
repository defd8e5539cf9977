//! `mobula play`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use dqn::{Weights, checkpoint};
use mobula_trainer::{NAMES, environment};

/// Play games with a trained network.
#[derive(Debug, clap::Args)]
pub struct Play {
    /// The weights: PyTorch's .pth or .safetensors.
    #[arg(value_name = "CHECKPOINT")]
    checkpoint: PathBuf,
    /// The environment [default: the one whose sizes the weights have].
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(NAMES))]
    env: Option<String>,
    /// How many games.
    #[arg(long, default_value_t = 5, value_name = "N")]
    games: u64,
    /// The seed of the first game; the next have those that follow.
    #[arg(long, default_value_t = 42, value_name = "SEED")]
    seed: u64,
    /// Steps after which a game is broken off [default: the environment's own limit].
    #[arg(long, value_name = "N")]
    max_steps: Option<u32>,
    /// Write the first game as an animated picture.
    #[arg(long, value_name = "FILE")]
    gif: Option<PathBuf>,
}

impl Play {
    pub fn run(&self, json: bool) -> Result<()> {
        if self.games == 0 || self.games > 1_000_000 {
            bail!("games is {}, must be from 1 to 1000000", self.games);
        }
        let weights = checkpoint::load(&self.checkpoint)?;
        let Some(end) = self.seed.checked_add(self.games) else { bail!("the seeds go beyond 2^64") };
        let seeds: Vec<u64> = (self.seed..end).collect();
        let name = match &self.env {
            Some(name) => name.as_str(),
            None => fitting(&weights)?,
        };
        let kind = environment(name)?;
        let max_steps = self.max_steps.or(kind.max_episode_steps()).unwrap_or(1000);
        let games = dqn::play_in(&*kind, &weights, &seeds, max_steps)?;
        if self.gif.is_some() && name != LANDER {
            bail!("there are pictures of {LANDER} alone, and this is {name}");
        }
        let score = dqn::Score::of(&games);
        let mean = score.mean;
        // Two results for standard output would be none.
        let film_is_output = self.gif.as_deref().is_some_and(mobula_outputs::is_stdout);
        let mut out: Box<dyn Write> =
            if film_is_output { Box::new(io::stderr()) } else { Box::new(io::stdout().lock()) };
        if json {
            let games: Vec<_> = seeds
                .iter()
                .zip(&games)
                .map(|(seed, game)| serde_json::json!({"seed": seed, "reward": game.reward, "steps": game.steps}))
                .collect();
            writeln!(
                out,
                "{}",
                serde_json::json!({"env": name, "games": games, "mean": mean, "score": score})
            )?;
        } else {
            for (seed, game) in seeds.iter().zip(&games) {
                writeln!(out, "seed {seed}: {:.2} in {} steps", game.reward, game.steps)?;
            }
            writeln!(out, "mean: {mean:.2}")?;
        }
        if let Some(path) = &self.gif {
            film(&weights, self.seed, max_steps, path)?;
            eprintln!("seed {} as a picture in {}", self.seed, path.display());
        }
        Ok(())
    }
}

/// The only environment with pictures.
const LANDER: &str = NAMES[0];

/// The environment that a network of these sizes plays in.
fn fitting(weights: &Weights) -> Result<&'static str> {
    let sizes = weights.sizes();
    for name in NAMES {
        let kind = environment(name)?;
        if (kind.observation_size(), kind.actions()) == (sizes.observation, sizes.actions) {
            return Ok(name);
        }
    }
    bail!("no environment here has the sizes of a network {sizes}: known are {}", NAMES.join(", "))
}

/// Frames between two pictures: the game has 50 in a second, and browsers show no more than 25.
const EVERY: u32 = 2;

fn film(weights: &Weights, seed: u64, max_steps: u32, path: &Path) -> Result<()> {
    use lunar_lander::frames::{GifWriter, Renderer};
    use lunar_lander::{Action, Environment as _, LunarLander, Options};

    let mut lander = LunarLander::new(Options { max_episode_steps: max_steps, ..Options::default() })?;
    let mut network = dqn::Network::new(weights);
    let mut renderer = Renderer::new();
    let mut bytes = Vec::new();
    let mut gif = GifWriter::with_delay(&mut bytes, 4)?;
    let mut state = lander.reset(seed.into());
    gif.write(&renderer.frame(&lander))?;
    for number in 1.. {
        let step = lander.step(Action::Discrete(network.greedy(&state)))?;
        state = step.observation;
        if number % EVERY == 0 || step.done() {
            gif.write(&renderer.frame(&lander))?;
        }
        if step.done() {
            break;
        }
    }
    // The end of the file is written when the writer goes.
    drop(gif);
    mobula_outputs::write(path, &bytes).with_context(|| format!("cannot write {}", path.display()))
}
