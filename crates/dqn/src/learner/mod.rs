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

use crate::config::{ACTIONS, Config, STATE};
use crate::error::Error;
use crate::replay::Batch;
use crate::rows::Row;
use crate::simd::lanes::Lanes;
use crate::simd::{Width, dispatch};
use crate::weights::Weights;
use adam::{Powers, State};
use layout::Layout;
pub use pass::Learned;
use pass::{Pass, Room, Scratch};

/// A network that can be asked, and nothing more.
#[derive(Clone, Debug)]
pub struct Network {
    layout: Layout,
    width: Width,
    weights: Vec<Row>,
    room: Room,
}

impl Network {
    /// The network with these weights.
    pub fn new(weights: &Weights) -> Self {
        Self::with(weights, Width::best())
    }

    /// As [`new`](Self::new), with a choice of how wide to compute; a width that this processor does not run
    /// gives way to the best that it does.
    pub fn with(weights: &Weights, width: Width) -> Self {
        let layout = Layout::new(weights.hidden());
        let width = if width.is_supported() { width } else { Width::best() };
        Self { layout, width, weights: layout.pack(weights), room: Room::new(&layout) }
    }

    /// Values of the four actions.
    #[inline]
    pub fn values(&mut self, state: &[f32; STATE]) -> [f32; ACTIONS] {
        ask(self.width, &self.layout, &self.weights, state, &mut self.room)
    }

    /// The action of the highest value, the first of equals.
    #[inline]
    pub fn greedy(&mut self, state: &[f32; STATE]) -> u8 {
        best(self.values(state))
    }
}

/// The position of the highest value, the first of equals.
#[inline]
fn best(values: [f32; ACTIONS]) -> u8 {
    let mut best = 0;
    for action in 1..ACTIONS {
        if values[action] > values[best] {
            best = action;
        }
    }
    best as u8
}

/// The default sizes, as constants that the compiler folds into the loops.
const DEFAULT: Layout = Layout::new([64, 64]);

#[inline]
fn ask(
    width: Width,
    layout: &Layout,
    weights: &[Row],
    state: &[f32; STATE],
    room: &mut Room,
) -> [f32; ACTIONS] {
    #[inline(always)]
    fn generic<L: Lanes>(
        layout: &Layout,
        weights: &[Row],
        state: &[f32; STATE],
        room: &mut Room,
    ) -> [f32; ACTIONS] {
        if *layout == DEFAULT {
            pass::values::<L>(DEFAULT, weights, state, room)
        } else {
            pass::values::<L>(*layout, weights, state, room)
        }
    }
    dispatch!(width, generic(layout: &Layout, weights: &[Row], state: &[f32; STATE], room: &mut Room) -> [f32; ACTIONS])
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
        weights.expect_hidden("the initial weights", config.hidden)?;
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

    /// Values of the four actions.
    #[inline]
    pub fn values(&mut self, state: &[f32; STATE]) -> [f32; ACTIONS] {
        self.network.values(state)
    }

    /// The action of the highest value, the first of equals.
    #[inline]
    pub fn greedy(&mut self, state: &[f32; STATE]) -> u8 {
        self.network.greedy(state)
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
        weights.expect_hidden("the new weights", self.config.hidden)?;
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
    /// The batch's parts are not all of the configured length, or an action is not below 4.
    pub fn learn(&mut self, batch: &Batch) -> Result<Learned, Error> {
        let expected = self.config.batch_size;
        let lengths = [
            batch.states.len(),
            batch.actions.len(),
            batch.rewards.len(),
            batch.next_states.len(),
            batch.dones.len(),
        ];
        if lengths != [expected; 5] {
            return Err(Error::State(format!("a batch with parts of {lengths:?}, expected {expected} each")));
        }
        if let Some(action) = batch.actions.iter().find(|&&action| usize::from(action) >= ACTIONS) {
            return Err(Error::State(format!("action {action} in a batch, must be below {ACTIONS}")));
        }
        let rates = self.powers.next(&self.config);
        let pass = Pass { layout: self.network.layout, batch, discount: self.config.discount as f32 };
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
        Weights::of_layout(self.config.hidden, self.network.layout.unpack(packed))
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
        for (what, weights, to) in [
            ("the target network's weights", &saved.target, &mut learner.target),
            ("the first moments", &saved.first, &mut learner.first),
            ("the second moments", &saved.second, &mut learner.second),
        ] {
            weights.expect_hidden(what, learner.config.hidden)?;
            *to = layout.pack(weights);
        }
        learner.powers = saved.powers;
        Ok(learner)
    }
}
