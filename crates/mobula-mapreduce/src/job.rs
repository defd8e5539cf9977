//! A job as the textbook has it.

use std::collections::HashMap;
use std::hash::Hash;
use std::path::Path;

use anyhow::{Context, Result};
use mobula::Value;

/// A job over key-value pairs.
pub trait Job: Value {
    /// What pairs are grouped by.
    type Key: Value + Eq + Hash + Ord;
    /// What is found for a key.
    type Value: Value;
    /// What becomes of a key's values.
    type Output: Value;

    /// Emits what it finds in a piece of text, of which a file may have several: they are cut between words.
    ///
    /// # Errors
    /// Whatever is wrong with the text; it ends the job.
    fn map(&self, text: &Text<'_>, emit: &mut Emit<'_, Self>) -> Result<()>;

    /// Joins a value into what a map task already has for the key, so that less travels. The value that comes back is
    /// kept beside it; by default all are.
    fn combine(&self, _key: &Self::Key, _so_far: &mut Self::Value, more: Self::Value) -> Option<Self::Value> {
        Some(more)
    }

    /// The bucket of a key, below `partitions`: by default a fixed hash of its MessagePack form.
    fn partition(&self, key: &Self::Key, partitions: usize) -> usize {
        fixed_hash(key) as usize % partitions
    }

    /// Makes the result for a key of all its values, which come in the order of the splits.
    ///
    /// # Errors
    /// Whatever is wrong with them; it ends the job.
    fn reduce(&self, key: &Self::Key, values: Vec<Self::Value>) -> Result<Self::Output>;
}

/// FNV-1a over the bytes that travel: the same on every machine and in every version.
fn fixed_hash<K: Value>(key: &K) -> u64 {
    // What cannot be encoded cannot travel either: that error comes when it is to.
    let bytes = rmp_serde::to_vec(key).unwrap_or_default();
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
    // Its low bits alone are poor.
    hash ^ (hash >> 32)
}

/// A piece of a file, cut between words.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// The file.
    pub path: &'a Path,
    /// Where the piece begins in the file, in bytes.
    pub offset: u64,
    /// The text as it stands there.
    pub bytes: &'a [u8],
}

impl<'a> Text<'a> {
    /// The text as a string.
    ///
    /// # Errors
    /// Names file and byte offset of the first invalid UTF-8.
    pub fn as_str(&self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes).map_err(|e| e.valid_up_to() as u64).or_else(|at| {
            let path = self.path.display();
            Err(anyhow::anyhow!("{path}: invalid UTF-8 at byte {}", self.offset + at))
                .context("cannot read the text")
        })
    }
}

/// Where [`Job::map`] puts its pairs.
pub struct Emit<'a, J: Job> {
    pub(crate) job: &'a J,
    pub(crate) pairs: HashMap<J::Key, Vec<J::Value>>,
}

impl<J: Job> Emit<'_, J> {
    /// Emits one pair.
    pub fn pair(&mut self, key: J::Key, value: J::Value) {
        match self.pairs.get_mut(&key) {
            None => drop(self.pairs.insert(key, vec![value])),
            Some(values) => {
                let left = match values.last_mut() {
                    Some(last) => self.job.combine(&key, last, value),
                    None => Some(value),
                };
                values.extend(left);
            }
        }
    }
}
