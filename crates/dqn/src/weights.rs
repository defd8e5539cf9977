//! The network's parameters as they travel: between actors, into checkpoints, into averages.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::floats;
use crate::random::Random;
use crate::sizes::Sizes;

/// One named part of [`Weights`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tensor<'a> {
    /// PyTorch's name, `fc1.weight` for example.
    pub name: &'static str,
    /// `[out, in]` of a weight, `[out]` of a bias.
    pub shape: &'a [usize],
    /// Row by row.
    pub values: &'a [f32],
}

/// Parameters of a network of some [`Sizes`].
///
/// One flat list in PyTorch's order and layout: `fc1.weight`, `fc1.bias`, `fc2.weight`, … with weights row by
/// row, `[out, in]`. With serde they are bytes, four for each number.
///
/// ```
/// let weights = dqn::Weights::initial([64, 64], 7)?;
/// let names: Vec<_> = weights.tensors(|tensors| tensors.map(|tensor| tensor.name)).into();
/// assert_eq!(names, ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"]);
/// assert_eq!(weights.values().len(), 8 * 64 + 64 + 64 * 64 + 64 + 64 * 4 + 4);
/// # Ok::<(), dqn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Weights {
    sizes: Sizes,
    #[serde(with = "floats")]
    values: Vec<f32>,
}

/// What arrives, before its length has been compared with its shape.
#[derive(Deserialize)]
struct Unchecked {
    sizes: Sizes,
    #[serde(with = "floats")]
    values: Vec<f32>,
}

impl TryFrom<Unchecked> for Weights {
    type Error = Error;

    fn try_from(Unchecked { sizes, values }: Unchecked) -> Result<Self, Error> {
        Self::new(sizes, values)
    }
}

