//! The vector registers of x86-64: 8 lanes with AVX2, 16 with AVX-512.
//!
//! A value of these types is made only inside the functions that [`super`] calls after it has seen that the
//! processor has the instructions. That is the reason why each call below is sound.

use std::arch::x86_64::*;
use std::ops::{Add, Mul, Neg, Sub};

use super::lanes::Lanes;

macro_rules! operator {
    ($type:ident, $trait:ident, $function:ident, $intrinsic:ident) => {
        impl $trait for $type {
            type Output = Self;
            #[inline(always)]
            fn $function(self, b: Self) -> Self {
                // SAFETY: see the module.
                unsafe { Self($intrinsic(self.0, b.0)) }
            }
        }
    };
}

/// 8 lanes.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(__m256);

operator!(Avx2, Add, add, _mm256_add_ps);
operator!(Avx2, Sub, sub, _mm256_sub_ps);
operator!(Avx2, Mul, mul, _mm256_mul_ps);

impl Neg for Avx2 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm256_xor_ps(self.0, _mm256_set1_ps(-0.0))) }
    }
}

impl Lanes for Avx2 {
    const N: usize = 8;
    type Mask = __m256;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm256_set1_ps(value)) }
    }

    #[inline(always)]
    fn load(from: &[f32]) -> Self {
        let from = &from[..8];
        // SAFETY: `from` has 8 numbers; for the instruction see the module.
        unsafe { Self(_mm256_loadu_ps(from.as_ptr())) }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        let to = &mut to[..8];
        // SAFETY: `to` has room for 8 numbers; for the instruction see the module.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), self.0) }
    }

    // MINPS and MAXPS return the second operand unless the first is smaller or greater: `a < b ? a : b`.
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm256_min_ps(self.0, b.0)) }
    }

    #[inline(always)]
    fn max(self, b: Self) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm256_max_ps(self.0, b.0)) }
    }

    #[inline(always)]
    fn lt(self, b: Self) -> __m256 {
        // SAFETY: see the module.
        unsafe { _mm256_cmp_ps::<_CMP_LT_OQ>(self.0, b.0) }
    }

    #[inline(always)]
    fn ge(self, b: Self) -> __m256 {
        // SAFETY: see the module.
        unsafe { _mm256_cmp_ps::<_CMP_GE_OQ>(self.0, b.0) }
    }

    #[inline(always)]
    fn same(self, b: Self) -> __m256 {
        // SAFETY: see the module.
        unsafe {
            let same = _mm256_cmpeq_epi32(_mm256_castps_si256(self.0), _mm256_castps_si256(b.0));
            _mm256_castsi256_ps(same)
        }
    }

    #[inline(always)]
    fn select(mask: __m256, a: Self, b: Self) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm256_blendv_ps(b.0, a.0, mask)) }
    }

    #[inline(always)]
    fn and(a: __m256, b: __m256) -> __m256 {
        // SAFETY: see the module.
        unsafe { _mm256_and_ps(a, b) }
    }

    #[inline(always)]
    fn or(a: __m256, b: __m256) -> __m256 {
        // SAFETY: see the module.
        unsafe { _mm256_or_ps(a, b) }
    }

    #[inline(always)]
    fn not(a: __m256) -> __m256 {
        // SAFETY: see the module.
        unsafe { _mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1))) }
    }

    #[inline(always)]
    fn bits(mask: __m256) -> u32 {
        // SAFETY: see the module.
        unsafe { _mm256_movemask_ps(mask) as u32 }
    }
}

/// 16 lanes.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(__m512);

operator!(Avx512, Add, add, _mm512_add_ps);
operator!(Avx512, Sub, sub, _mm512_sub_ps);
operator!(Avx512, Mul, mul, _mm512_mul_ps);

impl Neg for Avx512 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        // SAFETY: see the module.
        unsafe {
            let sign = _mm512_set1_epi32(i32::MIN);
            Self(_mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(self.0), sign)))
        }
    }
}

impl Lanes for Avx512 {
    const N: usize = 16;
    type Mask = __mmask16;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm512_set1_ps(value)) }
    }

    #[inline(always)]
    fn load(from: &[f32]) -> Self {
        let from = &from[..16];
        // SAFETY: `from` has 16 numbers; for the instruction see the module.
        unsafe { Self(_mm512_loadu_ps(from.as_ptr())) }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        let to = &mut to[..16];
        // SAFETY: `to` has room for 16 numbers; for the instruction see the module.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn min(self, b: Self) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm512_min_ps(self.0, b.0)) }
    }

    #[inline(always)]
    fn max(self, b: Self) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm512_max_ps(self.0, b.0)) }
    }

    #[inline(always)]
    fn lt(self, b: Self) -> __mmask16 {
        // SAFETY: see the module.
        unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, b.0) }
    }

    #[inline(always)]
    fn ge(self, b: Self) -> __mmask16 {
        // SAFETY: see the module.
        unsafe { _mm512_cmp_ps_mask::<_CMP_GE_OQ>(self.0, b.0) }
    }

    #[inline(always)]
    fn same(self, b: Self) -> __mmask16 {
        // SAFETY: see the module.
        unsafe { _mm512_cmpeq_epi32_mask(_mm512_castps_si512(self.0), _mm512_castps_si512(b.0)) }
    }

    #[inline(always)]
    fn select(mask: __mmask16, a: Self, b: Self) -> Self {
        // SAFETY: see the module.
        unsafe { Self(_mm512_mask_blend_ps(mask, b.0, a.0)) }
    }

    #[inline(always)]
    fn and(a: __mmask16, b: __mmask16) -> __mmask16 {
        a & b
    }

    #[inline(always)]
    fn or(a: __mmask16, b: __mmask16) -> __mmask16 {
        a | b
    }

    #[inline(always)]
    fn not(a: __mmask16) -> __mmask16 {
        !a
    }

    #[inline(always)]
    fn bits(mask: __mmask16) -> u32 {
        mask.into()
    }
}
