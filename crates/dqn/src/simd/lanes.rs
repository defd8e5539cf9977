//! Sixteen numbers side by side.

use crate::rows::{LANES, Row};

/// Sixteen numbers, in one register or several.
pub(crate) trait Lanes: Copy {
    /// Sums of a matrix product that are computed together: as many as the adders' latency wants.
    const TILE: usize;

    fn zero() -> Self;
    fn splat(value: f32) -> Self;
    fn load(from: &Row) -> Self;
    fn store(self, to: &mut Row);
    /// `self + a * b`, rounded once.
    fn fma(self, a: Self, b: Self) -> Self;
    fn add(self, b: Self) -> Self;
    /// `0 > x ? 0 : x`, so that what is not a number stays so.
    fn relu(self) -> Self;
    /// The lane where `of > 0`, else 0.
    fn where_positive(self, of: Self) -> Self;
    /// A bit for every lane that is not zero.
    fn nonzero(self) -> u16;
    /// Swaps lanes and rows of a block of sixteen; its rows, and those it goes to, are so many apart.
    fn transpose(from: &[Row], from_stride: usize, to: &mut [Row], to_stride: usize);
}

/// Plain Rust, for any machine.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; LANES]);

impl Lanes for Portable {
    const TILE: usize = 4;

    #[inline(always)]
    fn zero() -> Self {
        Self([0.0; LANES])
    }

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    fn load(from: &Row) -> Self {
        Self(from.0)
    }

    #[inline(always)]
    fn store(self, to: &mut Row) {
        to.0 = self.0;
    }

    #[inline(always)]
    fn fma(mut self, a: Self, b: Self) -> Self {
        for i in 0..LANES {
            self.0[i] = a.0[i].mul_add(b.0[i], self.0[i]);
        }
        self
    }

    #[inline(always)]
    fn add(mut self, b: Self) -> Self {
        for i in 0..LANES {
            self.0[i] += b.0[i];
        }
        self
    }

    #[inline(always)]
    fn relu(self) -> Self {
        Self(self.0.map(|x| if 0.0 > x { 0.0 } else { x }))
    }

    #[inline(always)]
    fn where_positive(mut self, of: Self) -> Self {
        for i in 0..LANES {
            self.0[i] = if of.0[i] > 0.0 { self.0[i] } else { 0.0 };
        }
        self
    }

    #[inline(always)]
    fn nonzero(self) -> u16 {
        self.0.iter().enumerate().fold(0, |bits, (i, &x)| bits | u16::from(x != 0.0) << i)
    }

    #[inline(always)]
    fn transpose(from: &[Row], from_stride: usize, to: &mut [Row], to_stride: usize) {
        for i in 0..LANES {
            for j in 0..LANES {
                to[j * to_stride].0[i] = from[i * from_stride].0[j];
            }
        }
    }
}
