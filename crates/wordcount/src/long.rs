//! Counts of words of more than 16 bytes: their bytes stand one after the other in one buffer, so that there is no
//! allocation per word here either. About one word in a hundred of a natural text comes here.

use crate::{hash, table};

#[derive(Clone, Copy, Default)]
struct Slot {
    hash: u64,
    start: usize,
    length: usize,
    /// 0 while the slot is free.
    count: u64,
}

/// A table of counts by masked word. As in [`short`](crate::short), slots are in the order of the hash.
pub(crate) struct LongTable {
    slots: Vec<Slot>,
    shift: u32,
    used: usize,
    bytes: Vec<u8>,
}

impl LongTable {
    pub(crate) fn new() -> Self {
        Self::with_capacity(0, 0)
    }

    /// A table that takes `words` different words of `bytes` bytes together without growing.
    pub(crate) fn with_capacity(words: usize, bytes: usize) -> Self {
        let bits = (words * 2 + 1).next_power_of_two().trailing_zeros().max(table::RANGE_BITS);
        Self {
            slots: vec![Slot::default(); 1 << bits],
            shift: 64 - bits,
            used: 0,
            bytes: Vec::with_capacity(bytes),
        }
    }

    /// Adds `count`, which is not zero, to a masked word; true if the table did not hold it.
    pub(crate) fn add(&mut self, word: &[u8], count: u64) -> bool {
        self.add_hashed(word, hash::many(word), count)
    }

    /// Makes ready to add `words`: notes their hashes, and asks for the cache lines of their slots.
    #[inline(always)]
    pub(crate) fn prepare<'a>(&self, words: impl Iterator<Item = &'a [u8]>, hashes: &mut [u64]) {
        for (hash, word) in hashes.iter_mut().zip(words) {
            *hash = hash::many(word);
            table::prefetch(self.home(*hash));
        }
    }

    /// Asks for the cache lines of the bytes of words that probably are those with the given hashes.
    #[inline(always)]
    pub(crate) fn prepare_bytes(&self, hashes: &[u64]) {
        for &hash in hashes {
            if let Some(byte) = self.bytes.get(self.home(hash).start) {
                table::prefetch(byte);
            }
        }
    }

    #[inline(always)]
    fn home(&self, hash: u64) -> &Slot {
        &self.slots[(hash >> self.shift) as usize & (self.slots.len() - 1)]
    }

    /// [`add`](Self::add) of a word whose hash is known.
    pub(crate) fn add_hashed(&mut self, word: &[u8], hash: u64, count: u64) -> bool {
        if (self.used + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let slot = Self::find(&mut self.slots, self.shift, hash, |slot| {
            slot.length == word.len() && &self.bytes[slot.start..slot.start + slot.length] == word
        });
        let fresh = slot.length == 0;
        if fresh {
            *slot = Slot { hash, start: self.bytes.len(), length: word.len(), count: 0 };
            self.bytes.extend_from_slice(word);
            self.used += 1;
        }
        slot.count = slot.count.wrapping_add(count);
        fresh
    }

    /// The slot of the word with this hash for which `same` holds, or the free one where it belongs.
    #[inline]
    fn find(slots: &mut [Slot], shift: u32, hash: u64, same: impl Fn(&Slot) -> bool) -> &mut Slot {
        let last = slots.len() - 1;
        let mut at = (hash >> shift) as usize & last;
        while slots[at].length != 0 && !(slots[at].hash == hash && same(&slots[at])) {
            at = (at + 1) & last;
        }
        &mut slots[at]
    }

    #[cold]
    fn grow(&mut self) {
        let mut larger = Self::with_capacity(self.slots.len(), 0);
        for slot in self.slots.iter().filter(|slot| slot.length != 0) {
            *Self::find(&mut larger.slots, larger.shift, slot.hash, |_| false) = *slot;
        }
        self.slots = larger.slots;
        self.shift = larger.shift;
    }

    /// Bytes that the words and their entries take in flat form.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len() + self.used * 16
    }

    /// Sets the count of every word for which `wanted` is false to zero, and hands out what it was.
    pub(crate) fn take_unless(
        &mut self,
        mut wanted: impl FnMut(&[u8]) -> bool,
        mut taken: impl FnMut(&[u8], u64),
    ) {
        for slot in self.slots.iter_mut().filter(|slot| slot.count > 0) {
            let word = &self.bytes[slot.start..slot.start + slot.length];
            if !wanted(word) {
                taken(word, slot.count);
                slot.count = 0;
            }
        }
    }

    /// Calls `each` with all hashes, masked words and counts, range by range of [`table::range`].
    pub(crate) fn by_range(&self, mut each: impl FnMut(u64, &[u8], u64)) {
        table::by_range(self.slots.len(), |range, at| {
            let Slot { hash, start, length, count } = self.slots[at];
            if count > 0 && table::range(hash) == range {
                each(hash, &self.bytes[start..start + length], count);
            }
            length != 0
        });
    }
}
