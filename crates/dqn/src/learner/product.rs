//! Matrix products that leave the zeros out.
//!
//! Behind a rectifier about half of all numbers are zero, and what they would add is nothing: a left factor
//! comes with [marks](super::marks) of the others, and a tile goes through the inner dimension from mark to
//! mark. That costs a tile less than the reuse of registers that dense tiles live from: each number it keeps
//! is one load of the left factor for a row of the right one as wide as the registers hold.
//!
//! Every sum runs over the inner dimension in order, one fused multiply-add after the other. Adding a product
//! with zero changes no sum of finite numbers, so a tile's size, the vectors' width, and whether a zero is left out
//! change nothing in the result.

use super::marks::Rows;
use crate::rows::Row;
use crate::simd::lanes::Lanes;

/// A left factor: number `(row, k)` lies at `row * row_step + k * step`. Where there are marks, it is zero
/// unless it is marked.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a> {
    pub numbers: &'a [f32],
    pub row_step: usize,
    pub step: usize,
    pub marks: Option<Rows<'a>>,
}

/// A right factor, each of its rows `across` rows of sixteen numbers.
#[derive(Clone, Copy)]
pub(crate) struct Right<'a> {
    pub rows: &'a [Row],
    pub across: usize,
}

/// Where the rows of a product go. Traits with functions that are always inlined, where closures would do:
/// a closure left as a function of its own would lack the vector instructions.
pub(crate) trait Sink<L: Lanes> {
    /// Takes the sums of a row, from sixteen times `column` on.
    fn take<const C: usize>(&mut self, row: usize, column: usize, sums: [L; C]);
}

/// Multiplies the first `rows` rows of `left` with `right`, and passes the result to `sink`.
#[inline(always)]
pub(crate) fn product<L: Lanes>(left: Left<'_>, rows: usize, right: Right<'_>, mut sink: impl Sink<L>) {
    let inner = right.rows.len() / right.across;
    assert!(rows > 0 && inner > 0 && left.marks.is_none_or(|marks| marks.width() <= inner));
    assert!((rows - 1) * left.row_step + (inner - 1) * left.step < left.numbers.len());
    let mut column = 0;
    macro_rules! columns {
        ($($width:literal)*) => {$(
            while right.across - column >= $width {
                column_of_tiles::<L, $width>(left, rows, right, column, &mut sink);
                column += $width;
            }
        )*};
    }
    columns!(4 2 1);
}

/// All rows of `C` times sixteen columns, in tiles as high as the registers allow.
#[inline(always)]
fn column_of_tiles<L: Lanes, const C: usize>(
    left: Left<'_>,
    rows: usize,
    right: Right<'_>,
    column: usize,
    sink: &mut impl Sink<L>,
) {
    let mut row = 0;
    macro_rules! tiles {
        ($($height:literal)*) => {$(
            if $height == 1 || $height * C <= L::TILE {
                while rows - row >= $height {
                    // SAFETY: `product` has looked at the whole factors.
                    let tile = unsafe { tile::<L, $height, C>(left, row, right, column) };
                    for (r, sums) in tile.into_iter().enumerate() {
                        sink.take(row + r, column, sums);
                    }
                    row += $height;
                }
            }
        )*};
    }
    tiles!(8 4 2 1);
}

/// # Safety
///
/// `left` must have rows `first` to `first + R - 1`, as long as `right` has rows and without marks behind their
/// end, and `right` columns `column` to `column + C - 1`.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize, const C: usize>(
    left: Left<'_>,
    first: usize,
    right: Right<'_>,
    column: usize,
) -> [[L; C]; R] {
    let mut sums = [[L::zero(); C]; R];
    let Some(rows) = left.marks else {
        for k in 0..right.rows.len() / right.across {
            // SAFETY: `k` is a row of `right`; the rest is the caller's.
            unsafe { add(&mut sums, left, first, right, column, k) };
        }
        return sums;
    };
    for word in 0..rows.words() {
        let mut marks = rows.union::<R>(first, word);
        while marks != 0 {
            let k = u64::BITS as usize * word + marks.trailing_zeros() as usize;
            marks &= marks - 1;
            // SAFETY: the caller's: marks point to rows of `right`.
            unsafe { add(&mut sums, left, first, right, column, k) };
        }
    }
    sums
}

/// Adds what position `k` of the inner dimension contributes. A bound looked at here costs as much as two of the
/// multiply-adds: a tenth of a learn step.
///
/// # Safety
///
/// As [`tile`], with `k` below the number of rows of `right`.
#[inline(always)]
unsafe fn add<L: Lanes, const R: usize, const C: usize>(
    sums: &mut [[L; C]; R],
    left: Left<'_>,
    first: usize,
    right: Right<'_>,
    column: usize,
    k: usize,
) {
    // SAFETY: the caller's.
    let right = unsafe { right.rows.get_unchecked(k * right.across + column..).get_unchecked(..C) };
    for (r, sums) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's.
        let number = unsafe { *left.numbers.get_unchecked((first + r) * left.row_step + k * left.step) };
        let number = L::splat(number);
        for (sum, right) in sums.iter_mut().zip(right) {
            *sum = sum.fma(number, L::load(right));
        }
    }
}
