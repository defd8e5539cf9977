//! What the tables of counts have in common.
//!
//! A table's slots are in the order of the top bits of the words' hashes, but for words that found theirs taken. The
//! hash is also divided into [`RANGES`] ranges, by the same bits. Words leave a table range by range, exactly; so a
//! merge can take one range after the other from all buckets, in a table that is small and stays in the cache.

/// Ranges of the hash, as a power of two.
pub(crate) const RANGE_BITS: u32 = 8;
/// Ranges of the hash.
pub(crate) const RANGES: usize = 1 << RANGE_BITS;

/// The range of a hash.
#[inline(always)]
pub(crate) fn range(hash: u64) -> usize {
    (hash >> (64 - RANGE_BITS)) as usize
}

/// Distance, in words, between asking for a cache line and using it.
pub(crate) const AHEAD: usize = 64;

/// By how many bits a table of `words` 64-bit words grows: small ones faster, so that they are copied less often.
pub(crate) fn growth(words: usize) -> u32 {
    if words < 1 << 16 { 2 } else { 1 }
}

/// Goes through the places of a table of `size` places, range by range. `visit` is called with a range and a place,
/// hands out the words there that belong to the range, and says whether the place is full, so that words may have been
/// sent on to the next.
pub(crate) fn by_range(size: usize, mut visit: impl FnMut(usize, usize) -> bool) {
    for range in 0..RANGES {
        let end = (range + 1) * size / RANGES;
        let mut full = false;
        for at in range * size / RANGES..end {
            full = visit(range, at);
        }
        let mut at = end;
        while full {
            full = visit(range, at % size);
            at += 1;
        }
    }
}

/// Asks for the cache line where a place starts.
#[inline(always)]
pub(crate) fn prefetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the address is that of a reference, and no memory is changed.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
