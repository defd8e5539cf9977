//! Counts of words of up to 16 bytes: open addressing, keys inline, no allocation per word.
//!
//! A word's home is given by the top bits of its hash and a taken slot sends it to the next one. So the slots are
//! (nearly) in the order of the hash, whatever the table's size: growing, and merging one table into another, read
//! and write memory from front to back.

use crate::{huge, key::Key};

#[derive(Clone, Copy)]
struct Slot<K> {
    key: K,
    count: u64,
}

/// How many of the slots may be taken, in sixteenths.
const LOAD: usize = 9;

/// Slots of a new table, as a power of two.
const FIRST: u32 = 12;

/// A table of counts by key.
pub(crate) struct Table<K> {
    slots: Vec<Slot<K>>,
    /// Bits by which a hash is shifted to give a slot.
    shift: u32,
    used: usize,
}

impl<K: Key> Table<K> {
    pub(crate) fn new() -> Self {
        Self::with_bits(FIRST)
    }

    /// A table that takes `words` different words without growing.
    pub(crate) fn with_capacity(words: usize) -> Self {
        let slots = words * 16 / LOAD + 1;
        Self::with_bits(slots.next_power_of_two().trailing_zeros().max(4))
    }

    fn with_bits(bits: u32) -> Self {
        let slots = vec![Slot { key: K::FREE, count: 0 }; 1 << bits];
        huge::advise(&slots);
        Self { slots, shift: 64 - bits, used: 0 }
    }

    /// The number of slots taken.
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// Counts each of `keys` once; calls `fresh` for each that the table did not hold.
    #[inline(always)]
    pub(crate) fn count(&mut self, keys: &[K], mut fresh: impl FnMut(K)) {
        self.reserve(keys.len());
        for &key in keys {
            if self.add_reserved(key, 1) {
                fresh(key);
            }
        }
    }

    /// Adds `count` to a key; true if the table did not hold it.
    #[inline]
    pub(crate) fn add(&mut self, key: K, count: u64) -> bool {
        self.reserve(1);
        self.add_reserved(key, count)
    }

    /// [`add`](Self::add) without looking whether there is room, which the caller did.
    #[inline(always)]
    fn add_reserved(&mut self, key: K, count: u64) -> bool {
        let last = self.slots.len() - 1;
        let mut at = (key.hash() >> self.shift) as usize;
        loop {
            let slot = &mut self.slots[at & last];
            if slot.key == key {
                slot.count = slot.count.wrapping_add(count);
                return false;
            }
            if slot.key == K::FREE {
                *slot = Slot { key, count };
                self.used += 1;
                return true;
            }
            at += 1;
        }
    }

    /// Makes room for `more` different words.
    #[inline(always)]
    fn reserve(&mut self, more: usize) {
        if (self.used + more) * 16 > self.slots.len() * LOAD {
            self.grow(more);
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let mut larger = Self::with_capacity((self.used + more).max(self.slots.len()));
        for slot in self.slots.iter().filter(|slot| slot.count > 0) {
            larger.add_reserved(slot.key, slot.count);
        }
        *self = larger;
    }

    /// Sets the count of every word for which `wanted` is false to zero, and hands out what it was.
    pub(crate) fn take_unless(&mut self, wanted: impl Fn(K) -> bool, mut taken: impl FnMut(K, u64)) {
        for slot in self.slots.iter_mut().filter(|slot| slot.count > 0) {
            if !wanted(slot.key) {
                taken(slot.key, slot.count);
                slot.count = 0;
            }
        }
    }

    /// All words and counts, by the top bits of their hash.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (K, u64)> {
        self.slots.iter().filter(|slot| slot.count > 0).map(|slot| (slot.key, slot.count))
    }
}
