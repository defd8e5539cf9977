//! Impulses and corrections at the points where bodies touch the ground: sequential impulses for friction,
//! and a direct solution for two points at once.
//!
//! Body A of every contact is the ground, whose inverse mass and velocities are zero: its terms are left
//! out, which changes no bit but the sign of a zero.

use super::collide::{Manifold, Reference};
use super::contact::Contact;
use super::joint::{Position, Velocity};
use super::math::{Rot, Transform, Vec2, clamp, max, min};
use super::scene::{BodyDef, Scene};
use super::{LINEAR_SLOP, MAX_LINEAR_CORRECTION, POLYGON_RADIUS};

#[derive(Clone, Copy, Debug, Default)]
struct Point {
    r: Vec2,
    normal_impulse: f32,
    tangent_impulse: f32,
    normal_mass: f32,
    tangent_mass: f32,
}

/// One contact in the velocity solver.
#[derive(Clone, Debug)]
pub struct ContactStep {
    pub body: usize,
    inv_mass: f32,
    inv_inertia: f32,
    friction: f32,
    normal: Vec2,
    points: [Point; 2],
    count: usize,
    /// The block solver's matrix `[k11, k12, k22]`, and its inverse.
    k: [f32; 3],
    inverse: [f32; 3],
}

impl ContactStep {
    /// Prepares a touching contact; `warm` scales the impulses of the last step, which start from zero
    /// without it.
    pub fn new(scene: &Scene, contact: &Contact, warm: Option<f32>, position: Position) -> Self {
        let def = scene.body(contact.body as usize);
        let (m, i) = (def.inv_mass, def.inv_inertia);
        let q = Rot::new(position.a);
        let xf = Transform { p: position.c - q.apply(def.local_center), q };
        let (normal, world) = world_points(&contact.manifold, xf);
        let tangent = normal.cross_scalar(1.0);

        let mut points = [Point::default(); 2];
        let manifold = contact.manifold.points();
        for ((point, old), world) in points.iter_mut().zip(manifold).zip(world) {
            let r = world - position.c;
            let rn = r.cross(normal);
            let k_normal = m + i * rn * rn;
            let rt = r.cross(tangent);
            let k_tangent = m + i * rt * rt;
            *point = Point {
                r,
                normal_impulse: warm.map_or(0.0, |warm| warm * old.normal_impulse),
                tangent_impulse: warm.map_or(0.0, |warm| warm * old.tangent_impulse),
                normal_mass: if k_normal > 0.0 { 1.0 / k_normal } else { 0.0 },
                tangent_mass: if k_tangent > 0.0 { 1.0 / k_tangent } else { 0.0 },
            };
        }

        let mut step = Self {
            body: contact.body as usize,
            inv_mass: m,
            inv_inertia: i,
            friction: contact.friction,
            normal,
            points,
            count: manifold.len(),
            k: [0.0; 3],
            inverse: [0.0; 3],
        };
        if step.count == 2 {
            let rn1 = points[0].r.cross(normal);
            let rn2 = points[1].r.cross(normal);
            let k11 = m + i * rn1 * rn1;
            let k22 = m + i * rn2 * rn2;
            let k12 = m + i * rn1 * rn2;
            // Two points that say nearly the same are one: the block would be ill-conditioned.
            if k11 * k11 < 1000.0 * (k11 * k22 - k12 * k12) {
                step.k = [k11, k12, k22];
                let mut det = k11 * k22 - k12 * k12;
                if det != 0.0 {
                    det = 1.0 / det;
                }
                step.inverse = [det * k22, -det * k12, det * k11];
            } else {
                step.count = 1;
            }
        }
        step
    }

    /// Applies the impulses of the last step.
    pub fn warm_start(&self, body: &mut Velocity) {
        let tangent = self.normal.cross_scalar(1.0);
        for point in &self.points[..self.count] {
            let p = point.normal_impulse * self.normal + point.tangent_impulse * tangent;
            body.w += self.inv_inertia * point.r.cross(p);
            body.v += self.inv_mass * p;
        }
    }

    /// One iteration: friction at each point, then the normal impulses.
    #[inline]
    pub fn solve(&mut self, body: &mut Velocity) {
        let (m, i) = (self.inv_mass, self.inv_inertia);
        let normal = self.normal;
        let tangent = normal.cross_scalar(1.0);
        for point in &mut self.points[..self.count] {
            let dv = body.v + Vec2::scalar_cross(body.w, point.r);
            let lambda = point.tangent_mass * (-dv.dot(tangent));
            let limit = self.friction * point.normal_impulse;
            let new = clamp(point.tangent_impulse + lambda, -limit, limit);
            let p = (new - point.tangent_impulse) * tangent;
            point.tangent_impulse = new;
            body.v += m * p;
            body.w += i * point.r.cross(p);
        }
        if self.count == 1 {
            let point = &mut self.points[0];
            let dv = body.v + Vec2::scalar_cross(body.w, point.r);
            let lambda = -point.normal_mass * dv.dot(normal);
            let new = max(point.normal_impulse + lambda, 0.0);
            let p = (new - point.normal_impulse) * normal;
            point.normal_impulse = new;
            body.v += m * p;
            body.w += i * point.r.cross(p);
        } else {
            self.solve_block(body);
        }
    }

