//! The plain version: a [`HashMap`] of strings. It is the yardstick of the benchmarks and the oracle of the tests.

use std::collections::HashMap;

use crate::space::is_space;

/// Counts by word.
pub type Counts = HashMap<String, u64>;

/// Counts the words of a text.
pub fn count(text: &str, counts: &mut Counts) {
    for word in text.split(is_space).filter(|word| !word.is_empty()) {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
}

/// Adds the counts of `from` to those of `to`.
pub fn merge(to: &mut Counts, from: Counts) {
    for (word, count) in from {
        *to.entry(word).or_default() += count;
    }
}

/// All words, count descending, then by code point.
#[must_use]
pub fn rank(counts: Counts) -> Vec<(String, u64)> {
    let mut words: Vec<_> = counts.into_iter().collect();
    words.sort_unstable_by(|(word, count), (other, others)| others.cmp(count).then_with(|| word.cmp(other)));
    words
}
