//! Counts of words of up to 8 bytes, nine of ten in a natural text.
//!
//! The table is made of cache lines of four keys and their counts. The top bits of a word's hash name a line; the four
//! keys are compared without a branch, so it costs nothing that a word is not the first of its line, and a full line
//! sends on to the next. As lines are in the order of the hash, growing a table and merging tables run through memory
//! from front to back.

use crate::{
    key::Key,
    memory::Zeroed,
    table::{self, AHEAD},
};

/// Keys in a line.
const KEYS: usize = 4;
/// Four keys, then four counts.
pub(crate) type Line = [u64; 2 * KEYS];

/// How many of the slots may be taken, in sixteenths.
const LOAD: usize = 12;

/// Words in front, as a power of two: 32 KiB, which a first-level cache holds in good part.
const FRONT: u32 = 11;

/// A word is put in front whenever its count in the table has grown by so many.
const OFTEN: u64 = 64;

/// The words that are met all the time, and how often they were since they came here.
///
/// Three of four words of a text are among the two thousand most frequent ones. In the table each of these would take a line
/// of its own from the cache; here they stand close together, each in the one place that its hash names.
pub(crate) struct Front {
    words: Box<[(u64, u64); 1 << FRONT]>,
}

impl Front {
    pub(crate) fn new() -> Self {
        Self { words: Box::new([(0, 0); 1 << FRONT]) }
    }

    /// The place of a key.
    #[inline(always)]
    fn place(&mut self, key: u64) -> &mut (u64, u64) {
        &mut self.words[(key.hash() >> (64 - FRONT)) as usize]
    }

    /// Counts the keys that are here, moves the others to the start of `keys`, and returns how many these are.
    #[inline(always)]
    fn count(&mut self, keys: &mut [u64]) -> usize {
        let mut left = 0;
        for at in 0..keys.len() {
            let key = keys[at];
            let word = self.place(key);
            let same = word.0 == key;
            word.1 += u64::from(same);
            keys[left] = key;
            left += usize::from(!same);
        }
        left
    }

    /// Puts a key here, with a count of zero, and returns what was in its place.
    fn put(&mut self, key: u64) -> (u64, u64) {
        std::mem::replace(self.place(key), (key, 0))
    }

    /// Adds all counts to the table, which knows the words.
    pub(crate) fn empty(&mut self, table: &mut ShortTable) {
        for (key, count) in self.words.iter_mut().map(std::mem::take).filter(|word| word.1 > 0) {
            table.add(key, count);
        }
    }
}

/// A table of counts by key.
pub(crate) struct ShortTable {
    lines: Zeroed,
    bits: u32,
    /// Top bits of the hash that all keys have in common.
    skip: u32,
    used: usize,
}

impl ShortTable {
    /// A table of 2^`bits` lines for hashes that have their first `skip` bits in common.
    pub(crate) fn new(bits: u32, skip: u32) -> Self {
        Self { lines: Zeroed::new((2 * KEYS) << bits), bits, skip, used: 0 }
    }

    /// The line where the search for a key begins, in its last bits.
    #[inline(always)]
    fn home(&self, key: u64) -> u32 {
        (key.hash() >> (64 - self.skip - self.bits)) as u32
    }

    /// Counts the keys that are in front and moves the others to the start of `keys`; returns how many these are. Notes
    /// in `homes` where they belong, and asks for the first of their lines.
    #[inline(always)]
    pub(crate) fn prepare(&mut self, front: &mut Front, keys: &mut [u64], homes: &mut [u32]) -> usize {
        self.reserve(keys.len());
        let left = front.count(keys);
        for (home, &key) in homes.iter_mut().zip(&keys[..left]) {
            *home = self.home(key);
        }
        let (lines, _) = self.lines.get().as_chunks::<{ 2 * KEYS }>();
        homes.iter().take(AHEAD).for_each(|&home| table::prefetch(&lines[home as usize & (lines.len() - 1)]));
        left
    }

    /// Counts each of `keys` once; calls `fresh` for each that the table did not hold. `homes` has been prepared, and is
    /// longer than `keys` by at least [`AHEAD`]; what stands there does not matter. `matches` is [`matches`], or the
    /// like. Words that have come up often are put in front.
    #[inline(always)]
    pub(crate) fn count(
        &mut self,
        front: &mut Front,
        keys: &[u64],
        homes: &[u32],
        matches: impl Fn(&Line, u64) -> u32,
        mut fresh: impl FnMut(u64),
    ) {
        let (lines, _) = self.lines.get_mut().as_chunks_mut();
        let last = lines.len() - 1;
        let mut often = None;
        for ((&key, &home), &next) in keys.iter().zip(homes).zip(&homes[AHEAD..]) {
            table::prefetch(&lines[next as usize & last]);
            match add(lines, home, key, 1, &matches) {
                0 => {
                    self.used += 1;
                    fresh(key);
                }
                count if count % OFTEN == 0 => often = Some(key),
                _ => {}
            }
        }
        if let Some(key) = often {
            let (key, count) = front.put(key);
            if count > 0 {
                self.add(key, count);
            }
        }
    }

