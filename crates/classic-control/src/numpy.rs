//! Functions whose last bit is numpy's.

use std::hint::black_box;

/// `x ** 2` of a `numpy.float64`: the libm's power, which is not always the rounded product.
#[inline]
pub(crate) fn squared(x: f64) -> f64 {
    // A constant exponent would let the compiler multiply instead.
    x.powf(black_box(2.0))
}

/// Sine and cosine of a `numpy.float32` between -π/4 and π/4, as numpy computes them on processors with fused
/// multiply-adds (x86-64-v3): minimax polynomials, not the libm's.
pub(crate) fn sin_cos_f32(x: f32) -> (f32, f32) {
    // 1.7d3bbcp-19, -1.a06bbap-13, 1.11119ap-07, -1.555556p-03 in hexadecimal.
    const SIN: [u32; 4] = [0x363e_9dde, 0xb950_35dd, 0x3c08_88cd, 0xbe2a_aaab];
    // 1.98e616p-16, -1.6c06dcp-10, 1.55553cp-05, -0.5, 1.
    const COS: [u32; 5] = [0x37cc_730b, 0xbab6_036e, 0x3d2a_aa9e, 0xbf00_0000, 0x3f80_0000];
    let square = x * x;
    let horner = |coefficients: &[u32]| {
        coefficients.iter().map(|&bits| f32::from_bits(bits)).reduce(|sum, next| sum.mul_add(square, next))
    };
    let sin = (horner(&SIN).unwrap_or_default() * square).mul_add(x, x);
    (sin, horner(&COS).unwrap_or_default())
}
