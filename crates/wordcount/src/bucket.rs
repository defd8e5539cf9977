//! What a map task gives a reduce task, and what that makes of it.

use crate::{
    error::Corrupt,
    flat::{self, View},
    key::Key,
    long::LongTable,
    output::{self, Ranked},
    ranking,
    table::Table,
};

/// The counts of one map task for one reduce task: a flat buffer of bytes, see [`Counter::into_buckets`].
///
/// It can be sent and shared as it is; [`merge`] takes the bare bytes too.
///
/// [`Counter::into_buckets`]: crate::Counter::into_buckets
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket(Vec<u8>);

impl Bucket {
    /// Bytes that were written just now.
    pub(crate) fn trusted(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Takes the bytes of a bucket.
    ///
    /// # Errors
    ///
    /// If they are not laid out as a bucket. What can only be seen by looking at every word, [`merge`] finds.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Corrupt> {
        View::new(&bytes)?;
        Ok(Self(bytes))
    }

    /// The bytes to send.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to send, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl AsRef<[u8]> for Bucket {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// All words of one partition and their counts, in no particular order.
///
/// They are stored as a [`Bucket`] is, so counts can be merged further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts(Vec<u8>);

impl Counts {
    /// Takes the bytes of counts.
    ///
    /// # Errors
    ///
    /// If they are damaged.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Corrupt> {
        View::new(&bytes)?.check()?;
        Ok(Self(bytes))
    }

    /// The bytes to send.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to send, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    #[allow(clippy::expect_used, reason = "the bytes were written by `merge` or checked by `from_bytes`")]
    fn view(&self) -> View<'_> {
        View::new(&self.0).expect("counts are laid out as counts")
    }

    /// How many words there are in all: the sum of the counts.
    #[must_use]
    pub fn words(&self) -> u64 {
        self.view().sum
    }

    /// How many different words there are.
    #[must_use]
    pub fn distinct(&self) -> u64 {
        self.view().len() as u64
    }

    /// The `k` most frequent words, by descending count, and by code point where counts are equal. Looks at each word
    /// once and sorts few.
    #[must_use]
    pub fn top(&self, k: usize) -> Vec<(String, u64)> {
        ranking::first(&self.view(), k)
    }

    /// All words in the order of the output.
    #[must_use]
    pub fn rank(&self) -> Ranked {
        output::rank(&self.view())
    }
}

impl AsRef<[u8]> for Counts {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Adds up the buckets of one partition: a reduce task.
///
/// Takes [`Bucket`]s, [`Counts`], or their bytes.
///
/// # Errors
///
/// If the bytes of one of them are damaged.
pub fn merge(buckets: &[impl AsRef<[u8]>]) -> Result<Counts, Corrupt> {
    let views = buckets.iter().map(|bucket| View::new(bucket.as_ref())).collect::<Result<Vec<_>, _>>()?;
    // Most words of the largest are in the others too, as a rule; if not, the tables grow.
    let most = |section: usize| views.iter().map(|view| view.sizes()[section]).max().unwrap_or(0);
    let room =
        |section: usize| if views.len() > 1 { most(section) + most(section) / 4 } else { most(section) };
    let mut short = Table::with_capacity(room(0));
    let mut middle = Table::with_capacity(room(1));
    let mut long = LongTable::with_capacity(room(2), room(3));
    for view in &views {
        add(&mut short, view.short())?;
        add(&mut middle, view.middle())?;
        for entry in view.long() {
            let (word, count) = entry?;
            long.add(word, count);
        }
    }
    let mut merged = flat::write(&short, &middle, &long, 1);
    Ok(Counts(merged.swap_remove(0)))
}

fn add<K: Key>(table: &mut Table<K>, entries: impl Iterator<Item = (K, u64)>) -> Result<(), Corrupt> {
    for (key, count) in entries {
        if !key.is_word() {
            return Err(Corrupt("a key is no word's"));
        }
        table.add(key, count);
    }
    Ok(())
}
