//! Adam, and the target network that follows.
//!
//! The formula and its order are PyTorch's (`torch.optim.Adam`; Kingma and Ba, "Adam: A Method for Stochastic
//! Optimization", 2015), one number after the other, with fused multiply-adds where they save a rounding.

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::rows::{Row, flat, flat_mut};

/// A moment below this size is zero. The moments of a weight that gets no gradient fade into subnormals,
/// which cost a hundred times a normal number's time and move no weight: beside `eps` in the denominator,
/// √1e-30 is a ten-millionth part, and a step of 1e-30 · 1e-3 / 1e-8 is lost in any weight's rounding.
const FLUSH: f32 = 1e-30;

/// Powers of the decay rates; with them, how many steps were taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Powers {
    pub steps: u64,
    betas: [f64; 2],
}

impl Default for Powers {
    fn default() -> Self {
        Self { steps: 0, betas: [1.0; 2] }
    }
}

/// The numbers of one step.
#[derive(Clone, Copy)]
pub(crate) struct Rates {
    new1: f32,
    old2: f32,
    new2: f32,
    step: f32,
    correction: f32,
    epsilon: f32,
    follow: f32,
    stay: f32,
}

impl Powers {
    /// Counts a step and gives its numbers, computed in double precision as PyTorch does; the target network follows by the
    /// share `follow`.
    pub fn next(&mut self, config: &Config, follow: f64) -> Rates {
        self.steps += 1;
        for (power, beta) in self.betas.iter_mut().zip(config.betas) {
            *power *= beta;
        }
        let [first, second] = self.betas.map(|power| 1.0 - power);
        Rates {
            new1: (1.0 - config.betas[0]) as f32,
            old2: config.betas[1] as f32,
            new2: (1.0 - config.betas[1]) as f32,
            step: (config.learning_rate / first) as f32,
            correction: (1.0 / second.sqrt()) as f32,
            epsilon: config.adam_epsilon as f32,
            follow: follow as f32,
            stay: (1.0 - follow) as f32,
        }
    }
}

/// Parameters, their target, and Adam's moments; all of one length.
pub(crate) struct State<'a> {
    pub weights: &'a mut [Row],
    pub target: &'a mut [Row],
    pub first: &'a mut [Row],
    pub second: &'a mut [Row],
}

#[inline(always)]
pub(crate) fn update(rates: Rates, state: State<'_>, gradients: &[Row]) {
    let Rates { new1, old2, new2, step, correction, epsilon, follow, stay } = rates;
    let gradients = flat(gradients);
    let len = gradients.len();
    let weights = &mut flat_mut(state.weights)[..len];
    let target = &mut flat_mut(state.target)[..len];
    let first = &mut flat_mut(state.first)[..len];
    let second = &mut flat_mut(state.second)[..len];
    for i in 0..len {
        let g = gradients[i];
        let m = new1.mul_add(g - first[i], first[i]);
        let m = if m.abs() < FLUSH { 0.0 } else { m };
        let v = (new2 * g).mul_add(g, old2 * second[i]);
        let v = if v < FLUSH { 0.0 } else { v };
        let p = (-step).mul_add(m / v.sqrt().mul_add(correction, epsilon), weights[i]);
        first[i] = m;
        second[i] = v;
        weights[i] = p;
        target[i] = stay.mul_add(target[i], follow * p);
    }
}
