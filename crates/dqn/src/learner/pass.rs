//! One learn step's passes through the network: forward, error, backward.
//!
//! Samples go in panels of sixteen, one per lane; a panel is a list of rows, one per neuron. A panel of every
//! hidden layer fits the first cache, so all its passes run before the next panel's. The weights' gradients
//! are products over the whole batch at the end, for which the layers' right-hand factors are kept
//! transposed: a row per sample.

use super::layout::{INPUTS, Layout};
use super::product::{Left, Masked, Plain, Rectified, product};
use crate::config::{ACTIONS, STATE};
use crate::replay::Batch;
use crate::rows::{LANES, Row, flat, flat_mut, rows};
use crate::simd::lanes::Lanes;

/// Room for a batch's passes; nothing in it outlives a learn step.
#[derive(Clone, Debug)]
pub(crate) struct Scratch {
    /// Inputs, `[panel][INPUTS]`.
    states: Vec<Row>,
    /// First layer, `[panel][inputs2]`, the last row of each panel all ones.
    hidden1: Vec<Row>,
    /// Errors of the first layer, and the second layer and its errors: `[column][sample]`, columns of 16 neurons.
    errors1: Vec<Row>,
    hidden2: Vec<Row>,
    errors2: Vec<Row>,
    /// Errors of the outputs, `[panel][action]`.
    errors3: Vec<Row>,
    /// The best value of each next state, `[panel]`.
    best: Vec<Row>,
    /// One panel of the second layer and of each layer's errors.
    panel2: Vec<Row>,
    panel_error1: Vec<Row>,
    panel_error2: Vec<Row>,
}

impl Scratch {
    pub fn new(layout: &Layout, batch: usize) -> Self {
        let panels = rows(batch);
        let samples = panels * LANES;
        let [across1, across2] = layout.across;
        let many = |count: usize| vec![Row::ZERO; count];
        let mut states = many(panels * INPUTS);
        let mut hidden1 = many(panels * layout.inputs2());
        for (rows, height) in [(&mut states, INPUTS), (&mut hidden1, layout.inputs2())] {
            rows.chunks_exact_mut(height).for_each(|panel| panel[height - 1] = Row([1.0; LANES]));
        }
        Self {
            states,
            hidden1,
            errors1: many(samples * across1),
            hidden2: many(samples * across2),
            errors2: many(samples * across2),
            errors3: many(panels * ACTIONS),
            best: many(panels),
            panel2: many(LANES * across2),
            panel_error1: many(LANES * across1),
            panel_error2: many(LANES * across2),
        }
    }

