//! What an environment is, in Gymnasium's terms: one, many in lockstep, and what a learner sees of them.
//!
//! - [`Environment`] is one environment, [`VectorEnvironment`] many that are stepped together.
//! - [`DiscreteVectorEnvironment`] is what a learner takes: observations are rows of `f32`, actions are numbers from 0.
//! - [`Dynamics`] is all that one has to write for an environment of one's own. [`Single`] and [`Vectorized`] make
//!   environments of it, with seeds, a time limit, and a reset of those that ended.
//! - [`random`] holds numpy's random numbers, which Gymnasium's environments draw.
//!
//! ```
//! use environment::random::Generator;
//! use environment::{AutoReset, Discrete, Dynamics, Transition, VectorEnvironment, Vectorized};
//!
//! /// A walk on the numbers from -3 to 3, which ends on either side.
//! #[derive(Clone, Debug, Default)]
//! struct Walk(f32);
//!
//! impl Dynamics for Walk {
//!     type Action = Discrete<2>;
//!     type Observation = [f32; 1];
//!
//!     fn start(&mut self, random: &mut Generator) -> [f32; 1] {
//!         self.0 = random.integer(-1, 2) as f32;
//!         [self.0]
//!     }
//!
//!     fn step(&mut self, action: Discrete<2>, _: &mut Generator) -> Transition<[f32; 1]> {
//!         self.0 += [-1.0, 1.0][action.index()];
//!         Transition { observation: [self.0], reward: f64::from(self.0), terminated: self.0.abs() == 3.0 }
//!     }
//! }
//!
//! let mut walks = Vectorized::new(Walk::default(), 8, AutoReset::SameStep)?.time_limit(100)?;
//! walks.reset(&[0, 1, 2, 3, 4, 5, 6, 7])?;
//! let right = Discrete::new(1).ok_or("two actions")?;
//! let ended = (0..4).map(|_| walks.step(&[right; 8]).map(|step| step.terminated.contains(&true)));
//! assert!(ended.collect::<Result<Vec<_>, _>>()?.contains(&true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod discrete;
mod dynamics;
mod error;
mod phase;
pub mod random;
mod single;
mod spec;
mod traits;
mod vectorized;

pub use discrete::{Discrete, DiscreteAction, DiscreteVectorEnvironment, FlatObservation, FlatStep};
pub use dynamics::{Dynamics, Transition};
pub use error::{BatchError, StepError};
pub use phase::Phase;
pub use single::Single;
pub use spec::Spec;
pub use traits::{AutoReset, Environment, Step, VectorEnvironment, VectorStep};
pub use vectorized::Vectorized;
