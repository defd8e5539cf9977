//! Gymnasium's `CartPole-v1` and `Acrobot-v1`, bit for bit, one at a time or many in lockstep.
//!
//! The same seed and the same actions give the observations, rewards and ends of Gymnasium 1.4, to the last bit.
//!
//! ```
//! use classic_control::{CartPole, ClassicControl};
//! use environment::{Discrete, Environment};
//!
//! let mut cart = CartPole::default().make()?;
//! let mut observation = cart.reset(42);
//! let mut score = 0.0;
//! loop {
//!     // Push towards the side to which the pole falls.
//!     let [_, _, angle, angular_velocity] = observation;
//!     let push = u8::from(angle + angular_velocity > 0.0);
//!     let step = cart.step(Discrete::new(push).ok_or("two actions")?)?;
//!     score += step.reward;
//!     observation = step.observation;
//!     if step.done() {
//!         break;
//!     }
//! }
//! assert_eq!(score, 500.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`CartPole`] and [`Acrobot`] are the rules. [`ClassicControl::make`] gives one environment of them, and
//!   [`ClassicControl::make_vec`] many that are stepped together.
//! - [`trace`] replays episodes that were recorded from Gymnasium, and compares every bit.
//!
//! Sines, cosines and powers of 64 bits come from the system's libm, as they do for numpy; the bits agree where the libm
//! does.

mod acrobot;
mod cart_pole;
mod classic;
mod numpy;
pub mod trace;

pub use acrobot::Acrobot;
pub use cart_pole::CartPole;
pub use classic::ClassicControl;
