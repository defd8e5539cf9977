//! A deep Q-network that learns to land: learner, agent, single-node trainer, checkpoints.
//!
//! The network estimates what each of the lander's four actions is worth in a state, the agent mostly takes
//! the best, and the learner makes the estimates agree with what came of it (Mnih et al., "Human-level
//! control through deep reinforcement learning", 2015). The sizes and rates are in [`Config`].
//!
//! ```
//! use std::ops::ControlFlow;
//! use dqn::{Config, Single, SingleRules};
//!
//! let rules = SingleRules { max_episodes: 20, ..SingleRules::default() };
//! let mut training = Single::new(Config::default(), rules, 1)?;
//! training.run(|_, round| {
//!     if let Some(test) = &round.test {
//!         println!("episode {}: {:.1}", test.episode, test.average);
//!     }
//!     ControlFlow::Continue(())
//! })?;
//! let games = dqn::play(&training.agent().weights(), &[42, 43], 1000)?;
//! assert_eq!(games.len(), 2);
//! # Ok::<(), dqn::Error>(())
//! ```
//!
//! # Parts
//!
//! - [`Agent`]: environment, learner and memory, named by a seed; trains whole episodes. Trainers of any kind
//!   are made of it, and exchange [`Weights`], which have a mean.
//! - [`Single`]: one agent, with tests, until it lands.
//! - [`Learner`], [`Network`], [`Replay`]: what an agent is made of.
//! - [`Tests`], [`play`]: greedy games.
//! - [`checkpoint`]: PyTorch's `.pth` and safetensors, both ways.
//! - [`bench`](mod@bench): what a learn step takes, beside what it would at the processor's peak.
//!
//! # The same bits
//!
//! A seed and a configuration name one result, on any thread, vector width and operating system: every sum
//! has one order, every multiply-add is fused everywhere, and random numbers are the crate's own. (The
//! environment's sines come from the system's libm; where those differ, so do the flights.) Everything that
//! trains is saved with serde between episodes and goes on bit for bit.
//!
//! # Speed
//!
//! The network is small enough that calling a library would cost more than the arithmetic, so the learner is
//! written by hand, once, over vectors of sixteen lanes, and instantiated for AVX-512, AVX2 and plain Rust;
//! the processor is asked at run time. A processor of x86-64 without FMA computes each multiply-add in
//! software: the same bits, some three hundred times slower.

mod agent;
pub mod bench;
pub mod checkpoint;
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
mod test_games;
mod weights;

pub use agent::{Agent, EpisodeStats};
pub use config::{ACTIONS, Config, MAX_HIDDEN, STATE};
pub use error::{CheckpointError, Error};
pub use learner::{Learned, Learner, Network};
pub use play::{Game, average, play};
pub use random::Random;
pub use replay::{Batch, Replay, Transition};
pub use simd::Width;
pub use single::{Round, Single, SingleRules, Stop, Test};
pub use test_games::{TestRules, Tests};
pub use weights::{Tensor, Weights};