    /// Adds `count` to a key; true if the table did not hold it.
    #[inline]
    pub(crate) fn add(&mut self, key: u64, count: u64) -> bool {
        self.reserve(1);
        let home = self.home(key);
        let fresh = add(self.lines.get_mut().as_chunks_mut().0, home, key, count, matches) == 0;
        self.used += usize::from(fresh);
        fresh
    }

    #[inline(always)]
    fn reserve(&mut self, more: usize) {
        if (self.used + more) * 16 > (KEYS << self.bits) * LOAD {
            self.grow();
        }
    }

    #[cold]
    fn grow(&mut self) {
        let mut larger = Self::new(self.bits + table::growth(self.lines.get().len()), self.skip);
        for (key, count) in self.iter() {
            let home = larger.home(key);
            add(larger.lines.get_mut().as_chunks_mut().0, home, key, count, matches);
        }
        larger.used = self.used;
        *self = larger;
    }

    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// Forgets all words and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.lines.get_mut().fill(0);
        self.used = 0;
    }

    /// All words and counts, nearly in the order of their hash.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        entries(self.lines.get().as_chunks().0)
    }

    /// Calls `each` with all words and counts, range by range of [`table::range`].
    pub(crate) fn by_range(&self, mut each: impl FnMut(u64, u64)) {
        let (lines, _) = self.lines.get().as_chunks::<{ 2 * KEYS }>();
        table::by_range(lines.len(), |range, at| {
            let own = entries(&lines[at..at + 1]).filter(|(key, _)| table::range(key.hash()) == range);
            own.for_each(|(key, count)| each(key, count));
            lines[at][KEYS - 1] != 0
        });
    }

    /// Sets the count of every word for which `wanted` is false to zero, and hands out what it was.
    pub(crate) fn take_unless(&mut self, wanted: impl Fn(u64) -> bool, mut taken: impl FnMut(u64, u64)) {
        for line in self.lines.get_mut().as_chunks_mut::<{ 2 * KEYS }>().0 {
            for at in 0..KEYS {
                if line[at] != 0 && !wanted(line[at]) {
                    taken(line[at], std::mem::take(&mut line[KEYS + at]));
                }
            }
        }
    }
}

fn entries(lines: &[Line]) -> impl Iterator<Item = (u64, u64)> {
    lines
        .iter()
        .flat_map(|line| (0..KEYS).map(|at| (line[at], line[KEYS + at])))
        .filter(|&(_, count)| count > 0)
}

/// Adds `count` to a key, looked for from line `home` on; gives its new count, or 0 if it was not there.
#[inline(always)]
fn add(lines: &mut [Line], home: u32, key: u64, count: u64, matches: impl Fn(&Line, u64) -> u32) -> u64 {
    let last = lines.len() - 1;
    let mut at = home as usize;
    loop {
        let line = &mut lines[at & last];
        let same = matches(line, key);
        if same != 0 {
            let found = &mut line[KEYS + same.trailing_zeros() as usize % KEYS];
            *found = found.wrapping_add(count);
            return *found;
        }
        if let Some(free) = line[..KEYS].iter().position(|&key| key == 0) {
            line[free] = key;
            line[KEYS + free] = count;
            return 0;
        }
        at += 1;
    }
}

/// Which of the keys of a line are `key`, a bit for each.
#[inline(always)]
pub(crate) fn matches(line: &Line, key: u64) -> u32 {
    (0..KEYS).fold(0, |bits, at| bits | u32::from(line[at] == key) << at)
}

/// [`matches`] for processors with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn matches_avx2(line: &Line, key: u64) -> u32 {
    use std::arch::x86_64::*;
    // SAFETY: 32 bytes are read, as many as four keys have; no alignment is asked for.
    let keys = unsafe { _mm256_loadu_si256(line.as_ptr().cast()) };
    let same = _mm256_cmpeq_epi64(keys, _mm256_set1_epi64x(key as i64));
    _mm256_movemask_pd(_mm256_castsi256_pd(same)) as u32
}
