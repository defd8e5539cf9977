//! Large pages for large tables.
//!
//! A table is written all over, so its memory is touched page by page for the first time, and that is dear on virtual
//! machines. Asking for 2 MiB pages makes it 512 times rarer.

/// Below this many bytes nothing is asked for.
const WORTH: usize = 4 << 20;

/// Asks the system to back `memory` by large pages. Only a hint: nothing but the speed depends on it.
pub(crate) fn advise<T>(memory: &[T]) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        let start = (memory.as_ptr() as usize).next_multiple_of(PAGE);
        let end = (memory.as_ptr() as usize + size_of_val(memory)) & !(PAGE - 1);
        if end.saturating_sub(start) >= WORTH {
            // SAFETY: the pages lie within `memory`, which is borrowed, and this advice changes no byte of them. Its
            // result does not matter.
            unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (memory, WORTH);
}
