//! The learner: a Q-network, its target network and its optimiser.
//!
//! All by hand: the network is so small that a library's calls would cost more than the arithmetic. The
//! gradients are exact, of the mean squared error of Q(s, a) against r + γ · max Q_target(s') (Mnih et al.,
//! "Human-level control through deep reinforcement learning", 2015), and the target network follows by
//! Polyak averaging (Lillicrap et al., "Continuous control with deep reinforcement learning", 2015).

mod adam;
mod layout;
mod marks;
mod pass;
mod product;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::Error;
use crate::replay::Batch;
use crate::rows::Row;
use crate::simd::lanes::Lanes;
use crate::simd::{Width, dispatch};
use crate::sizes::Sizes;
use crate::weights::Weights;
use adam::{Powers, State};
use layout::Layout;
pub use pass::Learned;
use pass::{Aim, Pass, Room, Scratch};

/// A network that can be asked, and nothing more.
#[derive(Clone, Debug)]
pub struct Network {
    layout: Layout,
    width: Width,
    weights: Vec<Row>,
    room: Room,
    values: Vec<f32>,
}

impl Network {
    /// The network with these weights.
    pub fn new(weights: &Weights) -> Self {
        Self::with(weights, Width::best())
    }

    /// As [`new`](Self::new), with a choice of how wide to compute; a width that this processor does not run
    /// gives way to the best that it does.
    pub fn with(weights: &Weights, width: Width) -> Self {
        let layout = Layout::new(weights.sizes());
        let width = if width.is_supported() { width } else { Width::best() };
        let (room, values) = (Room::new(&layout), vec![0.0; layout.sizes.actions]);
        Self { layout, width, weights: layout.pack(weights), room, values }
    }

    /// Its sizes.
    pub fn sizes(&self) -> Sizes {
        self.layout.sizes
    }

    /// Values of the actions.
    ///
    /// # Panics
    ///
    /// The state is not of the network's size.
    #[inline]
    pub fn values(&mut self, state: &[f32]) -> &[f32] {
        ask(self.width, &self.layout, &self.weights, state, &mut self.room, &mut self.values);
        &self.values
    }

    /// The action of the highest value, the first of equals.
    ///
    /// # Panics
    ///
    /// As [`values`](Self::values).
    #[inline]
    pub fn greedy(&mut self, state: &[f32]) -> u8 {
        best(self.values(state))
    }
}

/// The position of the highest value, the first of equals.
#[inline]
pub(crate) fn best(values: &[f32]) -> u8 {
    let mut best = 0;
    for action in 1..values.len() {
        if values[action] > values[best] {
            best = action;
        }
    }
    best as u8
}

/// The sizes of LunarLander's default network, as constants that the compiler folds into the loops.
const DEFAULT: Layout = Layout::new(Sizes::lander([64, 64]));

#[inline]
fn ask(width: Width, layout: &Layout, weights: &[Row], state: &[f32], room: &mut Room, values: &mut [f32]) {
    #[inline(always)]
    fn generic<L: Lanes>(
        layout: &Layout,
        weights: &[Row],
        state: &[f32],
        room: &mut Room,
        values: &mut [f32],
    ) {
        if *layout == DEFAULT {
            pass::values::<L>(DEFAULT, weights, state, room, values);
        } else {
            pass::values::<L>(*layout, weights, state, room, values);
        }
    }
    dispatch!(
        width,
        generic(layout: &Layout, weights: &[Row], state: &[f32], room: &mut Room, values: &mut [f32])
    );
}

/// A network that learns.
///
/// Saved with serde, it goes on bit for bit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "Saved", try_from = "Saved")]
pub struct Learner {
    config: Config,
    network: Network,
    target: Vec<Row>,
    first: Vec<Row>,
    second: Vec<Row>,
    powers: Powers,
    gradients: Vec<Row>,
    scratch: Scratch,
}

impl Learner {
    /// A learner that begins with `weights`, in the target network too.
    ///
    /// # Errors
    ///
    /// A parameter out of its range, or weights of another size than the configuration's.
    pub fn new(config: Config, weights: &Weights) -> Result<Self, Error> {
        Self::with(config, weights, Width::best())
    }

