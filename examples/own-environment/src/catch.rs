//! Catch: balls fall down a board, one after the other, and a paddle at the bottom has to be there in time.

use environment::random::Generator;
use environment::{Discrete, Dynamics, Transition};

const WIDTH: i64 = 9;
const HEIGHT: i64 = 9;
/// Balls of an episode.
const BALLS: u32 = 10;

/// The rules, and where paddle and ball are.
#[derive(Clone, Debug, Default)]
pub struct Catch {
    paddle: i64,
    ball: [i64; 2],
    left: u32,
}

impl Catch {
    /// What the agent sees, each between -1 and 1: the paddle, the ball's column, its row.
    fn observation(&self) -> [f32; 3] {
        let scaled = |place: i64, size: i64| 2.0 * place as f32 / (size - 1) as f32 - 1.0;
        [scaled(self.paddle, WIDTH), scaled(self.ball[0], WIDTH), scaled(self.ball[1], HEIGHT)]
    }
}

impl Dynamics for Catch {
    /// Left, stay, right.
    type Action = Discrete<3>;
    type Observation = [f32; 3];

    fn start(&mut self, random: &mut Generator) -> [f32; 3] {
        *self = Self { paddle: WIDTH / 2, ball: [random.integer(0, WIDTH), 0], left: BALLS };
        self.observation()
    }

    fn step(&mut self, action: Discrete<3>, random: &mut Generator) -> Transition<[f32; 3]> {
        self.paddle = (self.paddle + action.index() as i64 - 1).clamp(0, WIDTH - 1);
        self.ball[1] += 1;
        let mut reward = 0.0;
        if self.ball[1] == HEIGHT - 1 {
            reward = if self.ball[0] == self.paddle { 1.0 } else { -1.0 };
            self.ball = [random.integer(0, WIDTH), 0];
            self.left -= 1;
        }
        Transition { observation: self.observation(), reward, terminated: self.left == 0 }
    }
}
