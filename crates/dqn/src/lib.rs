//! Q-networks that learn to land: learners, agents, single-node trainers, checkpoints.
//!
//! The network estimates what each action is worth in a state, the agent mostly takes the best, and the learner makes the
//! estimates agree with what came of it. There are two ways to learn: from a replay memory, as in Mnih et al., "Human-level
//! control through deep reinforcement learning" (2015), with the sizes and rates of [`Config`]; and from what many environments
//! show at once, as in Gallici et al., "Simplifying Deep Temporal Difference Learning" (2024), with those of [`PqnConfig`]. The
//! second solves LunarLander in about a second of one core.
//!
//! ```
//! use dqn::{PqnConfig, Score, Solo, SolveRules};
//! use lunar_lander::{Batch, Options};
//!
//! let kind = Box::new(Batch::new(Options::default(), 1)?);
//! let mut training = Solo::new(kind, PqnConfig::default(), SolveRules::default(), 10_240, 2, 1)?;
//! while training.finished().is_none() {
//!     if let Some(test) = training.round()?.test {
//!         println!("{} steps: {:.1}", training.agent().steps(), test.average);
//!     }
//! }
//! let games = dqn::play(&training.agent().average(), &[42, 43], 1000)?;
//! assert_eq!(Score::of(&games).games, 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Parts
//!
//! - [`Pqn`]: environments in lockstep and a learner, named by a seed. [`Solo`]: one of them, with tests, until [`Solve`] says
//!   that the game is solved. Any environment does whose observations are rows of numbers and whose actions are numbered.
//! - [`Agent`]: environment, learner and memory, named by a seed; trains whole episodes. [`Single`]: one of them, with the
//!   textbook's [`Tests`], until it reaches their target.
//! - [`Learner`], [`Network`], [`Replay`], [`Steps`], [`Lanes`]: what agents are made of. They exchange [`Weights`], which have a
//!   mean and [`Sizes`].
//! - [`play`], [`Score`]: greedy games, and what they come to.
//! - [`checkpoint`]: PyTorch's `.pth` and safetensors, both ways.
//! - [`bench`](mod@bench): what a learn step takes, beside what it would at the processor's peak.
//!
//! # The same bits
//!
//! A seed and a configuration name one result, on any thread, vector width and operating system: every sum
//! has one order, every multiply-add is fused everywhere, and random numbers are the crate's own. (The
//! environment's sines come from the system's libm; where those differ, so do the flights.) Everything that
//! trains is saved between two parts of its training, and goes on bit for bit.
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
mod nstep;
mod play;
mod pqn;
mod random;
mod replay;
mod rows;
mod simd;
mod single;
mod sizes;
mod solo;
mod solve;
mod test_games;
mod weights;

pub use agent::{Agent, EpisodeStats};
pub use config::{ACTIONS, Config, MAX_HIDDEN, STATE};
pub use error::{CheckpointError, Error};
pub use learner::{Learned, Learner, Network};
pub use nstep::{OneStep, Steps};
pub use play::{Game, Score, average, play, play_in};
pub use pqn::{Lanes, Pqn, PqnConfig, SavedLanes, Stretch};
pub use random::Random;
pub use replay::{Batch, Replay, Transition};
pub use simd::Width;
pub use single::{Round, Single, SingleRules, Stop, Test};
pub use sizes::{MAX_ACTIONS, MAX_OBSERVATION, Sizes};
pub use solo::{Solo, SoloRound};
pub use solve::{Solve, SolveRules, Verdict};
pub use test_games::{TestRules, Tests};
pub use weights::{Tensor, Weights};
