//! Several `f32` side by side, at any width.
//!
//! The solvers are written once over [`Lanes`]. Every operation rounds each lane as the scalar operation
//! does: there is no fused multiply-add, no reciprocal estimate, no sum across lanes. What holds for one
//! width therefore holds for all, and the portable widths, which any machine runs, test the logic of those
//! that it does not.

use std::ops::{Add, Mul, Neg, Sub};

/// A vector of [`N`](Lanes::N) numbers.
pub trait Lanes:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self>
{
    /// How many numbers.
    const N: usize;
    /// One truth value per lane.
    type Mask: Copy;

    fn splat(value: f32) -> Self;
    /// Reads the first `N` numbers; panics when there are fewer.
    fn load(from: &[f32]) -> Self;
    /// Writes the first `N` numbers; panics when there is no room.
    fn store(self, to: &mut [f32]);
    /// `a < b ? a : b`.
    fn min(self, b: Self) -> Self;
    /// `a > b ? a : b`.
    fn max(self, b: Self) -> Self;
    fn lt(self, b: Self) -> Self::Mask;
    fn ge(self, b: Self) -> Self::Mask;
    /// Whether two lanes have the same bits, which is stricter for zeros and laxer for NaN than equality.
    fn same(self, b: Self) -> Self::Mask;
    /// `mask ? a : b`.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;
    fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    fn not(a: Self::Mask) -> Self::Mask;
    /// Bit `i` for lane `i`.
    fn bits(mask: Self::Mask) -> u32;

    #[inline(always)]
    fn any(mask: Self::Mask) -> bool {
        Self::bits(mask) != 0
    }

    #[inline(always)]
    fn all(mask: Self::Mask) -> bool {
        Self::bits(mask) == u32::MAX >> (32 - Self::N)
    }

    #[inline(always)]
    fn clamp(self, low: Self, high: Self) -> Self {
        low.max(self.min(high))
    }
}

/// Lanes as an array, for any machine.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(32))]
pub struct Portable<const N: usize>([f32; N]);

impl<const N: usize> Portable<N> {
    #[inline(always)]
    fn map(self, b: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut out = self.0;
        for (out, b) in out.iter_mut().zip(b.0) {
            *out = f(*out, b);
        }
        Self(out)
    }

    #[inline(always)]
    fn test(self, b: Self, f: impl Fn(f32, f32) -> bool) -> [bool; N] {
        let mut out = [false; N];
        for (i, out) in out.iter_mut().enumerate() {
            *out = f(self.0[i], b.0[i]);
        }
        out
    }
}

impl<const N: usize> Add for Portable<N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        self.map(b, |a, b| a + b)
    }
}

impl<const N: usize> Sub for Portable<N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self.map(b, |a, b| a - b)
    }
}

impl<const N: usize> Mul for Portable<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self.map(b, |a, b| a * b)
    }
}

impl<const N: usize> Neg for Portable<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(self.0.map(|a| -a))
    }
}

impl<const N: usize> Lanes for Portable<N> {
    const N: usize = N;
    type Mask = [bool; N];

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; N])
    }

    #[inline(always)]
    fn load(from: &[f32]) -> Self {
        let mut out = [0.0; N];
        out.copy_from_slice(&from[..N]);
        Self(out)
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        to[..N].copy_from_slice(&self.0);
    }

    #[inline(always)]
    fn min(self, b: Self) -> Self {
        self.map(b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn max(self, b: Self) -> Self {
        self.map(b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn lt(self, b: Self) -> [bool; N] {
        self.test(b, |a, b| a < b)
    }

    #[inline(always)]
    fn ge(self, b: Self) -> [bool; N] {
        self.test(b, |a, b| a >= b)
    }

    #[inline(always)]
    fn same(self, b: Self) -> [bool; N] {
        self.test(b, |a, b| a.to_bits() == b.to_bits())
    }

    #[inline(always)]
    fn select(mask: [bool; N], a: Self, b: Self) -> Self {
        let mut out = b.0;
        for (i, out) in out.iter_mut().enumerate() {
            if mask[i] {
                *out = a.0[i];
            }
        }
        Self(out)
    }

    #[inline(always)]
    fn and(a: [bool; N], b: [bool; N]) -> [bool; N] {
        std::array::from_fn(|i| a[i] & b[i])
    }

    #[inline(always)]
    fn or(a: [bool; N], b: [bool; N]) -> [bool; N] {
        std::array::from_fn(|i| a[i] | b[i])
    }

    #[inline(always)]
    fn not(a: [bool; N]) -> [bool; N] {
        a.map(|a| !a)
    }

    #[inline(always)]
    fn bits(mask: [bool; N]) -> u32 {
        mask.iter().enumerate().map(|(i, &set)| u32::from(set) << i).sum()
    }
}

/// Two vectors as one: while one waits for a result, the processor works on the other.
#[derive(Clone, Copy, Debug)]
pub struct Pair<L>(L, L);

macro_rules! pairwise {
    ($trait:ident, $function:ident) => {
        impl<L: Lanes> $trait for Pair<L> {
            type Output = Self;
            #[inline(always)]
            fn $function(self, b: Self) -> Self {
                Self(self.0.$function(b.0), self.1.$function(b.1))
            }
        }
    };
}
pairwise!(Add, add);
pairwise!(Sub, sub);
pairwise!(Mul, mul);

impl<L: Lanes> Neg for Pair<L> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }
}

impl<L: Lanes> Lanes for Pair<L> {
    const N: usize = 2 * L::N;
    type Mask = (L::Mask, L::Mask);

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(L::splat(value), L::splat(value))
    }

    #[inline(always)]
    fn load(from: &[f32]) -> Self {
        Self(L::load(from), L::load(&from[L::N..]))
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        self.0.store(to);
        self.1.store(&mut to[L::N..]);
    }

    #[inline(always)]
    fn min(self, b: Self) -> Self {
        Self(self.0.min(b.0), self.1.min(b.1))
    }

    #[inline(always)]
    fn max(self, b: Self) -> Self {
        Self(self.0.max(b.0), self.1.max(b.1))
    }

    #[inline(always)]
    fn lt(self, b: Self) -> Self::Mask {
        (self.0.lt(b.0), self.1.lt(b.1))
    }

    #[inline(always)]
    fn ge(self, b: Self) -> Self::Mask {
        (self.0.ge(b.0), self.1.ge(b.1))
    }

    #[inline(always)]
    fn same(self, b: Self) -> Self::Mask {
        (self.0.same(b.0), self.1.same(b.1))
    }

    #[inline(always)]
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self {
        Self(L::select(mask.0, a.0, b.0), L::select(mask.1, a.1, b.1))
    }

    #[inline(always)]
    fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        (L::and(a.0, b.0), L::and(a.1, b.1))
    }

    #[inline(always)]
    fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        (L::or(a.0, b.0), L::or(a.1, b.1))
    }

    #[inline(always)]
    fn not(a: Self::Mask) -> Self::Mask {
        (L::not(a.0), L::not(a.1))
    }

    #[inline(always)]
    fn bits(mask: Self::Mask) -> u32 {
        L::bits(mask.0) | L::bits(mask.1) << L::N
    }
}