/// Names and shapes of the tensors, in order.
pub(crate) fn shapes(sizes: impl Into<Sizes>) -> [(&'static str, [usize; 2], usize); 6] {
    let Sizes { observation, hidden: [first, second], actions } = sizes.into();
    [
        ("fc1.weight", [first, observation], 2),
        ("fc1.bias", [first, 1], 1),
        ("fc2.weight", [second, first], 2),
        ("fc2.bias", [second, 1], 1),
        ("fc3.weight", [actions, second], 2),
        ("fc3.bias", [actions, 1], 1),
    ]
}

/// Numbers of a network of these sizes.
pub(crate) fn count(sizes: Sizes) -> usize {
    shapes(sizes).iter().map(|(_, [rows, columns], _)| rows * columns).sum()
}

impl Weights {
    /// Parameters from a flat list, see the type for its order.
    ///
    /// # Errors
    ///
    /// A size out of its [range](Sizes::check), or another count of numbers than the sizes have.
    pub fn new(sizes: impl Into<Sizes>, values: Vec<f32>) -> Result<Self, Error> {
        let sizes = sizes.into();
        sizes.check()?;
        if values.len() != count(sizes) {
            return Err(Error::State(format!(
                "{} weights, and a network {sizes} has {}",
                values.len(),
                count(sizes)
            )));
        }
        Ok(Self { sizes, values })
    }

    /// Parameters whose count is right by construction.
    pub(crate) fn of_layout(sizes: Sizes, values: Vec<f32>) -> Self {
        debug_assert_eq!(values.len(), count(sizes));
        Self { sizes, values }
    }

    /// PyTorch's default initialisation: weights and biases uniform between ±1/√fan_in, as
    /// `torch.nn.Linear.reset_parameters` draws them (the stream is this crate's own).
    ///
    /// # Errors
    ///
    /// A size out of its [range](Sizes::check).
    pub fn initial(sizes: impl Into<Sizes>, seed: u64) -> Result<Self, Error> {
        let sizes = sizes.into();
        sizes.check()?;
        let mut random = Random::new(seed);
        let Sizes { observation, hidden: [first, second], .. } = sizes;
        let mut values = Vec::new();
        for ((_, [rows, columns], _), fan_in) in
            shapes(sizes).iter().zip([observation, observation, first, first, second, second])
        {
            let bound = 1.0 / (fan_in as f64).sqrt();
            values.extend((0..rows * columns).map(|_| (bound * (2.0 * random.unit() - 1.0)) as f32));
        }
        Self::new(sizes, values)
    }

    /// Each number's mean, summed in the order given in double precision.
    ///
    /// # Errors
    ///
    /// Nothing to average, or networks of several sizes.
    pub fn average(all: &[Self]) -> Result<Self, Error> {
        let Some(first) = all.first() else { return Err(Error::NothingToAverage) };
        let mut sums = vec![0.0; first.values.len()];
        for weights in all {
            weights.expect_sizes("weights to average", first.sizes)?;
            for (sum, &value) in sums.iter_mut().zip(&weights.values) {
                *sum += f64::from(value);
            }
        }
        let count = all.len() as f64;
        Ok(Self { sizes: first.sizes, values: sums.iter().map(|sum| (sum / count) as f32).collect() })
    }

    /// The network's sizes.
    pub fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Neurons of the hidden layers.
    pub fn hidden(&self) -> [usize; 2] {
        self.sizes.hidden
    }

    /// All numbers, see the type for their order.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Whether no number is infinite or none.
    pub fn is_finite(&self) -> bool {
        self.values.iter().all(|value| value.is_finite())
    }

    /// Passes the six named tensors, in order, to `read`.
    pub fn tensors<T>(&self, read: impl FnOnce([Tensor<'_>; 6]) -> T) -> T {
        let shapes = shapes(self.sizes);
        let mut rest = &self.values[..];
        read(std::array::from_fn(|i| {
            let (name, shape, rank) = &shapes[i];
            let (values, after) = rest.split_at(shape[0] * shape[1]);
            rest = after;
            Tensor { name, shape: &shape[..*rank], values }
        }))
    }

    pub(crate) fn expect_sizes(&self, what: &'static str, expected: Sizes) -> Result<(), Error> {
        if self.sizes == expected {
            return Ok(());
        }
        Err(Error::Shape { what, given: self.sizes, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_is_the_mean_of_each_number() {
        let [a, b] = [1, 2].map(|seed| Weights::initial([3, 5], seed).unwrap());
        let mean = Weights::average(&[a.clone(), b.clone()]).unwrap();
        for i in 0..mean.values.len() {
            assert_eq!(mean.values[i], ((f64::from(a.values[i]) + f64::from(b.values[i])) / 2.0) as f32);
        }
        assert!(matches!(Weights::average(&[]), Err(Error::NothingToAverage)));
        let other = Weights::initial([5, 3], 1).unwrap();
        let sentence = Weights::average(&[a, other]).unwrap_err().to_string();
        assert_eq!(sentence, "weights to average are of a network 8-5-3-4, expected 8-3-5-4");
    }

    #[test]
    fn initial_weights_fill_their_bounds() {
        let weights = Weights::initial([64, 64], 3).unwrap();
        weights.tensors(|tensors| {
            for (tensor, fan_in) in tensors.iter().zip([8.0f32, 8.0, 64.0, 64.0, 64.0, 64.0]) {
                let bound = 1.0 / fan_in.sqrt();
                let largest = tensor.values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
                assert!(largest <= bound, "{}", tensor.name);
                assert!(tensor.values.len() < 64 || largest > 0.9 * bound, "{}", tensor.name);
            }
        });
    }

    #[test]
    fn serde_gives_the_same_back_and_checks_the_count() {
        let weights = Weights::initial([7, 9], 4).unwrap();
        let bytes = rmp_serde::to_vec(&weights).unwrap();
        assert!(bytes.len() < 4 * weights.values.len() + 16);
        assert_eq!(rmp_serde::from_slice::<Weights>(&bytes).unwrap(), weights);
        let json = serde_json::to_string(&weights).unwrap();
        assert_eq!(serde_json::from_str::<Weights>(&json).unwrap(), weights);
        assert!(
            serde_json::from_str::<Weights>(
                r#"{"sizes":{"observation":8,"hidden":[7,9],"actions":4},"values":[0,0,0,0]}"#
            )
            .is_err()
        );
    }
}
