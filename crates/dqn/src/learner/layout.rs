//! Where each parameter lies.
//!
//! The first two layers are kept input-major: row `i` holds what input `i` contributes to every neuron, and
//! one more row holds the biases, as the weights of an input that is always 1. One sample then needs no sum
//! across lanes, and a batch reads the same rows as its left factor. The last layer has only a few neurons,
//! each a row of its own. Widths are padded to whole rows with zeros, whose gradients are zero: they stay.

use crate::rows::{LANES, Row, flat, flat_mut, rows};
use crate::sizes::Sizes;
use crate::weights::{Weights, count};

/// Positions of the layers, counted in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub sizes: Sizes,
    /// Rows across each hidden layer.
    pub across: [usize; 2],
}

impl Layout {
    pub const fn new(sizes: Sizes) -> Self {
        Self { sizes, across: [rows(sizes.hidden[0]), rows(sizes.hidden[1])] }
    }

    /// Inputs of the first layer, the constant 1 included.
    pub const fn inputs1(&self) -> usize {
        self.sizes.observation + 1
    }

    /// Rows that a sample's inputs fill.
    pub const fn across0(&self) -> usize {
        rows(self.inputs1())
    }

    /// Inputs of the second layer, padded, and the constant 1.
    pub const fn inputs2(&self) -> usize {
        LANES * self.across[0] + 1
    }

    pub const fn layer2(&self) -> usize {
        self.inputs1() * self.across[0]
    }

    pub const fn layer3(&self) -> usize {
        self.layer2() + self.inputs2() * self.across[1]
    }

    /// The last layer's biases: the first numbers of these rows.
    pub const fn bias3(&self) -> usize {
        self.layer3() + self.sizes.actions * self.across[1]
    }

    pub const fn len(&self) -> usize {
        self.bias3() + rows(self.sizes.actions)
    }

    /// The number at which parameter `index` of [`Weights`] lies.
    fn place(&self) -> impl Iterator<Item = usize> {
        let layout = *self;
        let Sizes { observation, hidden: [first, second], actions } = layout.sizes;
        let major = |start: usize, across: usize, inputs: usize, bias: usize, neurons: usize| {
            let at = move |input: usize, neuron: usize| LANES * (start + input * across) + neuron;
            (0..neurons)
                .flat_map(move |neuron| (0..inputs).map(move |input| at(input, neuron)))
                .chain((0..neurons).map(move |neuron| at(bias, neuron)))
        };
        let [across1, across2] = layout.across;
        let head = move |action| LANES * (layout.layer3() + action * across2);
        major(0, across1, observation, observation, first)
            .chain(major(layout.layer2(), across2, first, layout.inputs2() - 1, second))
            .chain((0..actions).flat_map(move |action| (0..second).map(move |i| head(action) + i)))
            .chain((0..actions).map(move |action| LANES * layout.bias3() + action))
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
        let mut values = Vec::with_capacity(count(self.sizes));
        values.extend(self.place().map(|place| numbers[place]));
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_has_a_place_of_its_own() {
        let lander = [[64, 64], [3, 5], [17, 33], [16, 1]].map(Sizes::lander);
        let others = [(4, [64, 64], 2), (15, [3, 5], 16), (16, [17, 33], 17), (40, [1, 1], 1)]
            .map(|(observation, hidden, actions)| Sizes { observation, hidden, actions });
        for sizes in lander.into_iter().chain(others) {
            let layout = Layout::new(sizes);
            let weights = Weights::initial(sizes, 1).unwrap();
            let packed = layout.pack(&weights);
            assert_eq!(layout.unpack(&packed), weights.values());
            let used = flat(&packed).iter().filter(|&&value| value != 0.0).count();
            assert_eq!(used, weights.values().iter().filter(|&&value| value != 0.0).count());
        }
    }
}
