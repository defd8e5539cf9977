//! The vector registers of x86-64.
//!
//! A value of these types is made only inside the functions that [`dispatch`](super::dispatch) calls after it
//! has seen that the processor has the instructions. That is the reason why each call below is sound.

use std::arch::x86_64::*;

use super::lanes::Lanes;
use crate::rows::Row;

/// Sixteen lanes in two registers.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256, __m256);

impl Lanes for Avx2 {
    const TILE: usize = 4;

    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: see the module.
        let value = unsafe { _mm256_set1_ps(value) };
        Self(value, value)
    }

    #[inline(always)]
    fn load(from: &Row) -> Self {
        let from = from.0.as_ptr();
        // SAFETY: a row has sixteen numbers and its alignment is 64; for the instruction see the module.
        unsafe { Self(_mm256_load_ps(from), _mm256_load_ps(from.add(8))) }
    }

    #[inline(always)]
    fn store(self, to: &mut Row) {
        let to = to.0.as_mut_ptr();
        // SAFETY: as in `load`.
        unsafe {
            _mm256_store_ps(to, self.0);
            _mm256_store_ps(to.add(8), self.1);
        }
    }

    #[inline(always)]
    fn fma(self, a: Self, b: Self) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm256_fmadd_ps(a.0, b.0, self.0), _mm256_fmadd_ps(a.1, b.1, self.1)) }
    }

    #[inline(always)]
    fn add(self, b: Self) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm256_add_ps(self.0, b.0), _mm256_add_ps(self.1, b.1)) }
    }

    #[inline(always)]
    fn relu(self) -> Self {
        // MAXPS returns its second operand unless the first is greater.
        // SAFETY: see the module.
        unsafe {
            let zero = _mm256_setzero_ps();
            Self(_mm256_max_ps(zero, self.0), _mm256_max_ps(zero, self.1))
        }
    }

    #[inline(always)]
    fn where_positive(self, of: Self) -> Self {
        // SAFETY: see the module.
        unsafe {
            let zero = _mm256_setzero_ps();
            let low = _mm256_cmp_ps::<_CMP_GT_OQ>(of.0, zero);
            let high = _mm256_cmp_ps::<_CMP_GT_OQ>(of.1, zero);
            Self(_mm256_and_ps(self.0, low), _mm256_and_ps(self.1, high))
        }
    }

    #[inline(always)]
    fn nonzero(self) -> u16 {
        // SAFETY: see the module.
        unsafe {
            let zero = _mm256_setzero_ps();
            let low = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NEQ_UQ>(self.0, zero));
            let high = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NEQ_UQ>(self.1, zero));
            (low | high << 8) as u16
        }
    }

    #[inline(always)]
    fn transpose(from: &[Row], from_stride: usize, to: &mut [Row], to_stride: usize) {
        // SAFETY: see the module.
        unsafe { transpose(from, from_stride, to, to_stride) }
    }
}

/// Sixteen lanes in one register.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512);

impl Lanes for Avx512 {
    const TILE: usize = 8;

    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm512_set1_ps(value)) }
    }

    #[inline(always)]
    fn load(from: &Row) -> Self {
        // SAFETY: a row has sixteen numbers and its alignment is 64; for the instruction see the module.
        unsafe { Self(_mm512_load_ps(from.0.as_ptr())) }
    }

    #[inline(always)]
    fn store(self, to: &mut Row) {
        // SAFETY: as in `load`.
        unsafe { _mm512_store_ps(to.0.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn fma(self, a: Self, b: Self) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm512_fmadd_ps(a.0, b.0, self.0)) }
    }

    #[inline(always)]
    fn add(self, b: Self) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm512_add_ps(self.0, b.0)) }
    }

    #[inline(always)]
    fn relu(self) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm512_max_ps(_mm512_setzero_ps(), self.0)) }
    }

    #[inline(always)]
    fn where_positive(self, of: Self) -> Self {
        // SAFETY: see the module.
        unsafe {
            let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(of.0, _mm512_setzero_ps());
            Self(_mm512_maskz_mov_ps(positive, self.0))
        }
    }

    #[inline(always)]
    fn nonzero(self) -> u16 {
        // SAFETY: see the module.
        unsafe { _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(self.0, _mm512_setzero_ps()) }
    }

    #[inline(always)]
    fn transpose(from: &[Row], from_stride: usize, to: &mut [Row], to_stride: usize) {
        // SAFETY: AVX-512F implies AVX2; see the module.
        unsafe { transpose(from, from_stride, to, to_stride) }
    }
}

/// Four blocks of 8 by 8, each in three rounds of shuffles.
///
/// # Safety
///
/// The processor must have AVX2.
#[inline(always)]
unsafe fn transpose(from: &[Row], from_stride: usize, to: &mut [Row], to_stride: usize) {
    let from = |row: usize| from[row * from_stride].0.as_ptr();
    for (top, left) in [(0, 0), (0, 8), (8, 0), (8, 8)] {
        // SAFETY: the caller's; loads and stores stay within the sixteen numbers of a row.
        unsafe {
            let mut rows = [_mm256_setzero_ps(); 8];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = _mm256_load_ps(from(top + i).add(left));
            }
            // Columns 0 and 4 of rows 0 to 3, then 1 and 5, 2 and 6, 3 and 7; then the same of rows 4 to 7.
            let mut fours = [_mm256_setzero_ps(); 8];
            for half in [0, 4] {
                let ab = _mm256_unpacklo_ps(rows[half], rows[half + 1]);
                let cd = _mm256_unpacklo_ps(rows[half + 2], rows[half + 3]);
                fours[half] = _mm256_shuffle_ps::<0x44>(ab, cd);
                fours[half + 1] = _mm256_shuffle_ps::<0xee>(ab, cd);
                let ab = _mm256_unpackhi_ps(rows[half], rows[half + 1]);
                let cd = _mm256_unpackhi_ps(rows[half + 2], rows[half + 3]);
                fours[half + 2] = _mm256_shuffle_ps::<0x44>(ab, cd);
                fours[half + 3] = _mm256_shuffle_ps::<0xee>(ab, cd);
            }
            for column in 0..4 {
                let (low, high) = (fours[column], fours[column + 4]);
                let first = _mm256_permute2f128_ps::<0x20>(low, high);
                let second = _mm256_permute2f128_ps::<0x31>(low, high);
                _mm256_store_ps(to[(left + column) * to_stride].0.as_mut_ptr().add(top), first);
                _mm256_store_ps(to[(left + column + 4) * to_stride].0.as_mut_ptr().add(top), second);
            }
        }
    }
}
