//! Hand-written controllers: something to compare an agent with, and to record and measure with.

use crate::action::Action;
use crate::observation::Observation;

/// A controller that nearly always lands, as Gymnasium's `heuristic`, computed in `f32` as there.
///
/// It aims for an angle that points the thrust at the pad and for a height that shrinks with the distance,
/// and damps both. With a leg on the ground it only brakes.
///
/// ```
/// use lunar_lander::{Environment, LunarLander, Options, policy};
///
/// let mut lander = LunarLander::new(Options::default())?;
/// let mut observation = lander.reset(1);
/// let mut score = 0.0;
/// loop {
///     let step = lander.step(policy::skilful(&observation))?;
///     score += step.reward;
///     observation = step.observation;
///     if step.done() {
///         break;
///     }
/// }
/// assert!(score > 200.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn skilful(observation: &Observation) -> Action {
    let (hover, turn) = intent(observation);
    Action::Discrete(if hover > turn.abs() && hover > 0.05 {
        2
    } else if turn < -0.05 {
        3
    } else if turn > 0.05 {
        1
    } else {
        0
    })
}

/// The same controller for continuous actions.
pub fn skilful_continuous(observation: &Observation) -> Action {
    let (hover, turn) = intent(observation);
    Action::Continuous([(hover * 20.0 - 1.0).clamp(-1.0, 1.0), (-turn * 20.0).clamp(-1.0, 1.0)])
}

/// How much to rise, and how much to turn counter-clockwise.
fn intent(&[x, y, vx, vy, angle, spin, left, right]: &Observation) -> (f32, f32) {
    if left != 0.0 || right != 0.0 {
        return (-vy * 0.5, 0.0);
    }
    let target = (x * 0.5 + vx).clamp(-0.4, 0.4);
    let height = 0.55 * x.abs();
    ((height - y) * 0.5 - vy * 0.5, (target - angle) * 0.5 - spin)
}

/// Actions by chance, each as likely as the others: a small generator of its own (SplitMix64), so that a
/// seed names the same actions on every machine.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from -1 to 1.
    pub fn throttle(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / 8_388_608.0 - 1.0
    }

    /// One of the four discrete actions.
    pub fn discrete(&mut self) -> Action {
        Action::Discrete((self.bits() >> 62) as u8)
    }

    /// Two throttles.
    pub fn continuous(&mut self) -> Action {
        Action::Continuous([self.throttle(), self.throttle()])
    }
}
