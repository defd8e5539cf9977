//! See `classic_control::trace::fuzz::trace`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| classic_control::trace::fuzz::trace(data));
