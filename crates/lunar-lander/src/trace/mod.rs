//! Recorded episodes, to show that two implementations agree in every bit.
//!
//! A file is a sequence of episodes, all numbers little endian. The plain form holds discrete actions under
//! the default options:
//!
//! ```text
//! u32 seed, u32 policy, u32 n
//! f64[12] heights with the pad levelled, f64[2] initial force
//! n records: i32 action, f64[2] dispersion, f32[8] observation, f32[18] raw, f64 reward, i32 terminated
//! ```
//!
//! `raw` is x, y, angle, vx, vy, ω of the lander, the left and the right leg. Record 0 is the reset: its
//! action and its reward are 0. The seed is the one given to numpy's generator, and `policy` only says who
//! chose the actions ([`Policy`]).
//!
//! The form with options starts with a header, and has room for the rest:
//!
//! ```text
//! "LLTRACE2", u32 continuous, f64 gravity, u32 wind, f64 wind power, f64 turbulence power, u32 step limit
//! per episode: u128 seed, u32 policy, u32 n, then as above
//! ```
//!
//! With continuous actions `f32[2]` takes the place of `i32 action`.

#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod read;
mod verify;
mod write;

pub use read::{ReadError, Reader};
pub use verify::{Field, Mismatch, Report, VerifyError, verify, verify_batch};
pub use write::{Writer, record_episode};

use crate::action::Action;
use crate::lander::{BodyState, Draws};
use crate::observation::Observation;
use crate::options::Options;

/// What a file with options starts with.
const MAGIC: [u8; 8] = *b"LLTRACE2";

/// Who chose the actions of a recorded episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Policy {
    /// Each action alike.
    Random = 0,
    /// The hand-written controller.
    Skilful = 1,
    /// That controller, sometimes overruled by chance.
    Noisy = 2,
    /// Nothing.
    Noop = 3,
    /// The main engine for a while, then a fall from high up.
    Drop = 4,
}

/// One record of an episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// The action that led here.
    pub action: Action,
    /// The two numbers between -1 and 1 drawn for the engines.
    pub dispersion: [f64; 2],
    /// What the agent saw.
    pub observation: Observation,
    /// The lander and its legs.
    pub bodies: [BodyState; 3],
    /// What the step earned.
    pub reward: f64,
    /// Whether the episode ended here by its own rules.
    pub terminated: bool,
}

/// One recorded episode.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Of numpy's generator.
    pub seed: u128,
    /// See [`Policy`]; files may hold others.
    pub policy: u32,
    /// What the reset drew.
    pub draws: Draws,
    /// The reset and the steps.
    pub records: Vec<Record>,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// Discrete actions, default options, 32-bit seeds.
    Plain,
    /// Any options and seeds.
    WithOptions(Options),
}

impl Form {
    /// The options that the episodes ran under.
    pub fn options(&self) -> Options {
        match self {
            Self::Plain => Options::default(),
            Self::WithOptions(options) => *options,
        }
    }
}
