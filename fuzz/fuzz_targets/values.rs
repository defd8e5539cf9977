//! See `mobula::fuzz::values`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mobula::fuzz::values(data));
