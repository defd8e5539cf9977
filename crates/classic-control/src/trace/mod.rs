//! Episodes recorded from Gymnasium, to show that this crate agrees in every bit.
//!
//! A file holds the episodes of one environment, all numbers little endian:
//!
//! ```text
//! "CCTRACE1", u32 environment (0 CartPole-v1, 1 the same with Sutton and Barto's rewards, 2 Acrobot-v1)
//! per episode: u128 seed, u32 n
//! n records: u8 action, f32[4 or 6] observation, f64[4] state, f64 reward, u8 end (1 terminated, 2 truncated, 3 both)
//! ```
//!
//! Record 0 is the reset: its action and its reward are 0. `cargo xtask parity` records such files.

#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod read;
mod verify;

pub use read::ReadError;
pub use verify::{Field, Mismatch, Report, VerifyError};

/// What a file starts with.
const MAGIC: [u8; 8] = *b"CCTRACE1";

/// The environment that a file's episodes were recorded from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Recorded {
    /// `CartPole-v1`.
    CartPole = 0,
    /// `CartPole-v1` with `sutton_barto_reward`.
    SuttonBartoCartPole = 1,
    /// `Acrobot-v1`.
    Acrobot = 2,
}

impl Recorded {
    /// How many numbers an observation has.
    pub fn observation_size(self) -> usize {
        match self {
            Self::CartPole | Self::SuttonBartoCartPole => 4,
            Self::Acrobot => 6,
        }
    }
}

/// One record of an episode.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Record {
    /// The action that led here.
    pub action: u8,
    /// What the agent saw; zeros where there are fewer numbers.
    pub observation: [f32; 6],
    /// Positions and velocities.
    pub state: [f64; 4],
    /// What the step earned.
    pub reward: f64,
    /// Whether the episode ended here by its own rules.
    pub terminated: bool,
    /// Whether it ended by the time limit.
    pub truncated: bool,
}

/// One recorded episode.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Of numpy's generator.
    pub seed: u128,
    /// The reset and the steps.
    pub records: Vec<Record>,
}

/// A file's episodes.
///
/// ```
/// // An episode of a reset alone.
/// let mut file = b"CCTRACE1".to_vec();
/// file.extend(2_u32.to_le_bytes());
/// file.extend(42_u128.to_le_bytes());
/// file.extend(1_u32.to_le_bytes());
/// file.extend([0; 1 + 6 * 4 + 4 * 8 + 8 + 1]);
/// let trace = classic_control::trace::Trace::read(&file[..])?;
/// let report = trace.verify()?;
/// assert_eq!((report.episodes, report.records), (1, 1));
/// assert!(!report.is_exact(), "seed 42 starts elsewhere than at rest");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The environment.
    pub recorded: Recorded,
    /// Its episodes.
    pub episodes: Vec<Recording>,
}
