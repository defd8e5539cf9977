//! Matrix products, a few rows by sixteen columns at a time.
//!
//! The right factor comes as rows of sixteen numbers, so each of its rows is one load that serves a whole
//! tile; the left factor is read number by number and spread over the lanes. Every sum runs over the inner
//! dimension in order, one fused multiply-add after the other: the tile's height and the vectors' width
//! change nothing in it.

use crate::rows::Row;
use crate::simd::lanes::Lanes;

/// A left factor: number `(row, k)` lies at `row * row_step + k * step`, plus `jump` for every `block` of `k`.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a> {
    pub numbers: &'a [f32],
    pub row_step: usize,
    pub step: usize,
    pub block: usize,
    pub jump: usize,
}

impl<'a> Left<'a> {
    /// A factor whose inner dimension is one block.
    #[inline(always)]
    pub fn plain(numbers: &'a [f32], row_step: usize, step: usize, inner: usize) -> Self {
        Self { numbers, row_step, step, block: inner, jump: 0 }
    }
}

/// Where the rows of a product go. Traits with functions that are always inlined, where closures would do:
/// a closure left as a function of its own would lack the vector instructions.
pub(crate) trait Sink<L: Lanes> {
    fn take(&mut self, row: usize, sum: L);
}

/// Every row as it is, `stride` rows apart.
pub(crate) struct Plain<'a> {
    pub to: &'a mut [Row],
    pub stride: usize,
}

impl<L: Lanes> Sink<L> for Plain<'_> {
    #[inline(always)]
    fn take(&mut self, row: usize, sum: L) {
        sum.store(&mut self.to[row * self.stride]);
    }
}

/// Every row through the rectifier.
pub(crate) struct Rectified<'a>(pub &'a mut [Row]);

impl<L: Lanes> Sink<L> for Rectified<'_> {
    #[inline(always)]
    fn take(&mut self, row: usize, sum: L) {
        sum.relu().store(&mut self.0[row]);
    }
}

/// Every row where the layer's output is positive: the rectifier's derivative.
pub(crate) struct Masked<'a> {
    pub output: &'a [Row],
    pub to: &'a mut [Row],
}

impl<L: Lanes> Sink<L> for Masked<'_> {
    #[inline(always)]
    fn take(&mut self, row: usize, sum: L) {
        sum.where_positive(L::load(&self.output[row])).store(&mut self.to[row]);
    }
}

/// Multiplies the first `rows` rows of `left` with `right`, and passes each row of the result to `sink`.
#[inline(always)]
pub(crate) fn product<L: Lanes>(left: Left<'_>, rows: usize, right: &[Row], mut sink: impl Sink<L>) {
    let blocks = right.len() / left.block;
    assert!(rows > 0 && blocks > 0 && right.len() == blocks * left.block);
    let last = (rows - 1) * left.row_step + (left.block - 1) * left.step + (blocks - 1) * left.jump;
    assert!(last < left.numbers.len());
    let mut row = 0;
    macro_rules! tiles {
        ($($height:literal)*) => {$(
            if $height <= L::TILE {
                while rows - row >= $height {
                    // SAFETY: `last` is the farthest number of all tiles, and it is there.
                    let sums = unsafe { tile::<L, $height>(left, row, right) };
                    for (i, sum) in sums.into_iter().enumerate() {
                        sink.take(row + i, sum);
                    }
                    row += $height;
                }
            }
        )*};
    }
    tiles!(16 8 6 5 4 3 2 1);
}

/// # Safety
///
/// `left` must have rows `first` to `first + R - 1`, and as many columns as `right` has rows.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize>(left: Left<'_>, first: usize, right: &[Row]) -> [L; R] {
    let mut sums = [L::zero(); R];
    for (b, block) in right.chunks_exact(left.block).enumerate() {
        let start = first * left.row_step + b * left.jump;
        for (k, right) in block.iter().enumerate() {
            let right = L::load(right);
            let at = start + k * left.step;
            for (r, sum) in sums.iter_mut().enumerate() {
                // SAFETY: the caller's.
                let number = unsafe { *left.numbers.get_unchecked(at + r * left.row_step) };
                *sum = sum.fma(L::splat(number), right);
            }
        }
    }
    sums
}
