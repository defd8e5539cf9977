//! Gymnasium's `LunarLander-v3`, bit for bit, and many times as fast.
//!
//! A lander with two legs falls towards a moon and must come to rest between two flags. It has a main engine
//! below and two small engines at its sides. This crate reproduces the environment of Gymnasium 1.4 exactly:
//! the same seed and the same actions give the same observations, rewards and ends, to the last bit.
//!
//! ```
//! use lunar_lander::{Environment, LunarLander, Options, policy};
//!
//! let mut lander = LunarLander::new(Options::default())?;
//! let mut observation = lander.reset(42);
//! let score = loop {
//!     let step = lander.step(policy::skilful(&observation))?;
//!     observation = step.observation;
//!     if step.done() {
//!         break step.reward;
//!     }
//! };
//! assert_eq!(score, 100.0, "at rest, and safe");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The environment
//!
//! **Actions.** Four choices: 0 nothing, 1 the left engine, 2 the main engine, 3 the right engine. With
//! [`Options::continuous`], two throttles ([`Action::Continuous`]).
//!
//! **Observations.** Position relative to the pad, velocities, angle, angular velocity, and the contacts of
//! the legs: eight numbers, see [`Observation`] for their units.
//!
//! **Rewards.** Each step earns the growth of a potential, which is higher
//!
//! - the closer the lander is to the pad (-100 per unit of distance),
//! - the slower it moves (-100 per unit of speed),
//! - the more upright it is (-100 per radian),
//! - with each leg on the ground (+10);
//!
//! firing costs 0.3 per step for the main engine and 0.03 for a side engine. In the step that ends the
//! episode the reward is -100 for a crash and for leaving the view, and +100 for coming to rest. An episode
//! of 200 points or more counts as solved.
//!
//! **Start.** At the top centre, pushed by a random force for one step. The terrain is random, the pad is
//! always at the same place.
//!
//! **End.** The episode terminates when the lander's body touches the ground, when it leaves the view
//! sideways, and when it has come to rest. It is truncated after 1000 steps.
//!
//! **Options.** Gravity, wind and turbulence, and the kind of actions: [`Options`]. The wind follows
//! `tanh(sin(0.02 t) + sin(0.01 π t))` from a random `t` on, and blows only while no leg touches the ground.
//!
//! Two oddities of Gymnasium's are kept, since agents trained here should fly there: the side engines' point
//! of thrust depends on the angle, and the end of any contact of a leg clears its flag.
//!
//! # One, many, pictures, proof
//!
//! - [`LunarLander`] is one environment, an [`Environment`].
//! - [`Batch`] is many in lockstep, a [`VectorEnvironment`]: the same bits, several times the steps per
//!   second.
//! - [`frames`] draws the episode, and writes PNG and GIF files.
//! - [`trace`] records and replays episodes, to compare with Gymnasium's.
//! - [`policy`] holds a controller that lands, and chance.
//!
//! Sine, cosine and `tanh` come from the system's libm, as they do for Gymnasium; the bits agree where the
//! libm does. The physics is an altered version of Box2D 2.3.0 (zlib licence, notice in the source).

mod action;
mod batch;
pub mod cli;
mod error;
pub mod frames;
mod lander;
mod observation;
mod options;
mod physics;
pub mod policy;
mod simd;
pub mod trace;

pub use action::Action;
pub use batch::Batch;
pub use environment::{
    AutoReset, BatchError, DiscreteVectorEnvironment, Environment, Spec, StepError, VectorEnvironment, random,
};
pub use error::OptionsError;
pub use lander::{BodyState, DRAWS_PER_STEP, Draws, LunarLander};
pub use observation::{Observation, Step, VectorStep};
pub use options::Options;
pub use simd::Width;
