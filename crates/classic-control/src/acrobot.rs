//! Two links that swing.

use std::f64::consts::PI;

use environment::random::Generator;
use environment::{Discrete, Dynamics, Spec, Transition};

use crate::classic::ClassicControl;
use crate::numpy::{sin_cos_f32, squared};

const SECONDS_PER_STEP: f64 = 0.2;
const MASS_1: f64 = 1.0;
const MASS_2: f64 = 1.0;
const LENGTH_1: f64 = 1.0;
/// Where the centres of mass are.
const CENTRE_1: f64 = 0.5;
const CENTRE_2: f64 = 0.5;
/// Moment of inertia of each link.
const INERTIA: f64 = 1.0;
const GRAVITY: f64 = 9.8;
const LARGEST_VELOCITY_1: f64 = 4.0 * PI;
const LARGEST_VELOCITY_2: f64 = 9.0 * PI;
const TORQUES: [f64; 3] = [-1.0, 0.0, 1.0];

/// Gymnasium's `Acrobot-v1`: two links hang from a fixed point; a torque on the joint between them has to swing the tip
/// above a line.
///
/// **Actions.** A torque of -1, 0 or 1 N·m on the joint between the links.
///
/// **Observations.** Cosine and sine of the first link's angle, which is 0 when it hangs down, cosine and sine of the
/// second's, relative to the first; the angular velocities of both in rad/s, within ±4π and ±9π.
///
/// **Rewards.** -1 for every step, 0 for the one that reaches the goal.
///
/// **Start.** Each number of the state (both angles in rad, both velocities) between -0.1 and 0.1. **End.** The tip is
/// higher than one link's length above the fixed point: `-cos θ1 - cos(θ1 + θ2) > 1`; 500 steps. Solved: -100 on average
/// over 100 episodes.
///
/// After Sutton, "Generalization in Reinforcement Learning: Successful Examples Using Sparse Coarse Coding" (1996), with
/// the equations of Sutton and Barto's book, by the classical method of Runge and Kutta, one step of 0.2 s.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Acrobot {
    state: [f64; 4],
}

/// How fast the state changes.
///
/// Every operation and its order are Gymnasium's; constants that it multiplies first are folded here.
#[inline]
fn derivative([angle1, angle2, spin1, spin2]: [f64; 4], torque: f64) -> [f64; 4] {
    const CENTRE_2_SQUARED: f64 = CENTRE_2 * CENTRE_2;
    let (sin2, cos2) = (angle2.sin(), angle2.cos());
    let d1 = MASS_1 * (CENTRE_1 * CENTRE_1)
        + MASS_2 * (LENGTH_1 * LENGTH_1 + CENTRE_2_SQUARED + 2.0 * LENGTH_1 * CENTRE_2 * cos2)
        + INERTIA
        + INERTIA;
    let d2 = MASS_2 * (CENTRE_2_SQUARED + LENGTH_1 * CENTRE_2 * cos2) + INERTIA;
    let phi2 = MASS_2 * CENTRE_2 * GRAVITY * (angle1 + angle2 - PI / 2.0).cos();
    let phi1 = -MASS_2 * LENGTH_1 * CENTRE_2 * squared(spin2) * sin2
        - 2.0 * MASS_2 * LENGTH_1 * CENTRE_2 * spin2 * spin1 * sin2
        + (MASS_1 * CENTRE_1 + MASS_2 * LENGTH_1) * GRAVITY * (angle1 - PI / 2.0).cos()
        + phi2;
    let change2 = (torque + d2 / d1 * phi1 - MASS_2 * LENGTH_1 * CENTRE_2 * squared(spin1) * sin2 - phi2)
        / (MASS_2 * CENTRE_2_SQUARED + INERTIA - squared(d2) / d1);
    let change1 = -(d2 * change2 + phi1) / d1;
    [spin1, spin2, change1, change2]
}

/// One step of the classical method of Runge and Kutta.
#[inline]
fn runge_kutta(y: [f64; 4], torque: f64) -> [f64; 4] {
    const HALF: f64 = SECONDS_PER_STEP / 2.0;
    let at = |step: f64, k: &[f64; 4]| derivative(std::array::from_fn(|i| y[i] + step * k[i]), torque);
    let k1 = derivative(y, torque);
    let k2 = at(HALF, &k1);
    let k3 = at(HALF, &k2);
    let k4 = at(SECONDS_PER_STEP, &k3);
    std::array::from_fn(|i| y[i] + SECONDS_PER_STEP / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]))
}

/// The same angle between -π and π.
#[inline]
fn wrap(mut angle: f64) -> f64 {
    const TURN: f64 = PI - -PI;
    while angle > PI {
        angle -= TURN;
    }
    while angle < -PI {
        angle += TURN;
    }
    angle
}

impl ClassicControl for Acrobot {
    const SPEC: Spec = Spec { id: "Acrobot-v1", max_episode_steps: 500, reward_threshold: -100.0 };

    fn state(&self) -> [f64; 4] {
        self.state
    }
}

impl Dynamics for Acrobot {
    type Action = Discrete<3>;
    type Observation = [f32; 6];

    fn start(&mut self, random: &mut Generator) -> [f32; 6] {
        // Gymnasium rounds a start, and takes the sines of it, in 32 bits.
        let state: [f32; 4] = std::array::from_fn(|_| random.uniform(-0.1, 0.1) as f32);
        self.state = state.map(f64::from);
        let [angle1, angle2, spin1, spin2] = state;
        let ((sin1, cos1), (sin2, cos2)) = (sin_cos_f32(angle1), sin_cos_f32(angle2));
        [cos1, sin1, cos2, sin2, spin1, spin2]
    }

    #[inline]
    fn step(&mut self, action: Discrete<3>, _: &mut Generator) -> Transition<[f32; 6]> {
        let [angle1, angle2, spin1, spin2] = runge_kutta(self.state, TORQUES[action.index()]);
        let (angle1, angle2) = (wrap(angle1), wrap(angle2));
        let spin1 = spin1.clamp(-LARGEST_VELOCITY_1, LARGEST_VELOCITY_1);
        let spin2 = spin2.clamp(-LARGEST_VELOCITY_2, LARGEST_VELOCITY_2);
        self.state = [angle1, angle2, spin1, spin2];
        let cos1 = angle1.cos();
        let terminated = -cos1 - (angle2 + angle1).cos() > 1.0;
        let observation =
            [cos1, angle1.sin(), angle2.cos(), angle2.sin(), spin1, spin2].map(|number| number as f32);
        Transition { observation, reward: if terminated { 0.0 } else { -1.0 }, terminated }
    }
}
