//! A deep Q-network that learns to land.

mod agent;
pub mod bench;
mod config;
mod error;
mod floats;
mod learner;
mod play;
mod random;
mod replay;
mod rows;
mod simd;
mod single;
mod weights;

pub use agent::{Agent, EpisodeStats};
pub use config::{ACTIONS, Config, MAX_HIDDEN, STATE};
pub use error::{CheckpointError, Error};
pub use learner::{Learned, Learner, Network};
pub use play::{Game, TestRules, average, play, test_games};
pub use random::Random;
pub use replay::{Batch, Replay, Transition};
pub use simd::Width;
pub use single::{Round, Single, SingleRules, Stop, Test};
pub use weights::{Tensor, Weights};
