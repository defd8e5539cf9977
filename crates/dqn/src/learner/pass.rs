//! One learn step's passes through the network: forward, error, backward.
//!
//! A layer is a matrix with a row per sample, and so are its errors: a sample's zeros, half of its numbers,
//! cost nothing in a [product]. Only the four outputs are computed with a sample per lane, since their rows
//! would be too narrow.

use super::layout::{INPUTS, Layout};
use super::marks::Marks;
use super::product::{Left, Plain, Right, Sink, product};
use crate::config::{ACTIONS, STATE};
use crate::replay::Batch;
use crate::rows::{LANES, Row, flat, rows};
use crate::simd::lanes::Lanes;

/// Room for a batch's passes; nothing in it outlives a learn step.
#[derive(Clone, Debug)]
pub(crate) struct Scratch {
    layers: Layers,
    /// Errors of both hidden layers, and of the outputs: zero but for the action taken.
    errors1: Vec<Row>,
    errors2: Vec<Row>,
    errors3: Vec<f32>,
    marks_error2: Marks,
    /// The action that each sample took.
    taken: Marks,
    /// The samples that each neuron of the first layer and each action has.
    neurons1: Marks,
    actions: Marks,
    /// The second layer's weights with a row per neuron.
    turned2: Vec<Row>,
    /// The best value of each next state.
    best: Vec<f32>,
}

/// What the layers of a batch gave, a row per sample.
#[derive(Clone, Debug)]
struct Layers {
    /// Inputs, a constant 1 behind them.
    states: Vec<Row>,
    /// First layer.
    hidden1: Vec<Row>,
    marks1: Marks,
    hidden2: Vec<Row>,
    /// Sixteen samples of the second layer with a row per neuron.
    panel2: Vec<Row>,
    /// Outputs of sixteen samples each, `[panel][action]`.
    values: Vec<Row>,
}

/// How many rows of sixteen the samples of the first layer are apart: one more than they fill, or the numbers of a
/// neuron, read one after the other, would lie in too few of the cache's sets.
const fn stride(across1: usize) -> usize {
    across1 + 1
}

impl Layers {
    fn new(layout: &Layout, batch: usize) -> Self {
        let [across1, across2] = layout.across;
        let panels = rows(batch);
        let mut states = vec![Row::ZERO; batch];
        states.iter_mut().for_each(|state| state.0[STATE] = 1.0);
        Self {
            states,
            hidden1: vec![Row::ZERO; batch * stride(across1)],
            marks1: Marks::new(batch, LANES * across1),
            // The last panel is read to its end.
            hidden2: vec![Row::ZERO; LANES * panels * across2],
            panel2: vec![Row::ZERO; LANES * across2],
            values: vec![Row::ZERO; panels * ACTIONS],
        }
    }

    /// The hidden layers of the first `count` samples.
    #[inline(always)]
    fn hidden<L: Lanes>(&mut self, layout: &Layout, weights: &[Row], count: usize) {
        let [across1, across2] = layout.across;
        let left = Left { numbers: flat(&self.states), row_step: LANES, step: 1, marks: None };
        let right = Right { rows: &weights[..layout.layer2()], across: across1 };
        let (to, marks) = (&mut self.hidden1[..], Some(&mut self.marks1));
        product::<L>(left, count, right, Rectified { to, stride: stride(across1), bias: None, marks });
        let (numbers, marks) = (flat(&self.hidden1), Some(self.marks1.rows()));
        let left = Left { numbers, row_step: LANES * stride(across1), step: 1, marks };
        let (rows, bias) = weights[layout.layer2()..layout.layer3()].split_at(LANES * across1 * across2);
        let right = Right { rows, across: across2 };
        let to = &mut self.hidden2[..];
        product::<L>(left, count, right, Rectified { to, stride: across2, bias: Some(bias), marks: None });
    }

    /// All layers of the first `count` samples.
    #[inline(always)]
    fn forward<L: Lanes>(&mut self, layout: &Layout, weights: &[Row], states: &[[f32; STATE]]) {
        for (row, state) in self.states.iter_mut().zip(states) {
            row.0[..STATE].copy_from_slice(state);
        }
        self.hidden::<L>(layout, weights, states.len());
        let across2 = layout.across[1];
        let heads = flat(&weights[layout.layer3()..layout.bias3()]);
        let heads = Left { numbers: heads, row_step: LANES * across2, step: 1, marks: None };
        let bias = weights[layout.bias3()];
        for (panel, values) in self.values.chunks_exact_mut(ACTIONS).enumerate() {
            let samples = &self.hidden2[panel * LANES * across2..];
            for (column, to) in self.panel2.chunks_exact_mut(LANES).enumerate() {
                L::transpose(&samples[column..], across2, to, 1);
            }
            let right = Right { rows: &self.panel2, across: 1 };
            product::<L>(heads, ACTIONS, right, Plain { to: values, stride: 1 });
            for (values, bias) in values.iter_mut().zip(bias.0) {
                values.0.iter_mut().for_each(|value| *value += bias);
            }
        }
    }

