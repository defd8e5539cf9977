//! One learn step's passes through the network: forward, error, backward.
//!
//! A layer is a matrix with a row per sample, and so are its errors: a sample's zeros, half of its numbers,
//! cost nothing in a [product]. Only the outputs are computed with a sample per lane, since their rows
//! would be too narrow.

use super::layout::Layout;
use super::marks::Marks;
use super::product::{Left, Plain, Right, Sink, product};
use crate::rows::{LANES, Row, flat, flat_mut, rows};
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
    /// What each sample's value ought to be.
    goals: Vec<f32>,
    /// The action that each next state is valued by.
    choices: Vec<u8>,
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
        let mut states = vec![Row::ZERO; batch * layout.across0()];
        let one = layout.sizes.observation;
        states.chunks_exact_mut(layout.across0()).for_each(|state| flat_mut(state)[one] = 1.0);
        Self {
            states,
            hidden1: vec![Row::ZERO; batch * stride(across1)],
            marks1: Marks::new(batch, LANES * across1),
            // The last panel is read to its end.
            hidden2: vec![Row::ZERO; LANES * panels * across2],
            panel2: vec![Row::ZERO; LANES * across2],
            values: vec![Row::ZERO; panels * layout.sizes.actions],
        }
    }

    /// The hidden layers of the first `count` samples.
    #[inline(always)]
    fn hidden<L: Lanes>(&mut self, layout: &Layout, weights: &[Row], count: usize) {
        let [across1, across2] = layout.across;
        let row_step = LANES * layout.across0();
        let left = Left { numbers: flat(&self.states), row_step, step: 1, marks: None };
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

    /// All layers of so many samples, whose observations lie in `states` one after the other.
    #[inline(always)]
    fn forward<L: Lanes>(&mut self, layout: &Layout, weights: &[Row], states: &[f32]) {
        let (size, actions) = (layout.sizes.observation, layout.sizes.actions);
        let rows = self.states.chunks_exact_mut(layout.across0());
        for (row, state) in rows.zip(states.chunks_exact(size)) {
            flat_mut(row)[..size].copy_from_slice(state);
        }
        self.hidden::<L>(layout, weights, states.len() / size);
        let across2 = layout.across[1];
        let heads = flat(&weights[layout.layer3()..layout.bias3()]);
        let heads = Left { numbers: heads, row_step: LANES * across2, step: 1, marks: None };
        let bias = &flat(&weights[layout.bias3()..])[..actions];
        for (panel, values) in self.values.chunks_exact_mut(actions).enumerate() {
            let samples = &self.hidden2[panel * LANES * across2..];
            for (column, to) in self.panel2.chunks_exact_mut(LANES).enumerate() {
                L::transpose(&samples[column..], across2, to, 1);
            }
            let right = Right { rows: &self.panel2, across: 1 };
            product::<L>(heads, actions, right, Plain { to: values, stride: 1 });
            for (values, &bias) in values.iter_mut().zip(bias) {
                values.0.iter_mut().for_each(|value| *value += bias);
            }
        }
    }

    /// The output for an action.
    #[inline(always)]
    fn value(&self, layout: &Layout, sample: usize, action: usize) -> f32 {
        self.values[sample / LANES * layout.sizes.actions + action].0[sample % LANES]
    }

    /// The highest value.
    #[inline(always)]
    fn top(&self, layout: &Layout, sample: usize) -> f32 {
        let value = |action| self.value(layout, sample, action);
        (1..layout.sizes.actions).fold(value(0), |top, action| top.max(value(action)))
    }

    /// The action of the highest value, the first of equals.
    #[inline(always)]
    fn best(&self, layout: &Layout, sample: usize) -> u8 {
        let mut best = 0;
        for action in 1..layout.sizes.actions {
            if self.value(layout, sample, action) > self.value(layout, sample, best) {
                best = action;
            }
        }
        best as u8
    }
}

