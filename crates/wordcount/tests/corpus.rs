//! The recorded counts of 98 books in ten languages, made with plain Python.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{job, shared, sizes};

#[test]
fn the_books_have_the_recorded_counts() {
    let (Some(books), Some(counts)) = (shared("corpus/mr_txt"), shared("corpus/correct_wc.tsv")) else {
        return;
    };
    let mut paths: Vec<_> = std::fs::read_dir(books).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let (input, expected) = (sizes(&paths), std::fs::read(counts).unwrap());
    for (maps, reduces) in [(1, 1), (3, 2), (8, 7), (64, 2)] {
        assert!(job(&input, maps, reduces).unwrap() == expected, "{maps} maps, {reduces} reduces");
    }
}
