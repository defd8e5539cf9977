//! What the commands of `mobula lander` and `mobula bench lander` do, without their flags.

pub mod bench;
mod trace;

pub use trace::{PolicyName, TraceError, verify_report, write_trace};
