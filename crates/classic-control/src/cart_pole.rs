//! A pole on a cart.

use environment::random::Generator;
use environment::{Discrete, Dynamics, Spec, Transition};

use crate::classic::ClassicControl;

const GRAVITY: f64 = 9.8;
const POLE_MASS: f64 = 0.1;
const TOTAL_MASS: f64 = POLE_MASS + 1.0;
/// Half the pole's.
const LENGTH: f64 = 0.5;
const POLE_MASS_LENGTH: f64 = POLE_MASS * LENGTH;
const FORCE: f64 = 10.0;
const SECONDS_PER_STEP: f64 = 0.02;
const LARGEST_ANGLE: f64 = 12.0 * 2.0 * std::f64::consts::PI / 360.0;
const LARGEST_POSITION: f64 = 2.4;

/// Gymnasium's `CartPole-v1`: a pole stands on a cart, which is pushed left or right so that the pole does not fall.
///
/// **Actions.** 0 pushes the cart to the left, 1 to the right, with 10 N for 0.02 s.
///
/// **Observations.** The state as `f32`: position of the cart in m, its velocity in m/s, angle of the pole in rad,
/// clockwise, its angular velocity in rad/s.
///
/// **Rewards.** 1 for every step.
///
/// **Start.** Each number of the state between -0.05 and 0.05. **End.** The cart leaves ±2.4 m, or the pole ±12°; 500
/// steps. Solved: 475 on average over 100 episodes.
///
/// After Barto, Sutton and Anderson, "Neuronlike Adaptive Elements That Can Solve Difficult Learning Control Problem"
/// (1983), with the equations of Florian, "Correct equations for the dynamics of the cart-pole system" (2005), by Euler's
/// method.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CartPole {
    /// Whether the rewards are those of Sutton and Barto's book: 0 for every step, -1 when the pole falls.
    pub sutton_barto_reward: bool,
    state: [f64; 4],
}

impl CartPole {
    /// With the rewards of Sutton and Barto's book, or with Gymnasium's own.
    pub fn new(sutton_barto_reward: bool) -> Self {
        Self { sutton_barto_reward, state: [0.0; 4] }
    }

    fn observation(&self) -> [f32; 4] {
        self.state.map(|number| number as f32)
    }
}

impl ClassicControl for CartPole {
    const SPEC: Spec = Spec { id: "CartPole-v1", max_episode_steps: 500, reward_threshold: 475.0 };

    fn state(&self) -> [f64; 4] {
        self.state
    }
}

impl Dynamics for CartPole {
    type Action = Discrete<2>;
    type Observation = [f32; 4];

    fn start(&mut self, random: &mut Generator) -> [f32; 4] {
        self.state = std::array::from_fn(|_| random.uniform(-0.05, 0.05));
        self.observation()
    }

    #[inline]
    fn step(&mut self, action: Discrete<2>, _: &mut Generator) -> Transition<[f32; 4]> {
        let [x, velocity, angle, spin] = self.state;
        let force = if action.index() == 1 { FORCE } else { -FORCE };
        // Every operation and its order are Gymnasium's.
        let (sin, cos) = (angle.sin(), angle.cos());
        let push = (force + POLE_MASS_LENGTH * (spin * spin) * sin) / TOTAL_MASS;
        let angular =
            (GRAVITY * sin - cos * push) / (LENGTH * (4.0 / 3.0 - POLE_MASS * (cos * cos) / TOTAL_MASS));
        let linear = push - POLE_MASS_LENGTH * angular * cos / TOTAL_MASS;
        self.state = [
            x + SECONDS_PER_STEP * velocity,
            velocity + SECONDS_PER_STEP * linear,
            angle + SECONDS_PER_STEP * spin,
            spin + SECONDS_PER_STEP * angular,
        ];
        let [x, _, angle, _] = self.state;
        let terminated = x.abs() > LARGEST_POSITION || angle.abs() > LARGEST_ANGLE;
        let reward = match (self.sutton_barto_reward, terminated) {
            (false, _) => 1.0,
            (true, false) => 0.0,
            (true, true) => -1.0,
        };
        Transition { observation: self.observation(), reward, terminated }
    }
}
