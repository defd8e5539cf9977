//! What the fuzz target `words` does, on inputs from a seed.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

#[path = "fuzz/body.rs"]
mod body;

/// Pieces of which texts are made that are hard to divide: white space of one to three bytes, letters whose lower case is
/// longer, parts of characters.
const PIECES: [&[u8]; 16] = [
    b" ",
    b"\n",
    b"\x0b",
    b"\x1c",
    b"\xc2\x85",
    b"\xc2\xa0",
    b"\xe2\x80\xa8",
    b"\xe3\x80\x80",
    b"a",
    b"Word",
    b"\xc4\xb0",
    b"\xce\xa3",
    b"\xf0\x90\x90\x80",
    b"\xff",
    b"\xe2\x80",
    b"\0",
];

#[test]
fn seeded_bytes_are_counted_as_by_the_plain_rules() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    for _ in 0..3000 {
        let mut data = vec![next() as u8, next() as u8, next() as u8];
        // Most are valid.
        let kinds = if next() % 4 == 0 { 16 } else { 13 };
        (0..next() % 60).for_each(|_| data.extend(PIECES[next() % kinds]));
        body::words(&data, &folder.path().join("text"));
    }
}
