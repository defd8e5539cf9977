//! See `lunar_lander::trace::fuzz::trace`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lunar_lander::trace::fuzz::trace(data));