    /// The output for an action.
    #[inline(always)]
    fn value(&self, sample: usize, action: usize) -> f32 {
        self.values[sample / LANES * ACTIONS + action].0[sample % LANES]
    }
}

impl Scratch {
    pub fn new(layout: &Layout, batch: usize) -> Self {
        let [across1, across2] = layout.across;
        Self {
            layers: Layers::new(layout, batch),
            errors1: vec![Row::ZERO; batch * across1],
            errors2: vec![Row::ZERO; batch * across2],
            errors3: vec![0.0; batch * ACTIONS],
            marks_error2: Marks::new(batch, LANES * across2),
            taken: Marks::new(batch, ACTIONS),
            neurons1: Marks::new(LANES * across1, batch),
            actions: Marks::new(ACTIONS, batch),
            turned2: vec![Row::ZERO; LANES * across2 * across1],
            best: vec![0.0; batch],
        }
    }
}

/// Every row, with the biases added, through the rectifier, and marks of what is left.
struct Rectified<'a> {
    to: &'a mut [Row],
    stride: usize,
    bias: Option<&'a [Row]>,
    marks: Option<&'a mut Marks>,
}

impl<L: Lanes> Sink<L> for Rectified<'_> {
    #[inline(always)]
    fn take<const C: usize>(&mut self, row: usize, column: usize, sums: [L; C]) {
        let to = &mut self.to[row * self.stride + column..][..C];
        let mut nonzero = [0; C];
        for (i, ((to, sum), nonzero)) in to.iter_mut().zip(sums).zip(&mut nonzero).enumerate() {
            let sum = match self.bias {
                Some(bias) => sum.add(L::load(&bias[column + i])),
                None => sum,
            };
            let sum = sum.relu();
            sum.store(to);
            *nonzero = sum.nonzero();
        }
        if let Some(marks) = &mut self.marks {
            marks.replace(row, column, nonzero);
        }
    }
}

/// Every row where the layer's output is positive: the rectifier's derivative.
struct Masked<'a> {
    output: &'a [Row],
    output_stride: usize,
    to: &'a mut [Row],
    stride: usize,
    marks: Option<&'a mut Marks>,
}

impl<L: Lanes> Sink<L> for Masked<'_> {
    #[inline(always)]
    fn take<const C: usize>(&mut self, row: usize, column: usize, sums: [L; C]) {
        let to = &mut self.to[row * self.stride + column..][..C];
        let output = &self.output[row * self.output_stride + column..][..C];
        let mut nonzero = [0; C];
        for (((to, output), sum), nonzero) in to.iter_mut().zip(output).zip(sums).zip(&mut nonzero) {
            let sum = sum.where_positive(L::load(output));
            sum.store(to);
            *nonzero = sum.nonzero();
        }
        if let Some(marks) = &mut self.marks {
            marks.replace(row, column, nonzero);
        }
    }
}

/// What a learn step saw.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Learned {
    /// Mean squared error of the batch.
    pub loss: f32,
    /// Mean value of the actions taken in the batch.
    pub value: f32,
}

/// Parameters of a pass.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a> {
    pub layout: Layout,
    pub batch: &'a Batch,
    pub discount: f32,
}

/// Gradients of the batch's mean squared error, into `gradients`.
#[inline(always)]
pub(crate) fn gradients<L: Lanes>(
    pass: Pass<'_>,
    weights: &[Row],
    target: &[Row],
    scratch: &mut Scratch,
    gradients: &mut [Row],
) -> Learned {
    let Pass { layout, batch, .. } = pass;
    let layers = &mut scratch.layers;
    layers.forward::<L>(&layout, target, &batch.next_states);
    for (sample, best) in scratch.best.iter_mut().enumerate() {
        let [a, b, c, d] = std::array::from_fn(|action| layers.value(sample, action));
        *best = a.max(b).max(c.max(d));
    }
    layers.forward::<L>(&layout, weights, &batch.states);
    let (learned, bias3) = output_errors(pass, scratch);
    let count = batch.actions.len();
    hidden_errors::<L>(&layout, count, weights, scratch);
    layer_gradients::<L>(&layout, count, scratch, gradients);
    gradients[layout.bias3()] = bias3;
    learned
}

/// Errors of the outputs, and the gradients of their biases.
#[inline(always)]
fn output_errors(pass: Pass<'_>, scratch: &mut Scratch) -> (Learned, Row) {
    let Pass { batch, discount, .. } = pass;
    let mut learned = Learned::default();
    let mut bias3 = Row::ZERO;
    let scale = 1.0 / batch.actions.len() as f32;
    scratch.taken.clear();
    scratch.errors3.fill(0.0);
    for (sample, errors) in scratch.errors3.chunks_exact_mut(ACTIONS).enumerate() {
        let action = usize::from(batch.actions[sample]) % ACTIONS;
        let left = if batch.dones[sample] { 0.0 } else { discount };
        let goal = left.mul_add(scratch.best[sample], batch.rewards[sample]);
        let value = scratch.layers.value(sample, action);
        let error = value - goal;
        learned.loss += error * error;
        learned.value += value;
        let slope = 2.0 * scale * error;
        errors[action] = slope;
        bias3.0[action] += slope;
        scratch.taken.set(sample, action);
    }
    learned.loss *= scale;
    learned.value *= scale;
    (learned, bias3)
}

