//! Iterations over the contacts of several environments at once, see [`ContactStep::solve`].
//!
//! [`ContactStep::solve`]: crate::physics::contact_solver::ContactStep::solve

use super::job::{CONTACT, SLOT};
use super::joints::{Vec2, Velocity, put, row};
use super::lanes::Lanes;

/// One contact of a leg in every lane that has one in this slot.
#[derive(Clone, Copy)]
pub struct Contacts<L: Lanes> {
    slot: usize,
    normal_impulse: [L; 2],
    tangent_impulse: [L; 2],
    r: [Vec2<L>; 2],
    normal_mass: [L; 2],
    tangent_mass: [L; 2],
    normal: Vec2<L>,
    friction: L,
    k: [L; 3],
    inverse: [L; 3],
    /// Lanes with at least one and with two points.
    one: L::Mask,
    two: L::Mask,
    all_two: bool,
}

impl<L: Lanes> Contacts<L> {
    /// Reads a slot; `None` when no lane has a contact in it.
    #[inline(always)]
    pub fn load(table: &[f32], slot: usize) -> Option<Self> {
        let at = CONTACT + slot * SLOT;
        // A plain function: a closure does not inherit its function's instructions.
        let count: L = row(table, at + SLOT - 1);
        let one = count.ge(L::splat(1.0));
        let two = count.ge(L::splat(2.0));
        if !L::any(one) {
            return None;
        }
        Some(Self {
            slot,
            normal_impulse: [row(table, at), row(table, at + 2)],
            tangent_impulse: [row(table, at + 1), row(table, at + 3)],
            r: [Vec2::load(table, at + 4), Vec2::load(table, at + 6)],
            normal_mass: [row(table, at + 8), row(table, at + 10)],
            tangent_mass: [row(table, at + 9), row(table, at + 11)],
            normal: Vec2::load(table, at + 12),
            friction: row(table, at + 14),
            k: [row(table, at + 15), row(table, at + 16), row(table, at + 17)],
            inverse: [row(table, at + 18), row(table, at + 19), row(table, at + 20)],
            one,
            two,
            all_two: L::all(two),
        })
    }

    /// Writes the impulses back.
    #[inline(always)]
    pub fn store(&self, table: &mut [f32]) {
        let at = CONTACT + self.slot * SLOT;
        put(table, at, self.normal_impulse[0]);
        put(table, at + 1, self.tangent_impulse[0]);
        put(table, at + 2, self.normal_impulse[1]);
        put(table, at + 3, self.tangent_impulse[1]);
    }

    /// One iteration: friction at each point, then the normal impulses.
    #[inline(always)]
    pub fn solve(&mut self, m: L, i: L, body: &mut Velocity<L>) {
        self.rub(0, self.one, m, i, body);
        if self.all_two || L::any(self.two) {
            self.rub(1, self.two, m, i, body);
        }
        let before = *body;
        if !self.all_two {
            self.press(m, i, body);
        }
        if L::any(self.two) {
            self.press_both(m, i, before, body);
        }
    }

    #[inline(always)]
    fn rub(&mut self, p: usize, mask: L::Mask, m: L, i: L, body: &mut Velocity<L>) {
        let tangent = Vec2 { x: self.normal.y, y: -self.normal.x };
        let r = self.r[p];
        let lambda = self.tangent_mass[p] * -body.at(r).dot(tangent);
        let limit = self.friction * self.normal_impulse[p];
        let old = self.tangent_impulse[p];
        let new = (old + lambda).clamp(-limit, limit);
        let impulse = tangent.scale(new - old);
        self.tangent_impulse[p] = L::select(mask, new, old);
        let moved = Velocity { v: body.v.add(impulse.scale(m)), w: body.w + i * r.cross(impulse) };
        body.v = Vec2::select(mask, moved.v, body.v);
        body.w = L::select(mask, moved.w, body.w);
    }

    /// The normal impulse of lanes with a single point.
    #[inline(always)]
    fn press(&mut self, m: L, i: L, body: &mut Velocity<L>) {
        let mask = L::and(self.one, L::not(self.two));
        let r = self.r[0];
        let lambda = -self.normal_mass[0] * body.at(r).dot(self.normal);
        let old = self.normal_impulse[0];
        let new = (old + lambda).max(L::splat(0.0));
        let impulse = self.normal.scale(new - old);
        self.normal_impulse[0] = L::select(mask, new, old);
        let moved = Velocity { v: body.v.add(impulse.scale(m)), w: body.w + i * r.cross(impulse) };
        body.v = Vec2::select(mask, moved.v, body.v);
        body.w = L::select(mask, moved.w, body.w);
    }

    /// The normal impulses of lanes with two points, whose velocity is `before`.
    #[inline(always)]
    fn press_both(&mut self, m: L, i: L, before: Velocity<L>, body: &mut Velocity<L>) {
        let zero = L::splat(0.0);
        let [r1, r2] = self.r;
        let a = Vec2 { x: self.normal_impulse[0], y: self.normal_impulse[1] };
        let [k11, k12, k22] = self.k;
        let [i11, i12, i22] = self.inverse;
        let b = Vec2 {
            x: before.at(r1).dot(self.normal) - (k11 * a.x + k12 * a.y),
            y: before.at(r2).dot(self.normal) - (k12 * a.x + k22 * a.y),
        };

        // The four cases, the last first, so that an earlier one overrides a later.
        let both = Vec2 { x: -(i11 * b.x + i12 * b.y), y: -(i12 * b.x + i22 * b.y) };
        let first = -self.normal_mass[0] * b.x;
        let second = -self.normal_mass[1] * b.y;
        let is_none = L::and(b.x.ge(zero), b.y.ge(zero));
        let is_second = L::and(second.ge(zero), (k12 * second + b.x).ge(zero));
        let is_first = L::and(first.ge(zero), (k12 * first + b.y).ge(zero));
        let is_both = L::and(both.x.ge(zero), both.y.ge(zero));
        let mut x = Vec2 { x: zero, y: zero };
        x = Vec2::select(is_second, Vec2 { x: zero, y: second }, x);
        x = Vec2::select(is_first, Vec2 { x: first, y: zero }, x);
        x = Vec2::select(is_both, both, x);
        let solved = L::or(L::or(is_none, is_second), L::or(is_first, is_both));
        let mask = L::and(self.two, solved);

        let d = x.sub(a);
        let (q1, q2) = (self.normal.scale(d.x), self.normal.scale(d.y));
        let moved = Velocity {
            v: before.v.add(q1.add(q2).scale(m)),
            w: before.w + i * (r1.cross(q1) + r2.cross(q2)),
        };
        body.v = Vec2::select(mask, moved.v, body.v);
        body.w = L::select(mask, moved.w, body.w);
        self.normal_impulse[0] = L::select(mask, x.x, self.normal_impulse[0]);
        self.normal_impulse[1] = L::select(mask, x.y, self.normal_impulse[1]);
    }
}
