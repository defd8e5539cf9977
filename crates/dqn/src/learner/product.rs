//! Matrix products that leave the zeros out.
//!
//! Behind a rectifier about half of all numbers are zero, and what they would add is nothing. So a left factor
//! can come with [marks](super::marks) of the others, and a tile goes through the inner dimension from mark to
//! mark. Its rows have their zeros in different places: a tile is low, and as wide as the registers allow.
//!
//! Every sum runs over the inner dimension in order, one fused multiply-add after the other. A product with zero
//! changes no sum of finite numbers, so the tile's size, the vectors' width, and what is left out change nothing
//! in the result.

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

/// Every row as it is, `stride` rows of sixteen apart.
pub(crate) struct Plain<'a> {
    pub to: &'a mut [Row],
    pub stride: usize,
}

impl<L: Lanes> Sink<L> for Plain<'_> {
    #[inline(always)]
    fn take<const C: usize>(&mut self, row: usize, column: usize, sums: [L; C]) {
        let to = &mut self.to[row * self.stride + column..][..C];
        for (to, sum) in to.iter_mut().zip(sums) {
            sum.store(to);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::marks::Marks;
    use crate::rows::{LANES, flat};
    use crate::simd::{Width, dispatch};

    #[inline(always)]
    fn generic<L: Lanes>(left: Left<'_>, rows: usize, right: Right<'_>, to: &mut [Row]) {
        product::<L>(left, rows, right, Plain { to, stride: right.across });
    }

    /// Numbers of which every third is zero, in no order.
    fn number(i: usize) -> f32 {
        let hash = (i as u32).wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(2_246_822_519) >> 8;
        if hash.is_multiple_of(3) { 0.0 } else { hash as f32 / (1 << 23) as f32 - 1.0 }
    }

    /// One sum after the other, with every zero.
    fn expected(numbers: &[f32], rows: usize, right: Right<'_>) -> Vec<f32> {
        let width = right.across * LANES;
        let inner = right.rows.len() / right.across;
        let sum = |row: usize, column: usize| {
            (0..inner).fold(0.0_f32, |sum, k| {
                numbers[row * inner + k].mul_add(flat(right.rows)[k * width + column], sum)
            })
        };
        (0..rows).flat_map(|row| (0..width).map(move |column| sum(row, column))).collect()
    }

    #[test]
    fn every_shape_and_width_gives_the_same_bits_with_and_without_zeros() {
        for (rows, inner, across) in [(1, 9, 4), (9, 64, 5), (64, 65, 4), (4, 16, 1), (7, 130, 3), (13, 1, 2)]
        {
            let numbers: Vec<f32> = (0..rows * inner).map(number).collect();
            let right: Vec<Row> = (0..inner * across)
                .map(|row| Row(std::array::from_fn(|i| number(LANES * row + i))))
                .collect();
            let right = Right { rows: &right, across };
            let mut marks = Marks::new(rows, inner);
            for i in (0..numbers.len()).filter(|&i| numbers[i] != 0.0) {
                marks.set(i / inner, i % inner);
            }
            let expected = expected(&numbers, rows, right);
            for width in Width::ALL.into_iter().filter(|width| width.is_supported()) {
                for marks in [None, Some(marks.rows())] {
                    let left = Left { numbers: &numbers, row_step: inner, step: 1, marks };
                    let mut sums = vec![Row([f32::NAN; LANES]); rows * across];
                    let to = &mut sums[..];
                    dispatch!(width, generic(left: Left<'_>, rows: usize, right: Right<'_>, to: &mut [Row]));
                    assert_eq!(flat(&sums), expected, "{rows} × {inner} × {across}, {width:?}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn marks_beyond_the_right_factor_are_refused() {
        let marks = Marks::new(1, 3);
        let left = Left { numbers: &[0.0; 3], row_step: 3, step: 1, marks: Some(marks.rows()) };
        generic::<crate::simd::lanes::Portable>(
            left,
            1,
            Right { rows: &[Row::ZERO; 2], across: 1 },
            &mut [Row::ZERO],
        );
    }
}