impl Scratch {
    pub fn new(layout: &Layout, batch: usize) -> Self {
        let [across1, across2] = layout.across;
        let actions = layout.sizes.actions;
        Self {
            layers: Layers::new(layout, batch),
            errors1: vec![Row::ZERO; batch * across1],
            errors2: vec![Row::ZERO; batch * across2],
            errors3: vec![0.0; batch * actions],
            marks_error2: Marks::new(batch, LANES * across2),
            taken: Marks::new(batch, actions),
            neurons1: Marks::new(LANES * across1, batch),
            actions: Marks::new(actions, batch),
            turned2: vec![Row::ZERO; LANES * across2 * across1],
            goals: vec![0.0; batch],
            choices: vec![0; batch],
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

/// What the values of a batch's actions ought to be.
#[derive(Clone, Copy)]
pub(crate) enum Aim<'a> {
    /// What the target network says of what came next: r + discount · Q_target(s', a').
    Bellman {
        rewards: &'a [f32],
        next_states: &'a [f32],
        discounts: &'a [f32],
        /// a' is the best action of the network itself, not of the target network: Double DQN (van Hasselt,
        /// Guez and Silver, "Deep Reinforcement Learning with Double Q-learning", 2016).
        double: bool,
    },
    /// These numbers.
    Goals(&'a [f32]),
}

/// Parameters of a pass.
#[derive(Clone, Copy)]
pub(crate) struct Pass<'a> {
    pub layout: Layout,
    pub states: &'a [f32],
    pub actions: &'a [u8],
    pub aim: Aim<'a>,
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
    let Pass { layout, states, actions, aim } = pass;
    match aim {
        Aim::Goals(goals) => scratch.goals.copy_from_slice(goals),
        Aim::Bellman { rewards, next_states, discounts, double } => {
            let Scratch { layers, goals, choices, .. } = scratch;
            if double {
                layers.forward::<L>(&layout, weights, next_states);
                for (sample, choice) in choices.iter_mut().enumerate() {
                    *choice = layers.best(&layout, sample);
                }
            }
            layers.forward::<L>(&layout, target, next_states);
            for (sample, goal) in goals.iter_mut().enumerate() {
                let next = if double {
                    layers.value(&layout, sample, usize::from(choices[sample]))
                } else {
                    layers.top(&layout, sample)
                };
                *goal = discounts[sample].mul_add(next, rewards[sample]);
            }
        }
    }
    scratch.layers.forward::<L>(&layout, weights, states);
    let bias3 = &mut gradients[layout.bias3()..];
    let learned = output_errors(&layout, actions, scratch, flat_mut(bias3));
    let count = actions.len();
    hidden_errors::<L>(&layout, count, weights, scratch);
    layer_gradients::<L>(&layout, count, scratch, gradients);
    learned
}

/// Errors of the outputs, and the gradients of their biases.
#[inline(always)]
fn output_errors(layout: &Layout, actions: &[u8], scratch: &mut Scratch, bias3: &mut [f32]) -> Learned {
    let mut learned = Learned::default();
    let scale = 1.0 / actions.len() as f32;
    scratch.taken.clear();
    scratch.errors3.fill(0.0);
    bias3.fill(0.0);
    let choices = layout.sizes.actions;
    for (sample, errors) in scratch.errors3.chunks_exact_mut(choices).enumerate() {
        let action = usize::from(actions[sample]) % choices;
        let value = scratch.layers.value(layout, sample, action);
        let error = value - scratch.goals[sample];
        learned.loss += error * error;
        learned.value += value;
        let slope = 2.0 * scale * error;
        errors[action] = slope;
        bias3[action] += slope;
        scratch.taken.set(sample, action);
    }
    learned.loss *= scale;
    learned.value *= scale;
    learned
}

/// Errors of both hidden layers.
#[inline(always)]
fn hidden_errors<L: Lanes>(layout: &Layout, count: usize, weights: &[Row], scratch: &mut Scratch) {
    let [across1, across2] = layout.across;
    let left = Left {
        numbers: &scratch.errors3,
        row_step: layout.sizes.actions,
        step: 1,
        marks: Some(scratch.taken.rows()),
    };
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

    let step = LANES * layout.across0();
    let left = Left { numbers: flat(&layers.states), row_step: 1, step, marks: None };
    let to = Plain { to: layer1, stride: across1 };
    product::<L>(left, layout.inputs1(), samples(errors1, across1), to);
    let (layer2, bias2) = layer2.split_at_mut(LANES * across1 * across2);
    let (numbers, marks) = (flat(&layers.hidden1), Some(neurons1.rows()));
    let left = Left { numbers, row_step: 1, step: LANES * stride(across1), marks };
    let to = Plain { to: layer2, stride: across2 };
    product::<L>(left, LANES * across1, samples(errors2, across2), to);
    let ones = Left { numbers: &[1.0], row_step: 0, step: 0, marks: None };
    product::<L>(ones, 1, samples(errors2, across2), Plain { to: bias2, stride: across2 });
    let choices = layout.sizes.actions;
    let left = Left { numbers: errors3, row_step: 1, step: choices, marks: Some(actions.rows()) };
    let to = Plain { to: layer3, stride: across2 };
    product::<L>(left, choices, samples(&layers.hidden2[..count * across2], across2), to);
}

/// Outputs that are summed together.
const TOGETHER: usize = 4;

/// Values of one state's actions.
#[inline(always)]
pub(crate) fn values<L: Lanes>(
    layout: Layout,
    weights: &[Row],
    state: &[f32],
    Room(layers): &mut Room,
    values: &mut [f32],
) {
    flat_mut(&mut layers.states)[..layout.sizes.observation].copy_from_slice(state);
    layers.hidden::<L>(&layout, weights, 1);
    let (across2, actions) = (layout.across[1], layout.sizes.actions);
    let heads = &weights[layout.layer3()..layout.bias3()];
    let bias = &flat(&weights[layout.bias3()..])[..actions];
    let values = &mut values[..actions];
    let mut first = 0;
    while first < actions {
        let together = TOGETHER.min(actions - first);
        let mut sums = [L::zero(); TOGETHER];
        for (i, hidden) in layers.hidden2[..across2].iter().enumerate() {
            let hidden = L::load(hidden);
            for (action, sum) in sums[..together].iter_mut().enumerate() {
                *sum = sum.fma(hidden, L::load(&heads[(first + action) * across2 + i]));
            }
        }
        for (action, sum) in sums.into_iter().enumerate().take(together) {
            let mut lanes = Row::ZERO;
            sum.store(&mut lanes);
            values[first + action] = across_lanes(lanes) + bias[first + action];
        }
        first += TOGETHER;
    }
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
