//! Counts of words of 9 to 16 bytes: a key of two numbers and a count in each slot, and a taken slot sends on to the
//! next. As in [`short`](crate::short), slots are in the order of the hash.

use crate::{key::Key, memory::Zeroed, table};

type Slot = [u64; 3];
const SLOT: usize = 3;

/// How many of the slots may be taken, in sixteenths.
const LOAD: usize = 11;

/// A table of counts by key.
pub(crate) struct MiddleTable {
    slots: Zeroed,
    bits: u32,
    /// Top bits of the hash that all keys have in common.
    skip: u32,
    used: usize,
}

impl MiddleTable {
    /// A table of 2^`bits` slots for hashes that have their first `skip` bits in common.
    pub(crate) fn new(bits: u32, skip: u32) -> Self {
        Self { slots: Zeroed::new(SLOT << bits), bits, skip, used: 0 }
    }

    /// The slot where the search for a key begins, in its last bits.
    #[inline(always)]
    fn home(&self, key: [u64; 2]) -> u32 {
        (key.hash() >> (64 - self.skip - self.bits)) as u32
    }

    /// Makes ready to [`count`](Self::count) `keys`: notes in `homes` where they belong, and asks for the cache lines.
    #[inline(always)]
    pub(crate) fn prepare(&mut self, keys: &[[u64; 2]], homes: &mut [u32]) {
        self.reserve(keys.len());
        let (slots, _) = self.slots.get().as_chunks::<SLOT>();
        for (home, &key) in homes.iter_mut().zip(keys) {
            *home = self.home(key);
            let slot = &slots[*home as usize & (slots.len() - 1)];
            // It may begin in one line and end in the next.
            table::prefetch(&slot[0]);
            table::prefetch(&slot[SLOT - 1]);
        }
    }

    /// Counts each of `keys` once; calls `fresh` for each that the table did not hold. `homes` has been prepared.
    #[inline(always)]
    pub(crate) fn count(&mut self, keys: &[[u64; 2]], homes: &[u32], mut fresh: impl FnMut([u64; 2])) {
        let (slots, _) = self.slots.get_mut().as_chunks_mut();
        for (&key, &home) in keys.iter().zip(homes) {
            if add(slots, home, key, 1) {
                self.used += 1;
                fresh(key);
            }
        }
    }

    /// Adds `count` to a key; true if the table did not hold it.
    #[inline]
    pub(crate) fn add(&mut self, key: [u64; 2], count: u64) -> bool {
        self.reserve(1);
        let home = self.home(key);
        let fresh = add(self.slots.get_mut().as_chunks_mut().0, home, key, count);
        self.used += usize::from(fresh);
        fresh
    }

    #[inline(always)]
    fn reserve(&mut self, more: usize) {
        if (self.used + more) * 16 > (1 << self.bits) * LOAD {
            self.grow();
        }
    }

    #[cold]
    fn grow(&mut self) {
        let mut larger = Self::new(self.bits + table::growth(self.slots.get().len()), self.skip);
        for (key, count) in self.iter() {
            let home = larger.home(key);
            add(larger.slots.get_mut().as_chunks_mut().0, home, key, count);
        }
        larger.used = self.used;
        *self = larger;
    }

    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// Forgets all words and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.slots.get_mut().fill(0);
        self.used = 0;
    }

    /// All words and counts, nearly in the order of their hash.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ([u64; 2], u64)> {
        let (slots, _) = self.slots.get().as_chunks::<SLOT>();
        slots.iter().filter(|slot| slot[2] > 0).map(|&[low, high, count]| ([low, high], count))
    }

    /// Calls `each` with all words and counts, range by range of [`table::range`].
    pub(crate) fn by_range(&self, mut each: impl FnMut([u64; 2], u64)) {
        let (slots, _) = self.slots.get().as_chunks::<SLOT>();
        table::by_range(slots.len(), |range, at| {
            let [low, high, count] = slots[at];
            if count > 0 && table::range([low, high].hash()) == range {
                each([low, high], count);
            }
            high != 0
        });
    }

    /// Sets the count of every word for which `wanted` is false to zero, and hands out what it was.
    pub(crate) fn take_unless(
        &mut self,
        wanted: impl Fn([u64; 2]) -> bool,
        mut taken: impl FnMut([u64; 2], u64),
    ) {
        for [low, high, count] in self.slots.get_mut().as_chunks_mut::<SLOT>().0 {
            if *high != 0 && !wanted([*low, *high]) {
                taken([*low, *high], std::mem::take(count));
            }
        }
    }
}

/// Adds `count` to a key, looked for from slot `home` on; true if it was not there.
#[inline(always)]
fn add(slots: &mut [Slot], home: u32, key: [u64; 2], count: u64) -> bool {
    let last = slots.len() - 1;
    let mut at = home as usize;
    loop {
        let slot = &mut slots[at & last];
        if slot[0] == key[0] && slot[1] == key[1] {
            slot[2] = slot[2].wrapping_add(count);
            return false;
        }
        if slot[1] == 0 {
            *slot = [key[0], key[1], count];
            return true;
        }
        at += 1;
    }
}
