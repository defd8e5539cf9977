//! Zeroed memory for tables.
//!
//! A table is written all over, so its memory is touched page by page for the first time, and that is dear on virtual
//! machines: it can cost more than the counting. So large tables ask for large pages, and for all of them at once.
//! Tables also want to start at a cache line. Both are had from an ordinary vector by leaving out its first bytes.

/// A cache line, in 64-bit words.
const LINE: usize = 8;
/// A large page, in 64-bit words.
const LARGE: usize = (2 << 20) / 8;

/// Zeroed 64-bit words that start at a cache line.
pub(crate) struct Zeroed {
    words: Vec<u64>,
    start: usize,
    length: usize,
}

impl Zeroed {
    pub(crate) fn new(length: usize) -> Self {
        let large = length >= LARGE / 2;
        let (unit, size) = if large { (LARGE, length.next_multiple_of(LARGE)) } else { (LINE, length) };
        // `vec!` of zeros takes untouched memory from the system, so what is left out costs nothing.
        let words = vec![0u64; size + unit];
        let start = (words.as_ptr() as usize / 8).wrapping_neg() % unit;
        if large {
            prepare(&words[start..start + size]);
        }
        Self { words, start, length }
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> &[u64] {
        &self.words[self.start..self.start + self.length]
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self) -> &mut [u64] {
        &mut self.words[self.start..self.start + self.length]
    }
}

/// Asks the system to back memory that is about to be written by large pages where it can, and to do it now. Only a
/// hint: nothing but the speed depends on it.
pub(crate) fn prepare<T>(memory: &[T]) {
    #[cfg(target_os = "linux")]
    {
        /// No smaller than the system's pages, so that only whole ones are named.
        const PAGE: usize = 1 << 16;
        let start = (memory.as_ptr() as usize).next_multiple_of(PAGE);
        let end = (memory.as_ptr() as usize + size_of_val(memory)) / PAGE * PAGE;
        if end.saturating_sub(start) < 1 << 20 {
            return;
        }
        for advice in [libc::MADV_HUGEPAGE, libc::MADV_POPULATE_WRITE] {
            // SAFETY: the pages lie within `memory`, which is borrowed, and neither advice changes a byte of them.
            // Whether the system follows does not matter.
            unsafe { libc::madvise(start as *mut libc::c_void, end - start, advice) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_zeroed_and_aligned() {
        for length in [1, 8, 1000, LARGE / 2, LARGE - 1, LARGE, 3 * LARGE + 5] {
            let mut memory = Zeroed::new(length);
            assert_eq!(memory.get().as_ptr() as usize % 64, 0);
            assert_eq!(memory.get().len(), length);
            assert!(memory.get().iter().all(|&word| word == 0));
            memory.get_mut()[length - 1] = 1;
        }
    }
}
