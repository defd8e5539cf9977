//! Numbers in rows of sixteen: the unit of every matrix in the learner.
//!
//! A row is one cache line, one AVX-512 register, or two AVX registers. Widths are rounded up to whole rows,
//! and what is beyond stays zero, so that no loop has a remainder to treat apart.

/// Numbers in a row.
pub(crate) const LANES: usize = 16;

/// Sixteen numbers in one cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Row(pub [f32; LANES]);

impl Row {
    pub const ZERO: Self = Self([0.0; LANES]);
}

/// Rows that hold `width` numbers.
pub(crate) const fn rows(width: usize) -> usize {
    width.div_ceil(LANES)
}

/// The numbers of rows, one after the other.
#[inline(always)]
pub(crate) fn flat(rows: &[Row]) -> &[f32] {
    // SAFETY: a row is exactly sixteen numbers without padding: its size is its alignment.
    unsafe { std::slice::from_raw_parts(rows.as_ptr().cast(), rows.len() * LANES) }
}

/// The numbers of rows, one after the other.
#[inline(always)]
pub(crate) fn flat_mut(rows: &mut [Row]) -> &mut [f32] {
    // SAFETY: as in `flat`; the borrow is passed on.
    unsafe { std::slice::from_raw_parts_mut(rows.as_mut_ptr().cast(), rows.len() * LANES) }
}
