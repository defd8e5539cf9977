//! Gymnasium's `LunarLander-v3`, bit for bit.
//!
//! (written out below)

mod action;
mod environment;
mod error;
mod lander;
mod options;
mod physics;
pub mod random;
pub mod trace;

pub use action::Action;
pub use environment::{Environment, Observation, Step};
pub use error::{OptionsError, StepError};
pub use lander::{BodyState, Draws, LunarLander};
pub use options::Options;

