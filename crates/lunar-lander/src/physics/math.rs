//! Plane vectors, rotations, transforms and sweeps in `f32`.
//!
//! Every expression keeps the association of Box2D 2.3.0: `f32` arithmetic is not associative, and the
//! observations depend on the last bit. No fused multiply-add appears anywhere.

use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// A vector of the plane.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vec2 {
    /// Horizontal part, to the right.
    pub x: f32,
    /// Vertical part, upwards.
    pub y: f32,
}

impl Vec2 {
    pub const ZERO: Self = Self { x: 0.0, y: 0.0 };

    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    #[inline(always)]
    pub fn dot(self, b: Self) -> f32 {
        self.x * b.x + self.y * b.y
    }

    /// The third component of the cross product of two plane vectors.
    #[inline(always)]
    pub fn cross(self, b: Self) -> f32 {
        self.x * b.y - self.y * b.x
    }

    /// `self × s`, a quarter turn clockwise scaled by `s`.
    #[inline(always)]
    pub fn cross_scalar(self, s: f32) -> Self {
        Self::new(s * self.y, -s * self.x)
    }

    /// `s × a`, the velocity of a point at `a` of a body that turns at `s`.
    #[inline(always)]
    pub fn scalar_cross(s: f32, a: Self) -> Self {
        Self::new(-s * a.y, s * a.x)
    }

    #[inline(always)]
    pub fn length_squared(self) -> f32 {
        self.x * self.x + self.y * self.y
    }

    #[inline(always)]
    pub fn length(self) -> f32 {
        self.length_squared().sqrt()
    }

    /// The vector of length one and the length it had; a vector too short to have a direction stays.
    pub fn normalized(self) -> (Self, f32) {
        let length = self.length();
        if length < f32::EPSILON {
            return (self, 0.0);
        }
        let inverse = 1.0 / length;
        (Self::new(self.x * inverse, self.y * inverse), length)
    }

    #[inline(always)]
    pub fn min(self, b: Self) -> Self {
        Self::new(min(self.x, b.x), min(self.y, b.y))
    }

    #[inline(always)]
    pub fn max(self, b: Self) -> Self {
        Self::new(max(self.x, b.x), max(self.y, b.y))
    }
}

impl Add for Vec2 {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        Self::new(self.x + b.x, self.y + b.y)
    }
}

impl Sub for Vec2 {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        Self::new(self.x - b.x, self.y - b.y)
    }
}

impl Neg for Vec2 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::new(-self.x, -self.y)
    }
}

impl Mul<Vec2> for f32 {
    type Output = Vec2;
    #[inline(always)]
    fn mul(self, a: Vec2) -> Vec2 {
        Vec2::new(self * a.x, self * a.y)
    }
}

impl AddAssign for Vec2 {
    #[inline(always)]
    fn add_assign(&mut self, b: Self) {
        *self = *self + b;
    }
}

impl SubAssign for Vec2 {
    #[inline(always)]
    fn sub_assign(&mut self, b: Self) {
        *self = *self - b;
    }
}

impl MulAssign<f32> for Vec2 {
    #[inline(always)]
    fn mul_assign(&mut self, s: f32) {
        *self = Self::new(self.x * s, self.y * s);
    }
}

/// `a < b ? a : b`: unlike [`f32::min`] it says which of two zeros, or of a number and a NaN, it returns.
#[inline(always)]
pub fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// `a > b ? a : b`, see [`min`].
#[inline(always)]
pub fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// `max(low, min(a, high))` of [`min`] and [`max`].
#[inline(always)]
pub fn clamp(a: f32, low: f32, high: f32) -> f32 {
    max(low, min(a, high))
}

/// `a > 0 ? a : -a`, which is not [`f32::abs`] for a negative zero.
#[inline(always)]
pub fn abs(a: f32) -> f32 {
    if a > 0.0 { a } else { -a }
}

/// A rotation as sine and cosine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rot {
    pub s: f32,
    pub c: f32,
}

impl Rot {
    /// The rotation by `angle` radians, from the sine and cosine of the system's libm.
    #[inline(always)]
    pub fn new(angle: f32) -> Self {
        let (s, c) = angle.sin_cos();
        Self { s, c }
    }

    #[inline(always)]
    pub fn apply(self, v: Vec2) -> Vec2 {
        Vec2::new(self.c * v.x - self.s * v.y, self.s * v.x + self.c * v.y)
    }

    #[inline(always)]
    pub fn apply_inverse(self, v: Vec2) -> Vec2 {
        Vec2::new(self.c * v.x + self.s * v.y, -self.s * v.x + self.c * v.y)
    }
}

/// A place and a rotation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    pub p: Vec2,
    pub q: Rot,
}

impl Transform {
    #[inline(always)]
    pub fn apply(self, v: Vec2) -> Vec2 {
        Vec2::new((self.q.c * v.x - self.q.s * v.y) + self.p.x, (self.q.s * v.x + self.q.c * v.y) + self.p.y)
    }

    #[inline(always)]
    pub fn apply_inverse(self, v: Vec2) -> Vec2 {
        let px = v.x - self.p.x;
        let py = v.y - self.p.y;
        Vec2::new(self.q.c * px + self.q.s * py, -self.q.s * px + self.q.c * py)
    }
}

/// The motion of a body's centre of mass and angle within one step: from `c0`, `a0` at the fraction
/// `alpha0` of the step to `c`, `a` at its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sweep {
    pub local_center: Vec2,
    pub c0: Vec2,
    pub c: Vec2,
    pub a0: f32,
    pub a: f32,
    pub alpha0: f32,
}

impl Sweep {
    /// The body's transform at the fraction `beta` of the sweep.
    pub fn transform(&self, beta: f32) -> Transform {
        let p = (1.0 - beta) * self.c0 + beta * self.c;
        let q = Rot::new((1.0 - beta) * self.a0 + beta * self.a);
        Transform { p: p - q.apply(self.local_center), q }
    }

    /// Moves the start of the sweep to the fraction `alpha` of the step.
    pub fn advance(&mut self, alpha: f32) {
        let beta = (alpha - self.alpha0) / (1.0 - self.alpha0);
        self.c0 = (1.0 - beta) * self.c0 + beta * self.c;
        self.a0 = (1.0 - beta) * self.a0 + beta * self.a;
        self.alpha0 = alpha;
    }

    /// Takes whole turns out of both angles.
    pub fn normalize(&mut self) {
        let two_pi = 2.0 * super::PI;
        let d = two_pi * (self.a0 / two_pi).floor();
        self.a0 -= d;
        self.a -= d;
    }
}
