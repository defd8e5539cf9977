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

    /// The line where the search for a key begins.
    #[inline(always)]
    fn home(&self, key: u64) -> usize {
        (key.hash() << self.skip >> (64 - self.bits)) as usize
    }

    /// Makes ready to [`count`](Self::count) `keys`: notes in `homes` where they belong, and asks for the first lines.
    #[inline(always)]
    pub(crate) fn prepare(&mut self, keys: &[u64], homes: &mut [u32]) {
        self.reserve(keys.len());
        for (home, &key) in homes.iter_mut().zip(keys) {
            *home = self.home(key) as u32;
        }
        let (lines, _) = self.lines.get().as_chunks::<{ 2 * KEYS }>();
        homes.iter().take(AHEAD).for_each(|&home| table::prefetch(&lines[home as usize & (lines.len() - 1)]));
    }

    /// Counts each of `keys` once; calls `fresh` for each that the table did not hold. `homes` has been prepared, and is
    /// longer than `keys` by at least [`AHEAD`]; what stands there does not matter. `matches` is [`matches`], or the
    /// like.
    #[inline(always)]
    pub(crate) fn count(
        &mut self,
        keys: &[u64],
        homes: &[u32],
        matches: impl Fn(&Line, u64) -> u32,
        mut fresh: impl FnMut(u64),
    ) {
        let (lines, _) = self.lines.get_mut().as_chunks_mut();
        let last = lines.len() - 1;
        for ((&key, &home), &next) in keys.iter().zip(homes).zip(&homes[AHEAD..]) {
            table::prefetch(&lines[next as usize & last]);
            if add(lines, home as usize, key, 1, &matches) {
                self.used += 1;
                fresh(key);
            }
        }
    }

    /// Adds `count` to a key; true if the table did not hold it.
    #[inline]
    pub(crate) fn add(&mut self, key: u64, count: u64) -> bool {
        self.reserve(1);
        let home = self.home(key);
        let fresh = add(self.lines.get_mut().as_chunks_mut().0, home, key, count, matches);
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

/// Adds `count` to a key, looked for from line `home` on; true if it was not there.
#[inline(always)]
fn add(lines: &mut [Line], home: usize, key: u64, count: u64, matches: impl Fn(&Line, u64) -> u32) -> bool {
    let last = lines.len() - 1;
    let mut at = home;
    loop {
        let line = &mut lines[at & last];
        let same = matches(line, key);
        if same != 0 {
            let found = &mut line[KEYS + same.trailing_zeros() as usize % KEYS];
            *found = found.wrapping_add(count);
            return false;
        }
        if let Some(free) = line[..KEYS].iter().position(|&key| key == 0) {
            line[free] = key;
            line[KEYS + free] = count;
            return true;
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
