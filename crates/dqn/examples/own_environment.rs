//! An environment of one's own, and an agent that learns to catch in it: `cargo run --release -p dqn --example own_environment`.
//!
//! A ball falls down a board of seven columns; the basket at the bottom moves by one column a step, or stays.

use dqn::{PqnConfig, Solo, SolveRules, Stop};
use environment::random::Generator;
use environment::{AutoReset, Discrete, Dynamics, Transition, Vectorized};

const WIDTH: i64 = 7;
const HEIGHT: i64 = 9;

#[derive(Clone, Debug, Default)]
struct Catch {
    ball: i64,
    height: i64,
    basket: i64,
}

impl Catch {
    /// Every number between -1 and 1, as a network likes it.
    fn seen(&self) -> [f32; 3] {
        let column = |at: i64| 2.0 * at as f32 / (WIDTH - 1) as f32 - 1.0;
        [column(self.ball), self.height as f32 / HEIGHT as f32, column(self.basket)]
    }
}

impl Dynamics for Catch {
    type Action = Discrete<3>;
    type Observation = [f32; 3];

    fn start(&mut self, random: &mut Generator) -> [f32; 3] {
        *self = Catch { ball: random.integer(0, WIDTH), height: HEIGHT, basket: WIDTH / 2 };
        self.seen()
    }

    fn step(&mut self, action: Discrete<3>, random: &mut Generator) -> Transition<[f32; 3]> {
        self.basket = (self.basket + [-1, 0, 1][action.index()]).clamp(0, WIDTH - 1);
        // A gust of wind now and then.
        if random.integer(0, 8) == 0 {
            self.ball = (self.ball + random.integer(-1, 2)).clamp(0, WIDTH - 1);
        }
        self.height -= 1;
        let terminated = self.height == 0;
        let reward = if terminated && self.ball == self.basket { 1.0 } else { 0.0 };
        Transition { observation: self.seen(), reward, terminated }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let kind = Box::new(Vectorized::new(Catch::default(), 1, AutoReset::Disabled)?);
    let config = PqnConfig { reward_scale: 1.0, max_episode_steps: 20, ..PqnConfig::default() };
    let rules = SolveRules {
        gate_reward: 0.85,
        gate_games: 100,
        target: 0.9,
        confirm_reward: 0.9,
        max_steps: 20,
        ..SolveRules::default()
    };
    let mut training = Solo::new(kind, config, rules, 4096, 100, 7)?;
    while training.finished().is_none() {
        training.round()?;
    }
    let caught = training.last_average().unwrap_or(0.0);
    let steps = training.agent().steps();
    println!("{:?} after {steps} steps: {:.0} % of the balls caught", training.finished(), 100.0 * caught);
    if training.finished() == Some(Stop::Reached) { Ok(()) } else { Err("it never learned to catch".into()) }
}
