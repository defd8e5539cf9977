//! Iterations over the joints of several environments at once, see [`JointStep::solve`].
//!
//! [`JointStep::solve`]: crate::physics::joint::JointStep::solve

use super::job::{CONSTANT, CONSTANTS, JOINT, VELOCITY};
use super::lanes::Lanes;
use crate::physics::scene::Scene;

/// A plane vector in every lane.
#[derive(Clone, Copy)]
pub struct Vec2<L> {
    pub x: L,
    pub y: L,
}

/// Row `i` of a table.
// Plain functions and no closures handed to others: a closure does not inherit its function's instructions.
#[inline(always)]
pub fn row<L: Lanes>(table: &[f32], i: usize) -> L {
    L::load(&table[i * L::N..])
}

/// Writes row `i` of a table.
#[inline(always)]
pub fn put<L: Lanes>(table: &mut [f32], i: usize, value: L) {
    value.store(&mut table[i * L::N..]);
}

impl<L: Lanes> Vec2<L> {
    #[inline(always)]
    pub fn load(table: &[f32], i: usize) -> Self {
        Self { x: row(table, i), y: row(table, i + 1) }
    }

    #[inline(always)]
    pub fn cross(self, b: Self) -> L {
        self.x * b.y - self.y * b.x
    }

    #[inline(always)]
    pub fn dot(self, b: Self) -> L {
        self.x * b.x + self.y * b.y
    }

    #[inline(always)]
    pub fn scale(self, s: L) -> Self {
        Self { x: s * self.x, y: s * self.y }
    }

    #[inline(always)]
    pub fn add(self, b: Self) -> Self {
        Self { x: self.x + b.x, y: self.y + b.y }
    }

    #[inline(always)]
    pub fn sub(self, b: Self) -> Self {
        Self { x: self.x - b.x, y: self.y - b.y }
    }

    #[inline(always)]
    pub fn select(mask: L::Mask, a: Self, b: Self) -> Self {
        Self { x: L::select(mask, a.x, b.x), y: L::select(mask, a.y, b.y) }
    }
}

/// Linear and angular velocity of a body.
#[derive(Clone, Copy)]
pub struct Velocity<L> {
    pub v: Vec2<L>,
    pub w: L,
}

impl<L: Lanes> Velocity<L> {
    #[inline(always)]
    fn load(table: &[f32], i: usize) -> Self {
        Self { v: Vec2::load(table, i), w: row(table, i + 2) }
    }

    /// The velocity of the point at `r`, with the terms in the order of the original.
    #[inline(always)]
    pub fn at(self, r: Vec2<L>) -> Vec2<L> {
        Vec2 { x: self.v.x + -self.w * r.y, y: self.v.y + self.w * r.x }
    }

    #[inline(always)]
    fn same(self, b: Self) -> L::Mask {
        L::and(L::and(self.v.x.same(b.v.x), self.v.y.same(b.v.y)), self.w.same(b.w))
    }
}

/// A joint's constants of the step.
#[derive(Clone, Copy)]
struct Constants<L: Lanes> {
    ra: Vec2<L>,
    rb: Vec2<L>,
    k: [L; 5],
    e: [L; 3],
    d3: L,
    d2: L,
    active: L::Mask,
    lower: L::Mask,
}

impl<L: Lanes> Constants<L> {
    #[inline(always)]
    fn load(table: &[f32], i: usize) -> Self {
        let limit: L = row(table, i + 14);
        Self {
            ra: Vec2::load(table, i),
            rb: Vec2::load(table, i + 2),
            k: [
                row(table, i + 4),
                row(table, i + 5),
                row(table, i + 6),
                row(table, i + 7),
                row(table, i + 8),
            ],
            e: [row(table, i + 9), row(table, i + 10), row(table, i + 11)],
            d3: row(table, i + 12),
            d2: row(table, i + 13),
            active: limit.ge(L::splat(1.0)),
            lower: L::splat(1.0).ge(limit),
        }
    }
}

