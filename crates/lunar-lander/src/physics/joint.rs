//! The revolute joint that holds a leg: a motor that presses it against its limits.
//!
//! What does not change while the velocities are solved (lever arms, the effective mass and the
//! determinants of its inverse) is worked out once per step; the original works it out in each of 180
//! iterations, to the same bits.

use super::math::{Rot, Vec2, clamp};
use super::scene::Scene;
use super::{ANGULAR_SLOP, LINEAR_SLOP, MAX_ANGULAR_CORRECTION};

/// Where the joint stands in its range at the start of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limit {
    #[default]
    Inactive,
    AtLower,
    AtUpper,
}

/// What a joint keeps from step to step: impulses in N·s and N·m·s, which start the next solution.
#[derive(Clone, Copy, Debug, Default)]
pub struct Joint {
    pub impulse: Vec2,
    pub limit_impulse: f32,
    pub motor_impulse: f32,
    pub limit: Limit,
}

/// What does not depend on the state.
#[derive(Clone, Copy, Debug)]
pub struct JointDef {
    /// Anchors relative to the centres of mass, in each body's frame.
    pub arm_a: Vec2,
    pub arm_b: Vec2,
    pub reference_angle: f32,
    pub lower: f32,
    pub upper: f32,
    pub motor_speed: f32,
    pub max_motor_impulse: f32,
}

/// Linear and angular velocity.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Velocity {
    pub v: Vec2,
    pub w: f32,
}

/// Centre of mass and angle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    pub c: Vec2,
    pub a: f32,
}

/// What an iteration adds to a joint's impulses.
#[derive(Clone, Copy, Debug, Default)]
pub struct Increment {
    pub point: Vec2,
    pub limit: f32,
}

/// One step's constants of a joint's velocity constraint.
#[derive(Clone, Copy, Debug, Default)]
pub struct JointStep {
    pub ra: Vec2,
    pub rb: Vec2,
    /// The symmetric effective mass: `[k11, k12, k13, k22, k23, k33]`.
    pub k: [f32; 6],
    /// The cross product of its last two columns, and the inverses of its determinant and of the
    /// determinant of its upper left 2×2 block.
    pub ey_ez: [f32; 3],
    pub inverse_det3: f32,
    pub inverse_det2: f32,
}

