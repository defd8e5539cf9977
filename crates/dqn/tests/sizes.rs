//! Networks and batches of odd sizes, beside the textbook's loops in double precision.

#![allow(clippy::unwrap_used)] // helpers of tests, outside a test function

use dqn::{Batch, Config, Learner, Sizes, Transition, Weights};

/// The layers' sizes, and where each layer's weights and biases begin.
struct Textbook {
    sizes: [usize; 4],
    weights: Vec<f64>,
    target: Vec<f64>,
    moments: Vec<[f64; 2]>,
    steps: i32,
    double: bool,
}

impl Textbook {
    fn layers(&self) -> [(usize, usize, usize); 3] {
        let mut start = 0;
        std::array::from_fn(|i| {
            let (inputs, outputs) = (self.sizes[i], self.sizes[i + 1]);
            let layer = (start, inputs, outputs);
            start += (inputs + 1) * outputs;
            layer
        })
    }

    /// The outputs of every layer, the input first.
    fn forward(&self, weights: &[f64], input: &[f32]) -> Vec<Vec<f64>> {
        let mut all = vec![input.iter().map(|&x| f64::from(x)).collect::<Vec<_>>()];
        for (i, (start, inputs, outputs)) in self.layers().into_iter().enumerate() {
            let output = (0..outputs).map(|o| {
                let row = &weights[start + o * inputs..][..inputs];
                let sum: f64 = row.iter().zip(&all[i]).map(|(w, x)| w * x).sum();
                let sum = sum + weights[start + inputs * outputs + o];
                if i < 2 { sum.max(0.0) } else { sum }
            });
            let output = output.collect();
            all.push(output);
        }
        all
    }

    fn learn(&mut self, batch: &Batch) {
        let mut gradients = vec![0.0; self.weights.len()];
        let count = batch.actions.len();
        for sample in 0..count {
            let [size, .., choices] = self.sizes;
            let part = sample * size..(sample + 1) * size;
            let next = self.forward(&self.target, &batch.next_states[part.clone()]);
            let mut best = next[3].iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if self.double {
                let online = self.forward(&self.weights, &batch.next_states[part.clone()]);
                let choice = (0..choices).max_by(|&a, &b| online[3][a].total_cmp(&online[3][b])).unwrap();
                best = next[3][choice];
            }
            let outputs = self.forward(&self.weights, &batch.states[part]);
            let action = usize::from(batch.actions[sample]);
            let mut errors = vec![0.0; choices];
            let goal = f64::from(batch.rewards[sample]) + f64::from(batch.discounts[sample]) * best;
            errors[action] = 2.0 * (outputs[3][action] - goal) / count as f64;
            for (i, (start, inputs, outs)) in self.layers().into_iter().enumerate().rev() {
                let mut before = vec![0.0; inputs];
                for (o, error) in errors.iter().enumerate() {
                    for k in 0..inputs {
                        gradients[start + o * inputs + k] += error * outputs[i][k];
                        before[k] += error * self.weights[start + o * inputs + k];
                    }
                    gradients[start + inputs * outs + o] += error;
                }
                errors =
                    before.iter().zip(&outputs[i]).map(|(e, &y)| if y > 0.0 { *e } else { 0.0 }).collect();
            }
        }
        self.steps += 1;
        for (i, gradient) in gradients.into_iter().enumerate() {
            let [m, v] = &mut self.moments[i];
            *m = 0.9 * *m + 0.1 * gradient;
            *v = 0.999 * *v + 0.001 * gradient * gradient;
            let (m, v) = (*m / (1.0 - 0.9f64.powi(self.steps)), *v / (1.0 - 0.999f64.powi(self.steps)));
            self.weights[i] -= 5e-4 * m / (v.sqrt() + 1e-8);
            self.target[i] += 1e-3 * (self.weights[i] - self.target[i]);
        }
    }
}

