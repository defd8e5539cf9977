//! Words by frequency: the first few, or all in the order of the output.
//!
//! The order is: count descending, then word by code point, which is the order of its UTF-8 bytes.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::{
    error::Corrupt,
    flat::View,
    key::{self, Key, MASK},
};

impl View<'_> {
    /// Calls `each` with every word and count. Stops where the bytes are damaged.
    pub(crate) fn for_each(&self, mut each: impl FnMut(&[u8], u64)) -> Result<(), Corrupt> {
        let mut buffer = [0; key::INLINE];
        for (key, count) in self.short() {
            each(key.unmask(&mut buffer), count);
        }
        for (key, count) in self.middle() {
            each(key.unmask(&mut buffer), count);
        }
        let mut long = Vec::new();
        for entry in self.long() {
            let (word, count) = entry?;
            long.clear();
            long.extend(word.iter().map(|byte| byte ^ MASK));
            each(&long, count);
        }
        Ok(())
    }

    /// Looks at every word.
    pub(crate) fn check(&self) -> Result<(), Corrupt> {
        let words = self.short().all(|(key, _)| key.is_word()) && self.middle().all(|(key, _)| key.is_word());
        if !words {
            return Err(Corrupt("a key is no word's"));
        }
        self.long().try_for_each(|entry| entry.map(drop))
    }
}

/// The first `k` words of `view`.
pub(crate) fn first(view: &View, k: usize) -> Vec<(String, u64)> {
    let mut best: BinaryHeap<(Reverse<u64>, Vec<u8>)> = BinaryHeap::new();
    let mut least = 0;
    // The views of counts are whole, so there is no error to tell.
    let _ = view.for_each(|word, count| {
        if count < least || k == 0 {
            return;
        }
        best.push((Reverse(count), word.to_vec()));
        if best.len() > k {
            best.pop();
        }
        if best.len() == k {
            least = best.peek().map_or(0, |(Reverse(count), _)| *count);
        }
    });
    let words = best.into_sorted_vec().into_iter();
    words.map(|(Reverse(count), word)| (String::from_utf8_lossy(&word).into_owned(), count)).collect()
}

/// The `k` most frequent words of all partitions, given those of each.
///
/// ```
/// let ones = vec![("a".to_owned(), 3), ("b".to_owned(), 1)];
/// let others = vec![("c".to_owned(), 2)];
/// assert_eq!(mobula_wordcount::top([ones, others], 2), [("a".to_owned(), 3), ("c".to_owned(), 2)]);
/// ```
#[must_use]
pub fn top(partitions: impl IntoIterator<Item = Vec<(String, u64)>>, k: usize) -> Vec<(String, u64)> {
    let mut all: Vec<_> = partitions.into_iter().flatten().collect();
    all.sort_unstable_by(|(word, count), (other, others)| others.cmp(count).then_with(|| word.cmp(other)));
    all.truncate(k);
    all
}