#[inline(always)]
fn cross3(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[inline(always)]
fn dot3(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[inline(always)]
fn invert(det: f32) -> f32 {
    if det != 0.0 { 1.0 / det } else { det }
}

impl JointStep {
    /// Works out the step's constants, finds the limit's state, and applies the last step's impulses scaled
    /// by `dt_ratio`.
    ///
    /// `a` is the lander, `b` the leg, `[angle, rotation]` of each at the start of the step.
    pub fn begin(
        scene: &Scene,
        def: &JointDef,
        joint: &mut Joint,
        (angle_a, qa): (f32, Rot),
        (angle_b, qb): (f32, Rot),
        [a, b]: [&mut Velocity; 2],
        dt_ratio: f32,
    ) -> Self {
        let ra = qa.apply(def.arm_a);
        let rb = qb.apply(def.arm_b);
        let (ma, mb) = (scene.lander.inv_mass, scene.leg.inv_mass);
        let (ia, ib) = (scene.lander.inv_inertia, scene.leg.inv_inertia);
        let k11 = ma + mb + ra.y * ra.y * ia + rb.y * rb.y * ib;
        let k12 = -ra.y * ra.x * ia - rb.y * rb.x * ib;
        let k13 = -ra.y * ia - rb.y * ib;
        let k22 = ma + mb + ra.x * ra.x * ia + rb.x * rb.x * ib;
        let k23 = ra.x * ia + rb.x * ib;
        let k33 = ia + ib;
        let ey_ez = cross3([k12, k22, k23], [k13, k23, k33]);

        let angle = angle_b - angle_a - def.reference_angle;
        let limit = if angle <= def.lower {
            Limit::AtLower
        } else if angle >= def.upper {
            Limit::AtUpper
        } else {
            Limit::Inactive
        };
        if limit != joint.limit || limit == Limit::Inactive {
            joint.limit_impulse = 0.0;
        }
        joint.limit = limit;

        joint.impulse *= dt_ratio;
        joint.limit_impulse *= dt_ratio;
        joint.motor_impulse *= dt_ratio;
        let p = joint.impulse;
        a.v -= ma * p;
        a.w -= ia * (ra.cross(p) + joint.motor_impulse + joint.limit_impulse);
        b.v += mb * p;
        b.w += ib * (rb.cross(p) + joint.motor_impulse + joint.limit_impulse);

        Self {
            ra,
            rb,
            k: [k11, k12, k13, k22, k23, k33],
            ey_ez,
            inverse_det3: invert(dot3([k11, k12, k13], ey_ez)),
            inverse_det2: invert(k11 * k22 - k12 * k12),
        }
    }

    /// `K x = b` for the upper left 2×2 block.
    #[inline(always)]
    fn solve2(&self, b: Vec2) -> Vec2 {
        let [k11, k12, _, k22, ..] = self.k;
        Vec2::new(self.inverse_det2 * (k22 * b.x - k12 * b.y), self.inverse_det2 * (k11 * b.y - k12 * b.x))
    }

    /// One iteration over the joint: the motor, then the point and, if active, the limit.
    ///
    /// Returns what was added to the impulses, unless the limit would have pulled.
    #[inline(always)]
    pub fn solve(
        &self,
        scene: &Scene,
        def: &JointDef,
        joint: &mut Joint,
        a: &mut Velocity,
        b: &mut Velocity,
    ) -> Option<Increment> {
        let (ma, mb) = (scene.lander.inv_mass, scene.leg.inv_mass);
        let (ia, ib) = (scene.lander.inv_inertia, scene.leg.inv_inertia);

        let impulse = -scene.motor_mass * (b.w - a.w - def.motor_speed);
        let old = joint.motor_impulse;
        joint.motor_impulse = clamp(old + impulse, -def.max_motor_impulse, def.max_motor_impulse);
        let impulse = joint.motor_impulse - old;
        a.w -= ia * impulse;
        b.w += ib * impulse;

        let cdot = b.v + Vec2::scalar_cross(b.w, self.rb) - a.v - Vec2::scalar_cross(a.w, self.ra);
        if joint.limit == Limit::Inactive {
            let p = self.solve2(-cdot);
            joint.impulse += p;
            a.v -= ma * p;
            a.w -= ia * self.ra.cross(p);
            b.v += mb * p;
            b.w += ib * self.rb.cross(p);
            return Some(Increment { point: p, limit: 0.0 });
        }

        let [k11, k12, k13, k22, k23, k33] = self.k;
        let (ex, ey, ez) = ([k11, k12, k13], [k12, k22, k23], [k13, k23, k33]);
        let rhs = [cdot.x, cdot.y, b.w - a.w];
        let mut p = Vec2::new(
            -(self.inverse_det3 * dot3(rhs, self.ey_ez)),
            -(self.inverse_det3 * dot3(ex, cross3(rhs, ez))),
        );
        let mut z = -(self.inverse_det3 * dot3(ex, cross3(ey, rhs)));
        let new = joint.limit_impulse + z;
        let pulls = if joint.limit == Limit::AtLower { new < 0.0 } else { new > 0.0 };
        if pulls {
            // A limit only pushes: take its impulse back and solve for the point alone.
            p = self.solve2(-cdot + joint.limit_impulse * Vec2::new(k13, k23));
            z = -joint.limit_impulse;
            joint.limit_impulse = 0.0;
        } else {
            joint.limit_impulse = new;
        }
        joint.impulse += p;
        a.v -= ma * p;
        a.w -= ia * (self.ra.cross(p) + z);
        b.v += mb * p;
        b.w += ib * (self.rb.cross(p) + z);
        (!pulls).then_some(Increment { point: p, limit: z })
    }
}

/// One iteration that pushes the positions of a joint's bodies back; `true` when the error was small.
pub fn solve_position(
    scene: &Scene,
    def: &JointDef,
    limit: Limit,
    a: &mut Position,
    b: &mut Position,
    mut rot: impl FnMut(usize, f32) -> Rot,
    leg: usize,
) -> bool {
    let (ma, mb) = (scene.lander.inv_mass, scene.leg.inv_mass);
    let (ia, ib) = (scene.lander.inv_inertia, scene.leg.inv_inertia);
    let mut angular_error = 0.0;
    if limit != Limit::Inactive {
        let angle = b.a - a.a - def.reference_angle;
        let c = if limit == Limit::AtLower {
            let c = angle - def.lower;
            angular_error = -c;
            clamp(c + ANGULAR_SLOP, -MAX_ANGULAR_CORRECTION, 0.0)
        } else {
            let c = angle - def.upper;
            angular_error = c;
            clamp(c - ANGULAR_SLOP, 0.0, MAX_ANGULAR_CORRECTION)
        };
        let impulse = -scene.motor_mass * c;
        a.a -= ia * impulse;
        b.a += ib * impulse;
    }

    let ra = rot(0, a.a).apply(def.arm_a);
    let rb = rot(leg, b.a).apply(def.arm_b);
    let c = b.c + rb - a.c - ra;
    let position_error = c.length();
    let k11 = ma + mb + ia * ra.y * ra.y + ib * rb.y * rb.y;
    let k12 = -ia * ra.x * ra.y - ib * rb.x * rb.y;
    let k22 = ma + mb + ia * ra.x * ra.x + ib * rb.x * rb.x;
    let det = invert(k11 * k22 - k12 * k12);
    let impulse = -Vec2::new(det * (k22 * c.x - k12 * c.y), det * (k11 * c.y - k12 * c.x));
    a.c -= ma * impulse;
    a.a -= ia * ra.cross(impulse);
    b.c += mb * impulse;
    b.a += ib * rb.cross(impulse);
    position_error <= LINEAR_SLOP && angular_error <= ANGULAR_SLOP
}
