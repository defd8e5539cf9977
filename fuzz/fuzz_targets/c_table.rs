//! See `mobula::fuzz::c_table`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mobula::fuzz::c_table(data));