/// What both joints share.
#[derive(Clone, Copy)]
pub struct Shared<L> {
    pub ma: L,
    pub mb: L,
    pub ia: L,
    pub ib: L,
    k33: L,
    motor_mass: L,
    /// Speed of the left and of the right leg's motor.
    speed: [L; 2],
    limit: L,
}

impl<L: Lanes> Shared<L> {
    #[inline(always)]
    pub fn new(scene: &Scene) -> Self {
        Self {
            ma: L::splat(scene.lander.inv_mass),
            mb: L::splat(scene.leg.inv_mass),
            ia: L::splat(scene.lander.inv_inertia),
            ib: L::splat(scene.leg.inv_inertia),
            k33: L::splat(scene.lander.inv_inertia + scene.leg.inv_inertia),
            motor_mass: L::splat(-scene.motor_mass),
            speed: [L::splat(scene.joints[0].motor_speed), L::splat(scene.joints[1].motor_speed)],
            limit: L::splat(scene.joints[0].max_motor_impulse),
        }
    }
}

/// Impulses of a joint.
#[derive(Clone, Copy)]
struct Impulses<L> {
    point: Vec2<L>,
    limit: L,
    motor: L,
}

impl<L: Lanes> Impulses<L> {
    #[inline(always)]
    fn load(table: &[f32], i: usize) -> Self {
        Self { point: Vec2::load(table, i), limit: row(table, i + 2), motor: row(table, i + 3) }
    }
}

/// What an iteration added to a joint's impulses, and where its limit pulled.
#[derive(Clone, Copy)]
pub struct Added<L: Lanes> {
    pub point: Vec2<L>,
    pub limit: L,
    pub pulls: L::Mask,
}

/// The joints of several environments.
#[derive(Clone, Copy)]
pub struct Joints<L: Lanes> {
    /// Of the lander, the left leg and the right leg.
    pub velocities: [Velocity<L>; 3],
    impulses: [Impulses<L>; 2],
    constants: [Constants<L>; 2],
    /// Whether any limit, and whether every limit, is active, per joint.
    any: [bool; 2],
    all: [bool; 2],
}

impl<L: Lanes> Joints<L> {
    #[inline(always)]
    pub fn load(table: &[f32]) -> Self {
        let velocities = [
            Velocity::load(table, VELOCITY),
            Velocity::load(table, VELOCITY + 3),
            Velocity::load(table, VELOCITY + 6),
        ];
        let impulses = [Impulses::load(table, JOINT), Impulses::load(table, JOINT + 4)];
        let constants = [Constants::load(table, CONSTANT), Constants::load(table, CONSTANT + CONSTANTS)];
        let [left, right] = &constants;
        let any = [L::any(left.active), L::any(right.active)];
        let all = [L::all(left.active), L::all(right.active)];
        Self { velocities, impulses, constants, any, all }
    }

    #[inline(always)]
    pub fn store(&self, table: &mut [f32]) {
        for (i, velocity) in self.velocities.iter().enumerate() {
            let at = VELOCITY + 3 * i;
            put(table, at, velocity.v.x);
            put(table, at + 1, velocity.v.y);
            put(table, at + 2, velocity.w);
        }
        for (i, impulses) in self.impulses.iter().enumerate() {
            let at = JOINT + 4 * i;
            put(table, at, impulses.point.x);
            put(table, at + 1, impulses.point.y);
            put(table, at + 2, impulses.limit);
            put(table, at + 3, impulses.motor);
        }
    }

    /// Where all that decides the next iteration has the bits of `before`.
    #[inline(always)]
    pub fn repeats(&self, before: &Self) -> L::Mask {
        let [a, b, c] = self.velocities;
        let [x, y, z] = before.velocities;
        let bodies = L::and(L::and(a.same(x), b.same(y)), c.same(z));
        let left = self.impulses[0].motor.same(before.impulses[0].motor);
        let right = self.impulses[1].motor.same(before.impulses[1].motor);
        L::and(bodies, L::and(left, right))
    }

