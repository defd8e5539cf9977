//! Gymnasium's `LunarLander-v3`, bit for bit.
//!
//! (written out below)

mod action;
mod batch;
pub mod cli;
mod environment;
mod error;
pub mod frames;
mod lander;
mod options;
mod physics;
pub mod policy;
pub mod random;
mod simd;
pub mod trace;

pub use action::Action;
pub use batch::{AutoReset, Batch};
pub use environment::{Environment, Observation, Step, VectorEnvironment, VectorStep};
pub use error::{OptionsError, StepError};
pub use lander::{BodyState, Draws, LunarLander};
pub use options::Options;
pub use simd::Width;
