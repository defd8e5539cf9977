//! The flat form of counted words: one buffer of bytes that travels through an object store, or is shared between
//! threads, as it is.
//!
//! All numbers are 64 bits, little-endian, and at no particular alignment:
//!
//! ```text
//! header   magic and version, words of up to 8 bytes, of 9 to 16, longer ones, bytes of those, sum of all counts
//! short    key, count                   for each word of up to 8 bytes
//! middle   key, key, count              for each word of 9 to 16 bytes
//! long     length, count                for each longer word
//! bytes    the longer words, one after the other
//! ```
//!
//! Words are masked (see [`key`](crate::key)). The short and the middle section are in the order of
//! [`table::range`](crate::table::range), so that a merge can take one range after the other from all buckets.

use crate::{
    error::Corrupt, hash::partition, key::Key, long::LongTable, memory, middle::MiddleTable,
    short::ShortTable,
};

const MAGIC: u64 = u64::from_le_bytes(*b"mobwc\0\0\x01");
const HEADER: usize = 6 * 8;

/// Writes the flat form.
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
    sizes: [u64; 4],
    sum: u64,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut buffer = Vec::with_capacity(HEADER + bytes);
        memory::prepare(buffer.spare_capacity_mut());
        buffer.resize(HEADER, 0);
        Self { bytes: buffer, sizes: [0; 4], sum: 0 }
    }

    #[inline(always)]
    pub(crate) fn inline<K: Key>(&mut self, key: K, count: u64) {
        key.write(&mut self.bytes);
        self.bytes.extend_from_slice(&count.to_le_bytes());
        self.sizes[(K::SIZE == 16) as usize] += 1;
        self.sum = self.sum.wrapping_add(count);
    }

    pub(crate) fn long(&mut self, word: &[u8], count: u64) {
        self.bytes.extend_from_slice(&(word.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(&count.to_le_bytes());
        self.sizes[2] += 1;
        self.sizes[3] += word.len() as u64;
        self.sum = self.sum.wrapping_add(count);
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let [short, middle, long, bytes] = self.sizes;
        let header = [MAGIC, short, middle, long, bytes, self.sum];
        for (to, from) in self.bytes.chunks_exact_mut(8).zip(header) {
            to.copy_from_slice(&from.to_le_bytes());
        }
        self.bytes
    }
}

/// The tables in flat form, in `partitions` buffers.
pub(crate) fn write(
    short: &ShortTable,
    middle: &MiddleTable,
    long: &LongTable,
    partitions: usize,
) -> Vec<Vec<u8>> {
    let guess = (short.len() * 16 + middle.len() * 24 + long.bytes()) / partitions;
    let mut writers: Vec<_> = (0..partitions).map(|_| Writer::with_capacity(guess + guess / 16)).collect();
    short.by_range(|key, count| writers[partition(key.hash(), partitions)].inline(key, count));
    middle.by_range(|key, count| writers[partition(key.hash(), partitions)].inline(key, count));
    long.by_range(|hash, word, count| writers[partition(hash, partitions)].long(word, count));
    long.by_range(|hash, word, _| writers[partition(hash, partitions)].bytes.extend_from_slice(word));
    writers.into_iter().map(Writer::finish).collect()
}

/// The sections of a flat form, found and measured.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    short: &'a [[u8; 16]],
    middle: &'a [[u8; 24]],
    long: &'a [[u8; 16]],
    bytes: &'a [u8],
    pub(crate) sum: u64,
}

impl<'a> View<'a> {
    /// Finds the sections; takes the same short time for any size.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, Corrupt> {
        let (header, body) = bytes.split_at_checked(HEADER).ok_or(Corrupt("shorter than its header"))?;
        let header: [u64; 6] = std::array::from_fn(|at| crate::key::load(&header[at * 8..]));
        let [magic, short, middle, long, bytes, sum] = header;
        if magic != MAGIC {
            return Err(Corrupt("not counted words, or of another version"));
        }
        let (short, body) = section::<16>(body, short)?;
        let (middle, body) = section::<24>(body, middle)?;
        let (long, body) = section::<16>(body, long)?;
        if body.len() as u64 != bytes {
            return Err(Corrupt("its length does not agree with its header"));
        }
        Ok(Self { short, middle, long, bytes: body, sum })
    }

    /// The number of words in all sections.
    pub(crate) fn len(&self) -> usize {
        self.short.len() + self.middle.len() + self.long.len()
    }

    pub(crate) fn sizes(&self) -> [usize; 4] {
        [self.short.len(), self.middle.len(), self.long.len(), self.bytes.len()]
    }

    pub(crate) fn short(&self) -> impl Iterator<Item = (u64, u64)> + use<'a> {
        self.short.iter().map(|entry| (crate::key::load(entry), crate::key::load(&entry[8..])))
    }

    pub(crate) fn middle(&self) -> impl Iterator<Item = ([u64; 2], u64)> + use<'a> {
        self.middle.iter().map(|entry| (Key::read(entry), crate::key::load(&entry[16..])))
    }

    /// The masked words of the long section; stops with an error where their lengths do not fit.
    pub(crate) fn long(&self) -> impl Iterator<Item = Result<(&'a [u8], u64), Corrupt>> + use<'a> {
        let mut rest = self.bytes;
        self.long.iter().map(move |entry| {
            let length = usize::try_from(crate::key::load(entry)).unwrap_or(usize::MAX);
            let (word, after) = rest
                .split_at_checked(length)
                .filter(|_| length > crate::key::INLINE)
                .ok_or(Corrupt("the length of a word does not fit"))?;
            rest = after;
            Ok((word, crate::key::load(&entry[8..])))
        })
    }
}

/// Splits `count` entries of `N` bytes off.
fn section<const N: usize>(body: &[u8], count: u64) -> Result<(&[[u8; N]], &[u8]), Corrupt> {
    let size = usize::try_from(count).ok().and_then(|count| count.checked_mul(N));
    let (entries, rest) = size
        .and_then(|size| body.split_at_checked(size))
        .ok_or(Corrupt("its length does not agree with its header"))?;
    Ok((entries.as_chunks().0, rest))
}
