//! See `crates/dqn/tests/fuzz/body.rs`.

#![no_main]

#[path = "../../crates/dqn/tests/fuzz/body.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::checkpoint(data));