    fn solve_block(&mut self, body: &mut Velocity) {
        let [p1, p2] = &mut self.points;
        let a = Vec2::new(p1.normal_impulse, p2.normal_impulse);
        let dv1 = body.v + Vec2::scalar_cross(body.w, p1.r);
        let dv2 = body.v + Vec2::scalar_cross(body.w, p2.r);
        let [k11, k12, k22] = self.k;
        let [i11, i12, i22] = self.inverse;
        let mut b = Vec2::new(dv1.dot(self.normal), dv2.dot(self.normal));
        b -= Vec2::new(k11 * a.x + k12 * a.y, k12 * a.x + k22 * a.y);

        // The linear complementarity problem has four cases: both points press, one of them, or none.
        let both = -Vec2::new(i11 * b.x + i12 * b.y, i12 * b.x + i22 * b.y);
        let first = -p1.normal_mass * b.x;
        let second = -p2.normal_mass * b.y;
        let x = if both.x >= 0.0 && both.y >= 0.0 {
            both
        } else if first >= 0.0 && k12 * first + b.y >= 0.0 {
            Vec2::new(first, 0.0)
        } else if second >= 0.0 && k12 * second + b.x >= 0.0 {
            Vec2::new(0.0, second)
        } else if b.x >= 0.0 && b.y >= 0.0 {
            Vec2::ZERO
        } else {
            return;
        };
        let d = x - a;
        let q1 = d.x * self.normal;
        let q2 = d.y * self.normal;
        body.v += self.inv_mass * (q1 + q2);
        body.w += self.inv_inertia * (p1.r.cross(q1) + p2.r.cross(q2));
        p1.normal_impulse = x.x;
        p2.normal_impulse = x.y;
    }

    /// Writes the impulses back for the next step.
    pub fn store(&self, manifold: &mut Manifold) {
        for (out, point) in manifold.points_mut().iter_mut().zip(&self.points[..self.count]) {
            out.normal_impulse = point.normal_impulse;
            out.tangent_impulse = point.tangent_impulse;
        }
    }

    /// How many [`numbers`](Self::numbers) there are.
    pub const NUMBERS: usize = 23;

    /// Everything about the contact, for solvers that keep many side by side: normal and tangent impulse of
    /// both points, their arms, normal and tangent masses, the normal, the friction, the block's matrix and
    /// its inverse, the mass, and the number of points.
    pub fn numbers(&self) -> [f32; Self::NUMBERS] {
        let [a, b] = &self.points;
        let [k11, k12, k22] = self.k;
        let [i11, i12, i22] = self.inverse;
        [
            a.normal_impulse,
            a.tangent_impulse,
            b.normal_impulse,
            b.tangent_impulse,
            a.r.x,
            a.r.y,
            b.r.x,
            b.r.y,
            a.normal_mass,
            a.tangent_mass,
            b.normal_mass,
            b.tangent_mass,
            self.normal.x,
            self.normal.y,
            self.friction,
            k11,
            k12,
            k22,
            i11,
            i12,
            i22,
            self.inv_mass,
            self.count as f32,
        ]
    }

    /// How many points the solver treats: 1 or 2.
    pub fn points(&self) -> usize {
        self.count
    }

    /// Takes the impulses of a solution found elsewhere, in the order of [`numbers`](Self::numbers).
    pub fn set_impulses(&mut self, [n1, t1, n2, t2]: [f32; 4]) {
        let [a, b] = &mut self.points;
        (a.normal_impulse, a.tangent_impulse) = (n1, t1);
        (b.normal_impulse, b.tangent_impulse) = (n2, t2);
    }
}

/// The normal out of the ground and the points midway between the two surfaces.
fn world_points(manifold: &Manifold, xf: Transform) -> (Vec2, [Vec2; 2]) {
    let mut world = [Vec2::ZERO; 2];
    let r = POLYGON_RADIUS;
    match manifold.reference {
        Reference::Edge => {
            let normal = manifold.local_normal;
            for (out, point) in world.iter_mut().zip(manifold.points()) {
                let clip = xf.apply(point.local);
                let a = clip + (r - (clip - manifold.local_point).dot(normal)) * normal;
                let b = clip - r * normal;
                *out = 0.5 * (a + b);
            }
            (normal, world)
        }
        Reference::Polygon => {
            let normal = xf.q.apply(manifold.local_normal);
            let plane = xf.apply(manifold.local_point);
            for (out, point) in world.iter_mut().zip(manifold.points()) {
                let clip = point.local;
                let b = clip + (r - (clip - plane).dot(normal)) * normal;
                let a = clip - r * normal;
                *out = 0.5 * (a + b);
            }
            (-normal, world)
        }
    }
}

/// One iteration that takes `factor` of a body's overlap with the ground away; returns the deepest
/// separation seen.
pub fn solve_position(
    def: &BodyDef,
    manifold: &Manifold,
    body: &mut Position,
    factor: f32,
    mut rot: impl FnMut(f32) -> Rot,
) -> f32 {
    let (m, i) = (def.inv_mass, def.inv_inertia);
    let mut least = 0.0;
    for point in manifold.points() {
        let q = rot(body.a);
        let xf = Transform { p: body.c - q.apply(def.local_center), q };
        let (normal, world, separation) = match manifold.reference {
            Reference::Edge => {
                let clip = xf.apply(point.local);
                let normal = manifold.local_normal;
                (normal, clip, (clip - manifold.local_point).dot(normal))
            }
            Reference::Polygon => {
                let normal = xf.q.apply(manifold.local_normal);
                let plane = xf.apply(manifold.local_point);
                (-normal, point.local, (point.local - plane).dot(normal))
            }
        };
        let separation = separation - POLYGON_RADIUS - POLYGON_RADIUS;
        let r = world - body.c;
        least = min(least, separation);
        let c = clamp(factor * (separation + LINEAR_SLOP), -MAX_LINEAR_CORRECTION, 0.0);
        let rn = r.cross(normal);
        let k = m + i * rn * rn;
        let impulse = if k > 0.0 { -c / k } else { 0.0 };
        let p = impulse * normal;
        body.c += m * p;
        body.a += i * r.cross(p);
    }
    least
}