#[test]
fn odd_sizes_learn_as_the_textbook_does() {
    let mut bits = 1u64;
    let mut number = move || {
        bits = bits.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (bits >> 40) as f32 / 8_388_608.0 - 1.0
    };
    for (observation, hidden, actions, size, double) in [
        (8, [33, 7], 4, 50, false),
        (8, [1, 1], 4, 1, false),
        (8, [16, 80], 4, 16, true),
        (8, [100, 130], 4, 33, false),
        (4, [64, 64], 2, 64, true),
        (6, [20, 9], 3, 7, false),
        (15, [16, 16], 16, 5, true),
        (16, [12, 30], 17, 20, true),
        (40, [8, 8], 1, 9, false),
    ] {
        let sizes = Sizes { observation, hidden, actions };
        let weights = Weights::initial(sizes, 3).unwrap();
        let exact: Vec<f64> = weights.values().iter().map(|&w| f64::from(w)).collect();
        let mut textbook = Textbook {
            sizes: [observation, hidden[0], hidden[1], actions],
            moments: vec![[0.0; 2]; exact.len()],
            target: exact.clone(),
            weights: exact,
            steps: 0,
            double,
        };
        let config = Config { hidden, batch_size: size, double, ..Config::default() };
        let mut learner = Learner::new(config, &weights).unwrap();
        for step in 0..5 {
            let mut batch = Batch::default();
            for sample in 0..size {
                let mut state = || (0..observation).map(|_| number()).collect::<Vec<_>>();
                let [state, next_state] = [state(), state()];
                batch.push(&Transition {
                    state: &state,
                    action: ((step + sample) % actions) as u8,
                    reward: number(),
                    next_state: &next_state,
                    discount: if sample % 5 == 1 { 0.0 } else { 0.99 },
                });
            }
            textbook.learn(&batch);
            learner.learn(&batch).unwrap();
        }
        // Five steps move a weight by up to 2.5e-3.
        for (ours, theirs) in
            [(learner.weights(), &textbook.weights), (learner.target_weights(), &textbook.target)]
        {
            for (i, (&ours, &theirs)) in ours.values().iter().zip(theirs).enumerate() {
                assert!((f64::from(ours) - theirs).abs() < 2e-6, "{sizes}, weight {i}: {ours}, {theirs}");
            }
        }
        let state = vec![0.5; observation];
        let values = textbook.forward(&textbook.weights, &state);
        for (&ours, theirs) in learner.values(&state).iter().zip(&values[3]) {
            assert!((f64::from(ours) - theirs).abs() < 1e-5, "{sizes}: {ours}, {theirs}");
        }
    }
}

#[test]
fn known_goals_are_learned_as_rewards_without_a_future_are_and_the_average_follows() {
    let weights = Weights::initial([20, 30], 3).unwrap();
    let config = Config { hidden: [20, 30], batch_size: 8, soft_update: 0.25, ..Config::default() };
    let (mut fitted, mut learned) =
        (Learner::new(config.clone(), &weights).unwrap(), Learner::new(config, &weights).unwrap());
    let states: Vec<f32> = (0..64).map(|i| (i as f32 * 0.7).sin()).collect();
    let actions: Vec<u8> = (0..8).map(|i| i % 4).collect();
    let goals: Vec<f32> = (0..8).map(|i| i as f32 * 0.3 - 1.0).collect();
    let (next_states, discounts) = (states.clone(), vec![0.0; 8]);
    let batch = Batch {
        states: states.clone(),
        actions: actions.clone(),
        rewards: goals.clone(),
        next_states,
        discounts,
    };
    for _ in 0..5 {
        assert_eq!(fitted.fit(&states, &actions, &goals, 0.25).unwrap(), learned.learn(&batch).unwrap());
    }
    assert_eq!(fitted.weights(), learned.weights());
    assert_eq!(fitted.target_weights(), learned.target_weights());
    assert!(fitted.fit(&states, &actions, &goals[1..], 0.25).is_err());
    assert!(fitted.fit(&states[1..], &actions, &goals, 0.25).is_err());
    assert!(fitted.fit(&states, &[9; 8], &goals, 0.25).is_err());
}
