//! What a map task gives a reduce task, and what that makes of it.

use crate::{
    error::Corrupt,
    flat::{View, Writer},
    key::Key,
    long::LongTable,
    middle::MiddleTable,
    output::{self, Ranked},
    ranking,
    sent::sent_as_bytes,
    short::ShortTable,
    table::{self, RANGE_BITS, RANGES},
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
}

sent_as_bytes!(Bucket);

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

sent_as_bytes!(Counts);

/// Adds up the buckets of one partition: a reduce task.
///
/// Takes [`Bucket`]s, [`Counts`], or their bytes.
///
/// # Errors
///
/// If the bytes of one of them are damaged.
pub fn merge(buckets: &[impl AsRef<[u8]>]) -> Result<Counts, Corrupt> {
    let views = buckets.iter().map(|bucket| View::new(bucket.as_ref())).collect::<Result<Vec<_>, _>>()?;
    let most = |section: usize| views.iter().map(|view| view.sizes()[section]).max().unwrap_or(0);
    let mut writer = Writer::with_capacity(most(0) * 20 + most(1) * 30 + most(2) * 20 + most(3));

    // A table for one range starts with room for the words of the largest bucket, and grows if the others have more.
    let bits = |section: usize, slots: usize| (most(section) * 2 / RANGES / slots + 1).ilog2() + 1;
    let mut short = ShortTable::new(bits(0, 4), RANGE_BITS);
    in_ranges(views.iter().map(View::short), &mut short, ShortTable::add, |short| {
        short.iter().for_each(|(key, count)| writer.inline(key, count));
        short.clear();
    })?;
    let mut middle = MiddleTable::new(bits(1, 1), RANGE_BITS);
    in_ranges(views.iter().map(View::middle), &mut middle, MiddleTable::add, |middle| {
        middle.iter().for_each(|(key, count)| writer.inline(key, count));
        middle.clear();
    })?;
    let mut long = LongTable::with_capacity(most(2), most(3));
    for entry in views.iter().flat_map(View::long) {
        let (word, count) = entry?;
        long.add(word, count);
    }
    long.by_range(|_, word, count| writer.long(word, count));
    long.by_range(|_, word, _| writer.bytes.extend_from_slice(word));
    Ok(Counts(writer.finish()))
}

/// Adds the entries of all `sections` to `table`, range by range, and calls `done` after each.
fn in_ranges<K: Key, T>(
    sections: impl Iterator<Item = impl Iterator<Item = (K, u64)>>,
    table: &mut T,
    add: impl Fn(&mut T, K, u64) -> bool,
    mut done: impl FnMut(&mut T),
) -> Result<(), Corrupt> {
    let mut sections: Vec<_> = sections.map(Iterator::peekable).collect();
    for range in 0..RANGES {
        for section in &mut sections {
            while let Some((key, count)) =
                section.next_if(|(key, _)| table::range(key.hash()) == range && key.is_word())
            {
                add(table, key, count);
            }
        }
        done(table);
    }
    if sections.iter_mut().any(|section| section.peek().is_some()) {
        return Err(Corrupt("a key is no word's, or is not where it belongs"));
    }
    Ok(())
}
