//! Where each parameter lies.
//!
//! The first two layers are kept input-major: row `i` holds what input `i` contributes to every neuron, and
//! one more row holds the biases, as the weights of an input that is always 1. One sample then needs no sum
//! across lanes, and a batch reads the same rows as its left factor. The last layer has only four neurons,
//! each a row of its own. Widths are padded to whole rows with zeros, whose gradients are zero: they stay.

use crate::config::{ACTIONS, STATE};
use crate::rows::{LANES, Row, flat, flat_mut, rows};
use crate::weights::{Weights, count};

/// Inputs of the first layer, the constant 1 included.
pub(crate) const INPUTS: usize = STATE + 1;

/// Positions of the layers, counted in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub hidden: [usize; 2],
    /// Rows across each hidden layer.
    pub across: [usize; 2],
}

impl Layout {
    pub const fn new(hidden: [usize; 2]) -> Self {
        Self { hidden, across: [rows(hidden[0]), rows(hidden[1])] }
    }

    /// Inputs of the second layer, padded, and the constant 1.
    pub const fn inputs2(&self) -> usize {
        LANES * self.across[0] + 1
    }

    pub const fn layer2(&self) -> usize {
        INPUTS * self.across[0]
    }

    pub const fn layer3(&self) -> usize {
        self.layer2() + self.inputs2() * self.across[1]
    }

    /// The last layer's biases: the first four numbers of this row.
    pub const fn bias3(&self) -> usize {
        self.layer3() + ACTIONS * self.across[1]
    }

    pub const fn len(&self) -> usize {
        self.bias3() + 1
    }

    /// The number at which parameter `index` of [`Weights`] lies.
    fn place(&self) -> impl Iterator<Item = usize> {
        let layout = *self;
        let [first, second] = layout.hidden;
        let major = |start: usize, across: usize, inputs: usize, bias: usize, neurons: usize| {
            let at = move |input: usize, neuron: usize| LANES * (start + input * across) + neuron;
            (0..neurons)
                .flat_map(move |neuron| (0..inputs).map(move |input| at(input, neuron)))
                .chain((0..neurons).map(move |neuron| at(bias, neuron)))
        };
        let [across1, across2] = layout.across;
        let head = move |action| LANES * (layout.layer3() + action * across2);
        major(0, across1, STATE, STATE, first)
            .chain(major(layout.layer2(), across2, first, layout.inputs2() - 1, second))
            .chain((0..ACTIONS).flat_map(move |action| (0..second).map(move |i| head(action) + i)))
            .chain((0..ACTIONS).map(move |action| LANES * layout.bias3() + action))
    }

    pub fn pack(&self, weights: &Weights) -> Vec<Row> {
        let mut packed = vec![Row::ZERO; self.len()];
        let numbers = flat_mut(&mut packed);
        for (place, &value) in self.place().zip(weights.values()) {
            numbers[place] = value;
        }
        packed
    }

    pub fn unpack(&self, packed: &[Row]) -> Vec<f32> {
        let numbers = flat(packed);
        let mut values = Vec::with_capacity(count(self.hidden));
        values.extend(self.place().map(|place| numbers[place]));
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_has_a_place_of_its_own() {
        for hidden in [[64, 64], [3, 5], [17, 33], [16, 1]] {
            let layout = Layout::new(hidden);
            let weights = Weights::initial(hidden, 1).unwrap();
            let packed = layout.pack(&weights);
            assert_eq!(layout.unpack(&packed), weights.values());
            let used = flat(&packed).iter().filter(|&&value| value != 0.0).count();
            assert_eq!(used, weights.values().iter().filter(|&&value| value != 0.0).count());
        }
    }
}
