//! `cargo xtask bench-peers`: the project beside others, in one run on one machine.

pub mod lander;
