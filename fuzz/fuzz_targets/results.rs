//! See `mobula_jobs::fuzz::results`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mobula_jobs::fuzz::results(data));