    /// One iteration over the right, then over the left joint; returns what it added, in that order.
    #[inline(always)]
    pub fn iterate(&mut self, shared: &Shared<L>) -> [Added<L>; 2] {
        [self.joint(shared, 1), self.joint(shared, 0)]
    }

    #[inline(always)]
    fn joint(&mut self, shared: &Shared<L>, j: usize) -> Added<L> {
        let Shared { ma, mb, ia, ib, k33, motor_mass, limit: most, .. } = *shared;
        let c = &self.constants[j];
        let [k11, k12, k13, k22, k23] = c.k;
        let (mut a, mut b) = (self.velocities[0], self.velocities[j + 1]);
        let joint = &mut self.impulses[j];

        let impulse = motor_mass * (b.w - a.w - shared.speed[j]);
        let motor = (joint.motor + impulse).clamp(-most, most);
        let impulse = motor - joint.motor;
        joint.motor = motor;
        a.w = a.w - ia * impulse;
        b.w = b.w + ib * impulse;

        let at = b.at(c.rb);
        let cdot = Vec2 { x: at.x - a.v.x - -a.w * c.ra.y, y: at.y - a.v.y - a.w * c.ra.x };

        let zero = L::splat(0.0);
        let nowhere = zero.lt(zero);
        let (mut p, mut z, mut new, mut pulls) = (Vec2 { x: zero, y: zero }, zero, zero, nowhere);
        if self.any[j] {
            let [e0, e1, e2] = c.e;
            let turn = b.w - a.w;
            // The determinants with the right-hand side in place of the first, second and third column.
            p.x = -(c.d3 * (cdot.x * e0 + cdot.y * e1 + turn * e2));
            let (c0, c1, c2) =
                (cdot.y * k33 - turn * k23, turn * k13 - cdot.x * k33, cdot.x * k23 - cdot.y * k13);
            p.y = -(c.d3 * (k11 * c0 + k12 * c1 + k13 * c2));
            let (c0, c1, c2) =
                (k22 * turn - k23 * cdot.y, k23 * cdot.x - k12 * turn, k12 * cdot.y - k22 * cdot.x);
            z = -(c.d3 * (k11 * c0 + k12 * c1 + k13 * c2));
            new = joint.limit + z;
            // Below zero at the lower limit, above zero at the upper one.
            let (low, high) = (new.lt(zero), zero.lt(new));
            let wrong = L::or(L::and(c.lower, low), L::and(L::not(c.lower), high));
            pulls = L::and(c.active, wrong);
        }
        if !self.all[j] || L::any(pulls) {
            let mut rhs = Vec2 { x: -cdot.x, y: -cdot.y };
            if self.any[j] {
                let back = Vec2 { x: rhs.x + joint.limit * k13, y: rhs.y + joint.limit * k23 };
                rhs = Vec2::select(pulls, back, rhs);
            }
            let reduced =
                Vec2 { x: c.d2 * (k22 * rhs.x - k12 * rhs.y), y: c.d2 * (k11 * rhs.y - k12 * rhs.x) };
            p = Vec2::select(L::and(c.active, L::not(pulls)), p, reduced);
            z = L::select(pulls, -joint.limit, z);
            new = L::select(pulls, zero, new);
        }
        let (mut ta, mut tb) = (c.ra.cross(p), c.rb.cross(p));
        if self.all[j] {
            (ta, tb) = (ta + z, tb + z);
            joint.limit = new;
        } else if self.any[j] {
            ta = L::select(c.active, ta + z, ta);
            tb = L::select(c.active, tb + z, tb);
            z = L::select(c.active, z, zero);
            joint.limit = L::select(c.active, new, joint.limit);
        }
        joint.point = joint.point.add(p);
        a.v = a.v.sub(p.scale(ma));
        a.w = a.w - ia * ta;
        b.v = b.v.add(p.scale(mb));
        b.w = b.w + ib * tb;
        self.velocities[0] = a;
        self.velocities[j + 1] = b;
        Added { point: p, limit: z, pulls }
    }
}