/// Errors of both hidden layers.
#[inline(always)]
fn hidden_errors<L: Lanes>(layout: &Layout, count: usize, weights: &[Row], scratch: &mut Scratch) {
    let [across1, across2] = layout.across;
    let left =
        Left { numbers: &scratch.errors3, row_step: ACTIONS, step: 1, marks: Some(scratch.taken.rows()) };
    let right = Right { rows: &weights[layout.layer3()..layout.bias3()], across: across2 };
    let sink = Masked {
        output: &scratch.layers.hidden2,
        output_stride: across2,
        to: &mut scratch.errors2,
        stride: across2,
        marks: Some(&mut scratch.marks_error2),
    };
    product::<L>(left, count, right, sink);

    let layer2 = &weights[layout.layer2()..layout.layer3()];
    for (block, rows) in layer2.chunks_exact(LANES * across2).take(across1).enumerate() {
        for column in 0..across2 {
            let to = &mut scratch.turned2[column * LANES * across1 + block..];
            L::transpose(&rows[column..], across2, to, across1);
        }
    }
    let left = Left {
        numbers: flat(&scratch.errors2),
        row_step: LANES * across2,
        step: 1,
        marks: Some(scratch.marks_error2.rows()),
    };
    let right = Right { rows: &scratch.turned2, across: across1 };
    let sink = Masked {
        output: &scratch.layers.hidden1,
        output_stride: stride(across1),
        to: &mut scratch.errors1,
        stride: across1,
        marks: None,
    };
    product::<L>(left, count, right, sink);
}

/// Gradients of all weights, and of the hidden layers' biases: a layer's inputs times its errors.
#[inline(always)]
fn layer_gradients<L: Lanes>(layout: &Layout, count: usize, scratch: &mut Scratch, gradients: &mut [Row]) {
    let [across1, across2] = layout.across;
    let Scratch { layers, errors1, errors2, errors3, taken, neurons1, actions, .. } = scratch;
    layers.marks1.transpose(neurons1);
    taken.transpose(actions);
    let (layer1, rest) = gradients.split_at_mut(layout.layer2());
    let (layer2, layer3) = rest.split_at_mut(layout.layer3() - layout.layer2());
    let samples = |rows, across| Right { rows, across };

    let left = Left { numbers: flat(&layers.states), row_step: 1, step: LANES, marks: None };
    let to = Plain { to: layer1, stride: across1 };
    product::<L>(left, INPUTS, samples(errors1, across1), to);
    let (layer2, bias2) = layer2.split_at_mut(LANES * across1 * across2);
    let (numbers, marks) = (flat(&layers.hidden1), Some(neurons1.rows()));
    let left = Left { numbers, row_step: 1, step: LANES * stride(across1), marks };
    let to = Plain { to: layer2, stride: across2 };
    product::<L>(left, LANES * across1, samples(errors2, across2), to);
    let ones = Left { numbers: &[1.0], row_step: 0, step: 0, marks: None };
    product::<L>(ones, 1, samples(errors2, across2), Plain { to: bias2, stride: across2 });
    let left = Left { numbers: errors3, row_step: 1, step: ACTIONS, marks: Some(actions.rows()) };
    let to = Plain { to: layer3, stride: across2 };
    product::<L>(left, ACTIONS, samples(&layers.hidden2[..count * across2], across2), to);
}

/// Values of one state's four actions.
#[inline(always)]
pub(crate) fn values<L: Lanes>(
    layout: Layout,
    weights: &[Row],
    state: &[f32; STATE],
    Room(layers): &mut Room,
) -> [f32; ACTIONS] {
    layers.states[0].0[..STATE].copy_from_slice(state);
    layers.hidden::<L>(&layout, weights, 1);
    let across2 = layout.across[1];
    let heads = &weights[layout.layer3()..layout.bias3()];
    let bias = weights[layout.bias3()];
    let mut sums = [L::zero(); ACTIONS];
    for (i, hidden) in layers.hidden2[..across2].iter().enumerate() {
        let hidden = L::load(hidden);
        for (action, sum) in sums.iter_mut().enumerate() {
            *sum = sum.fma(hidden, L::load(&heads[action * across2 + i]));
        }
    }
    let mut values = [0.0; ACTIONS];
    for (action, sum) in sums.into_iter().enumerate() {
        let mut lanes = Row::ZERO;
        sum.store(&mut lanes);
        values[action] = across_lanes(lanes) + bias.0[action];
    }
    values
}

/// The sum of a row's numbers, by halves.
#[inline(always)]
fn across_lanes(Row(mut lanes): Row) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
    }
    lanes[0]
}

/// Room for one state's layers.
#[derive(Clone, Debug)]
pub(crate) struct Room(Layers);

impl Room {
    pub fn new(layout: &Layout) -> Self {
        Self(Layers::new(layout, 1))
    }
}
