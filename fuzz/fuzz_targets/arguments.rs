//! See `mobula::fuzz::arguments`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mobula::fuzz::arguments(data));
