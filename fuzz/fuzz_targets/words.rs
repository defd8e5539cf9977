//! See `crates/wordcount/tests/fuzz/body.rs`.

#![no_main]

#[path = "../../crates/wordcount/tests/fuzz/body.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let name = format!("mobula-fuzz-words-{}", std::process::id());
    body::words(data, &std::env::temp_dir().join(name));
});