    /// As [`new`](Self::new), with a choice of how wide to compute; a width that this processor does not run
    /// gives way to the best that it does. The results are the same bits.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with(config: Config, weights: &Weights, width: Width) -> Result<Self, Error> {
        config.check()?;
        let expected = Sizes { hidden: config.hidden, ..weights.sizes() };
        weights.expect_sizes("the initial weights", expected)?;
        let network = Network::with(weights, width);
        let layout = network.layout;
        let zero = vec![Row::ZERO; layout.len()];
        Ok(Self {
            target: network.weights.clone(),
            first: zero.clone(),
            second: zero.clone(),
            powers: Powers::default(),
            gradients: zero,
            scratch: Scratch::new(&layout, config.batch_size),
            network,
            config,
        })
    }

    /// The parameters.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The width in use.
    pub fn width(&self) -> Width {
        self.network.width
    }

    /// Learn steps so far.
    pub fn steps(&self) -> u64 {
        self.powers.steps
    }

    /// Values of the actions.
    ///
    /// # Panics
    ///
    /// The state is not of the network's size.
    #[inline]
    pub fn values(&mut self, state: &[f32]) -> &[f32] {
        self.network.values(state)
    }

    /// The action of the highest value, the first of equals.
    ///
    /// # Panics
    ///
    /// As [`values`](Self::values).
    #[inline]
    pub fn greedy(&mut self, state: &[f32]) -> u8 {
        self.network.greedy(state)
    }

    /// The network's sizes.
    pub fn sizes(&self) -> Sizes {
        self.network.sizes()
    }

    /// The network's parameters.
    pub fn weights(&self) -> Weights {
        self.unpack(&self.network.weights)
    }

    /// The target network's parameters.
    pub fn target_weights(&self) -> Weights {
        self.unpack(&self.target)
    }

    /// Replaces the network's parameters; the target network and the optimiser stay.
    ///
    /// # Errors
    ///
    /// Weights of another size.
    pub fn set_weights(&mut self, weights: &Weights) -> Result<(), Error> {
        weights.expect_sizes("the new weights", self.sizes())?;
        self.network.weights = self.network.layout.pack(weights);
        Ok(())
    }

    /// Whether no weight is infinite or none.
    pub fn is_finite(&self) -> bool {
        crate::rows::flat(&self.network.weights).iter().all(|weight| weight.is_finite())
    }

    /// Takes one step: gradients of the batch, Adam, soft update of the target network.
    ///
    /// # Errors
    ///
    /// The batch's parts are not all of the configured length, or an action is none of the network's.
    pub fn learn(&mut self, batch: &Batch) -> Result<Learned, Error> {
        let (size, expected) = (self.sizes().observation, self.config.batch_size);
        let Batch { states, actions, rewards, next_states, discounts } = batch;
        let lengths = [rewards.len(), next_states.len() / size, discounts.len()];
        if lengths != [expected; 3] || !next_states.len().is_multiple_of(size) {
            return Err(Error::State(format!("a batch with parts of {lengths:?}, expected {expected} each")));
        }
        let (double, follow) = (self.config.double, self.config.soft_update);
        self.step(states, actions, Aim::Bellman { rewards, next_states, discounts, double }, follow)
    }

    /// Takes one step towards goals that are known: gradients of the mean squared error of the actions' values, Adam. The
    /// target network follows by the share `follow`, and so becomes a moving average of the weights.
    ///
    /// # Errors
    ///
    /// As [`learn`](Self::learn).
    pub fn fit(
        &mut self,
        states: &[f32],
        actions: &[u8],
        goals: &[f32],
        follow: f64,
    ) -> Result<Learned, Error> {
        let expected = self.config.batch_size;
        if goals.len() != expected {
            return Err(Error::State(format!("{} goals, expected {expected}", goals.len())));
        }
        self.step(states, actions, Aim::Goals(goals), follow)
    }

    fn step(&mut self, states: &[f32], actions: &[u8], aim: Aim<'_>, follow: f64) -> Result<Learned, Error> {
        let (sizes, expected) = (self.sizes(), self.config.batch_size);
        let lengths = [states.len(), actions.len()];
        if lengths != [expected * sizes.observation, expected] {
            return Err(Error::State(format!("a batch with parts of {lengths:?}, expected {expected} each")));
        }
        if let Some(action) = actions.iter().find(|&&action| usize::from(action) >= sizes.actions) {
            return Err(Error::State(format!("action {action} in a batch, must be below {}", sizes.actions)));
        }
        let rates = self.powers.next(&self.config, follow);
        let pass = Pass { layout: self.network.layout, states, actions, aim };
        let state = State {
            weights: &mut self.network.weights,
            target: &mut self.target,
            first: &mut self.first,
            second: &mut self.second,
        };
        let (scratch, gradients) = (&mut self.scratch, &mut self.gradients[..]);
        Ok(step(self.network.width, pass, rates, state, scratch, gradients))
    }

    fn unpack(&self, packed: &[Row]) -> Weights {
        Weights::of_layout(self.sizes(), self.network.layout.unpack(packed))
    }
}

fn step(
    width: Width,
    pass: Pass<'_>,
    rates: adam::Rates,
    state: State<'_>,
    scratch: &mut Scratch,
    gradients: &mut [Row],
) -> Learned {
    #[inline(always)]
    fn generic<L: Lanes>(
        pass: Pass<'_>,
        rates: adam::Rates,
        state: State<'_>,
        scratch: &mut Scratch,
        gradients: &mut [Row],
    ) -> Learned {
        let learned = if pass.layout == DEFAULT {
            let pass = Pass { layout: DEFAULT, ..pass };
            pass::gradients::<L>(pass, state.weights, state.target, scratch, gradients)
        } else {
            pass::gradients::<L>(pass, state.weights, state.target, scratch, gradients)
        };
        adam::update(rates, state, gradients);
        learned
    }
    dispatch!(
        width,
        generic(
            pass: Pass<'_>,
            rates: adam::Rates,
            state: State<'_>,
            scratch: &mut Scratch,
            gradients: &mut [Row],
        ) -> Learned
    )
}

/// A learner as it is saved.
#[derive(Serialize, Deserialize)]
struct Saved {
    config: Config,
    weights: Weights,
    target: Weights,
    first: Weights,
    second: Weights,
    powers: Powers,
}

impl From<Learner> for Saved {
    fn from(learner: Learner) -> Self {
        Self {
            weights: learner.weights(),
            target: learner.target_weights(),
            first: learner.unpack(&learner.first),
            second: learner.unpack(&learner.second),
            powers: learner.powers,
            config: learner.config,
        }
    }
}

impl TryFrom<Saved> for Learner {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self, Error> {
        let mut learner = Self::new(saved.config, &saved.weights)?;
        let layout = learner.network.layout;
        let sizes = layout.sizes;
        for (what, weights, to) in [
            ("the target network's weights", &saved.target, &mut learner.target),
            ("the first moments", &saved.first, &mut learner.first),
            ("the second moments", &saved.second, &mut learner.second),
        ] {
            weights.expect_sizes(what, sizes)?;
            *to = layout.pack(weights);
        }
        learner.powers = saved.powers;
        Ok(learner)
    }
}
