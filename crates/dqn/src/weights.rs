//! The network's parameters as they travel: between actors, into checkpoints, into averages.

use serde::{Deserialize, Serialize};

use crate::config::{ACTIONS, MAX_HIDDEN, STATE};
use crate::error::Error;
use crate::floats;
use crate::random::Random;

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

/// Parameters of a network 8 → `hidden[0]` → `hidden[1]` → 4.
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
    hidden: [usize; 2],
    #[serde(with = "floats")]
    values: Vec<f32>,
}

/// What arrives, before its length has been compared with its shape.
#[derive(Deserialize)]
struct Unchecked {
    hidden: [usize; 2],
    #[serde(with = "floats")]
    values: Vec<f32>,
}

impl TryFrom<Unchecked> for Weights {
    type Error = Error;

    fn try_from(Unchecked { hidden, values }: Unchecked) -> Result<Self, Error> {
        Self::new(hidden, values)
    }
}

/// Names and shapes of the tensors, in order.
pub(crate) fn shapes([first, second]: [usize; 2]) -> [(&'static str, [usize; 2], usize); 6] {
    [
        ("fc1.weight", [first, STATE], 2),
        ("fc1.bias", [first, 1], 1),
        ("fc2.weight", [second, first], 2),
        ("fc2.bias", [second, 1], 1),
        ("fc3.weight", [ACTIONS, second], 2),
        ("fc3.bias", [ACTIONS, 1], 1),
    ]
}

/// Numbers of a network with these hidden layers.
pub(crate) fn count(hidden: [usize; 2]) -> usize {
    shapes(hidden).iter().map(|(_, [rows, columns], _)| rows * columns).sum()
}

impl Weights {
    /// Parameters from a flat list, see the type for its order.
    ///
    /// # Errors
    ///
    /// A hidden layer of no neurons or of more than 4096, or another count of numbers than the shape has.
    pub fn new(hidden: [usize; 2], values: Vec<f32>) -> Result<Self, Error> {
        if hidden.iter().any(|size| !(1..=MAX_HIDDEN).contains(size)) {
            return Err(Error::State(format!(
                "hidden layers {hidden:?}, each must be from 1 to {MAX_HIDDEN}"
            )));
        }
        if values.len() != count(hidden) {
            return Err(Error::State(format!(
                "{} weights, and hidden layers {hidden:?} have {}",
                values.len(),
                count(hidden)
            )));
        }
        Ok(Self { hidden, values })
    }

    /// Parameters whose count is right by construction.
    pub(crate) fn of_layout(hidden: [usize; 2], values: Vec<f32>) -> Self {
        debug_assert_eq!(values.len(), count(hidden));
        Self { hidden, values }
    }

    /// PyTorch's default initialisation: weights and biases uniform between ±1/√fan_in, as
    /// `torch.nn.Linear.reset_parameters` draws them (the stream is this crate's own).
    ///
    /// # Errors
    ///
    /// A hidden layer of no neurons or of more than 4096.
    pub fn initial(hidden: [usize; 2], seed: u64) -> Result<Self, Error> {
        let mut random = Random::new(seed);
        let [first, second] = hidden;
        let mut values = Vec::new();
        for ((_, [rows, columns], _), fan_in) in
            shapes(hidden).iter().zip([STATE, STATE, first, first, second, second])
        {
            let bound = 1.0 / (fan_in as f64).sqrt();
            values.extend((0..rows * columns).map(|_| (bound * (2.0 * random.unit() - 1.0)) as f32));
        }
        Self::new(hidden, values)
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
            weights.expect_hidden("weights to average", first.hidden)?;
            for (sum, &value) in sums.iter_mut().zip(&weights.values) {
                *sum += f64::from(value);
            }
        }
        let count = all.len() as f64;
        Ok(Self { hidden: first.hidden, values: sums.iter().map(|sum| (sum / count) as f32).collect() })
    }

    /// Neurons of the hidden layers.
    pub fn hidden(&self) -> [usize; 2] {
        self.hidden
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
        let shapes = shapes(self.hidden);
        let mut rest = &self.values[..];
        read(std::array::from_fn(|i| {
            let (name, shape, rank) = &shapes[i];
            let (values, after) = rest.split_at(shape[0] * shape[1]);
            rest = after;
            Tensor { name, shape: &shape[..*rank], values }
        }))
    }

    pub(crate) fn expect_hidden(&self, what: &'static str, expected: [usize; 2]) -> Result<(), Error> {
        if self.hidden == expected {
            return Ok(());
        }
        Err(Error::Shape { what, given: self.hidden, expected })
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
        assert_eq!(
            sentence,
            "weights to average are of a network with hidden layers [5, 3], expected [3, 5]"
        );
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
        assert!(serde_json::from_str::<Weights>(r#"{"hidden":[7,9],"values":[0,0,0,0]}"#).is_err());
    }
}