    /// Writes observations into the panels.
    #[inline(always)]
    fn set_states(&mut self, states: &[[f32; STATE]]) {
        for (panel, states) in self.states.chunks_exact_mut(INPUTS).zip(states.chunks(LANES)) {
            for (lane, state) in states.iter().enumerate() {
                for (row, &value) in panel.iter_mut().zip(state) {
                    row.0[lane] = value;
                }
            }
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

/// Values of a panel's four actions, and its hidden layers on the way.
#[inline(always)]
fn forward<L: Lanes>(
    layout: &Layout,
    weights: &[Row],
    x: &[Row],
    h1: &mut [Row],
    h2: &mut [Row],
) -> [Row; ACTIONS] {
    let [across1, across2] = layout.across;
    let inputs2 = layout.inputs2();
    let h1 = &mut h1[..inputs2];
    let h2 = &mut h2[..LANES * across2];
    let layer1 = Left::plain(flat(&weights[..layout.layer2()]), 1, LANES * across1, INPUTS);
    product::<L>(layer1, LANES * across1, &x[..INPUTS], Rectified(h1));
    let layer2 = flat(&weights[layout.layer2()..layout.layer3()]);
    let layer2 = Left::plain(layer2, 1, LANES * across2, inputs2);
    product::<L>(layer2, LANES * across2, h1, Rectified(h2));
    let layer3 = flat(&weights[layout.layer3()..layout.bias3()]);
    let layer3 = Left::plain(layer3, LANES * across2, 1, LANES * across2);
    let bias = weights[layout.bias3()];
    let mut values = [Row::ZERO; ACTIONS];
    product::<L>(layer3, ACTIONS, h2, Plain { to: &mut values, stride: 1 });
    for (values, bias) in values.iter_mut().zip(bias.0) {
        values.0.iter_mut().for_each(|value| *value += bias);
    }
    values
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
    let Pass { layout, batch, discount } = pass;
    let [across1, across2] = layout.across;
    let inputs2 = layout.inputs2();
    let panels = rows(batch.actions.len());
    let samples = panels * LANES;

    scratch.set_states(&batch.next_states);
    for panel in 0..panels {
        let x = &scratch.states[panel * INPUTS..];
        let h1 = &mut scratch.hidden1[panel * inputs2..];
        let values = forward::<L>(&layout, target, x, h1, &mut scratch.panel2);
        let [a, b, c, d] = values.map(|row| row.0);
        for lane in 0..LANES {
            scratch.best[panel].0[lane] = a[lane].max(b[lane]).max(c[lane].max(d[lane]));
        }
    }

    scratch.set_states(&batch.states);
    let mut learned = Learned::default();
    let scale = 1.0 / batch.actions.len() as f32;
    let mut bias3 = Row::ZERO;
    let layer2 = flat(&weights[layout.layer2()..layout.layer3()]);
    let layer3 = flat(&weights[layout.layer3()..layout.bias3()]);
    for panel in 0..panels {
        let x = &scratch.states[panel * INPUTS..];
        let h1 = &mut scratch.hidden1[panel * inputs2..][..inputs2];
        let h2 = &mut scratch.panel2[..LANES * across2];
        let values = forward::<L>(&layout, weights, x, h1, h2);

        let errors3 = &mut scratch.errors3[panel * ACTIONS..][..ACTIONS];
        errors3.fill(Row::ZERO);
        let first = panel * LANES;
        for lane in 0..LANES.min(batch.actions.len() - first) {
            let sample = first + lane;
            let action = usize::from(batch.actions[sample]) % ACTIONS;
            let left = if batch.dones[sample] { 0.0 } else { discount };
            let goal = left.mul_add(scratch.best[panel].0[lane], batch.rewards[sample]);
            let value = values[action].0[lane];
            let error = value - goal;
            learned.loss += error * error;
            learned.value += value;
            let slope = 2.0 * scale * error;
            errors3[action].0[lane] = slope;
            bias3.0[action] += slope;
        }

        let e2 = &mut scratch.panel_error2[..LANES * across2];
        let left = Left::plain(layer3, 1, LANES * across2, ACTIONS);
        product::<L>(left, LANES * across2, errors3, Masked { output: h2, to: e2 });
        let e1 = &mut scratch.panel_error1[..LANES * across1];
        let left = Left::plain(layer2, LANES * across2, 1, LANES * across2);
        product::<L>(left, LANES * across1, e2, Masked { output: h1, to: e1 });
        transpose::<L>(h2, &mut scratch.hidden2, panel, samples);
        transpose::<L>(e2, &mut scratch.errors2, panel, samples);
        transpose::<L>(e1, &mut scratch.errors1, panel, samples);
    }

    let (layer1, rest) = gradients.split_at_mut(layout.layer2());
    let (layer2, rest) = rest.split_at_mut(layout.layer3() - layout.layer2());
    let (layer3, rest) = rest.split_at_mut(layout.bias3() - layout.layer3());
    rest[0] = bias3;
    let batchwise = |numbers, height: usize| Left {
        numbers,
        row_step: LANES,
        step: 1,
        block: LANES,
        jump: LANES * height,
    };
    let left = batchwise(flat(&scratch.states[..panels * INPUTS]), INPUTS);
    outer::<L>(left, INPUTS, &scratch.errors1, samples, across1, layer1);
    let left = batchwise(flat(&scratch.hidden1[..panels * inputs2]), inputs2);
    outer::<L>(left, inputs2, &scratch.errors2, samples, across2, layer2);
    let left = batchwise(flat(&scratch.errors3[..panels * ACTIONS]), ACTIONS);
    outer::<L>(left, ACTIONS, &scratch.hidden2, samples, across2, layer3);

    learned.loss *= scale;
    learned.value *= scale;
    learned
}

/// A layer's gradient, one column of sixteen after the other.
#[inline(always)]
fn outer<L: Lanes>(
    left: Left<'_>,
    height: usize,
    right: &[Row],
    samples: usize,
    across: usize,
    to: &mut [Row],
) {
    for (column, right) in right.chunks_exact(samples).take(across).enumerate() {
        product::<L>(left, height, right, Plain { to: &mut to[column..], stride: across });
    }
}

/// Turns a panel, a row per neuron, into rows per sample.
#[inline(always)]
fn transpose<L: Lanes>(panel_rows: &[Row], to: &mut [Row], panel: usize, samples: usize) {
    let (blocks, _) = panel_rows.as_chunks::<LANES>();
    for (block, column) in blocks.iter().zip(to.chunks_exact_mut(samples)) {
        if let Some(to) = column.as_chunks_mut::<LANES>().0.get_mut(panel) {
            L::transpose(block, to);
        }
    }
}

/// Values of one state's four actions.
#[inline(always)]
pub(crate) fn values<L: Lanes>(
    layout: Layout,
    weights: &[Row],
    state: &[f32; STATE],
    room: &mut Room,
) -> [f32; ACTIONS] {
    let [across1, across2] = layout.across;
    let mut x = [1.0; INPUTS];
    x[..STATE].copy_from_slice(state);
    let inputs2 = layout.inputs2();
    let Room { h1, h2 } = room;
    layer::<L>(&x, &weights[..layout.layer2()], &mut h1[..across1]);
    h1[across1].0[0] = 1.0;
    let h2 = &mut h2[..across2];
    layer::<L>(&flat(h1)[..inputs2], &weights[layout.layer2()..layout.layer3()], h2);
    let heads = &weights[layout.layer3()..layout.bias3()];
    let bias = weights[layout.bias3()];
    let mut sums = [L::zero(); ACTIONS];
    for (i, hidden) in h2.iter().enumerate() {
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

/// Room for one state's hidden layers.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    h1: Vec<Row>,
    h2: Vec<Row>,
}

impl Room {
    pub fn new(layout: &Layout) -> Self {
        let mut room =
            Self { h1: vec![Row::ZERO; layout.across[0] + 1], h2: vec![Row::ZERO; layout.across[1]] };
        flat_mut(&mut room.h1)[layout.inputs2() - 1] = 1.0;
        room
    }
}

/// One layer of one sample: four rows of neurons at a time, as many sums as the adders' latency wants.
#[inline(always)]
fn layer<L: Lanes>(inputs: &[f32], weights: &[Row], to: &mut [Row]) {
    let across = to.len();
    let (fours, rest) = to.as_chunks_mut::<4>();
    let done = 4 * fours.len();
    for (i, to) in fours.iter_mut().enumerate() {
        columns::<L, 4>(inputs, weights, across, 4 * i, to);
    }
    for (i, to) in rest.iter_mut().enumerate() {
        columns::<L, 1>(inputs, weights, across, done + i, std::array::from_mut(to));
    }
}

#[inline(always)]
fn columns<L: Lanes, const C: usize>(
    inputs: &[f32],
    weights: &[Row],
    across: usize,
    first: usize,
    to: &mut [Row; C],
) {
    let mut sums = [L::zero(); C];
    for (&input, weights) in inputs.iter().zip(weights.chunks_exact(across)) {
        let input = L::splat(input);
        for (sum, weights) in sums.iter_mut().zip(&weights[first..first + C]) {
            *sum = sum.fma(input, L::load(weights));
        }
    }
    for (sum, to) in sums.into_iter().zip(to) {
        sum.relu().store(to);
    }
}
