//! The time of impact of a moving polygon and a resting edge, by conservative advancement.

use super::distance::{Cache, distance, support};
use super::math::{Sweep, Vec2, abs, max};
use super::{LINEAR_SLOP, POLYGON_RADIUS};

/// Along which axis the separation is measured.
enum Axis {
    /// Between two vertices: a fixed direction in the world.
    Points(Vec2),
    /// A normal of the edge, and a point on it.
    Edge(Vec2, Vec2),
    /// A normal of the polygon, and a point on that side, both in its frame.
    Polygon(Vec2, Vec2),
}

struct Separation<'a> {
    a: &'a [Vec2; 2],
    b: &'a [Vec2],
    sweep: &'a Sweep,
    axis: Axis,
}

impl<'a> Separation<'a> {
    fn new(cache: &Cache, a: &'a [Vec2; 2], b: &'a [Vec2], sweep: &'a Sweep, t: f32) -> Self {
        let xf = sweep.transform(t);
        let axis = if cache.count() == 1 {
            Axis::Points((xf.apply(b[cache.b[0]]) - a[cache.a[0]]).normalized().0)
        } else if cache.a[0] == cache.a[1] {
            let (b1, b2) = (b[cache.b[0]], b[cache.b[1]]);
            let normal = (b2 - b1).cross_scalar(1.0).normalized().0;
            let point = 0.5 * (b1 + b2);
            let s = (a[cache.a[0]] - xf.apply(point)).dot(xf.q.apply(normal));
            Axis::Polygon(if s < 0.0 { -normal } else { normal }, point)
        } else {
            let (a1, a2) = (a[cache.a[0]], a[cache.a[1]]);
            let normal = (a2 - a1).cross_scalar(1.0).normalized().0;
            let point = 0.5 * (a1 + a2);
            let s = (xf.apply(b[cache.b[0]]) - point).dot(normal);
            Axis::Edge(if s < 0.0 { -normal } else { normal }, point)
        };
        Self { a, b, sweep, axis }
    }

    /// The least separation at `t`, and the vertices of the edge and of the polygon that have it.
    fn find_min(&self, t: f32) -> (f32, [usize; 2]) {
        let xf = self.sweep.transform(t);
        let vertices = match self.axis {
            Axis::Points(axis) => [support(self.a, axis), support(self.b, xf.q.apply_inverse(-axis))],
            Axis::Edge(normal, _) => [0, support(self.b, xf.q.apply_inverse(-normal))],
            Axis::Polygon(normal, _) => [support(self.a, -xf.q.apply(normal)), 0],
        };
        (self.at(xf, vertices), vertices)
    }

    fn evaluate(&self, vertices: [usize; 2], t: f32) -> f32 {
        self.at(self.sweep.transform(t), vertices)
    }

    fn at(&self, xf: super::math::Transform, [ia, ib]: [usize; 2]) -> f32 {
        match self.axis {
            Axis::Points(axis) => (xf.apply(self.b[ib]) - self.a[ia]).dot(axis),
            Axis::Edge(normal, point) => (xf.apply(self.b[ib]) - point).dot(normal),
            Axis::Polygon(normal, point) => (self.a[ia] - xf.apply(point)).dot(xf.q.apply(normal)),
        }
    }
}

/// The fraction of the sweep at which the polygon `b` first touches the edge `a`; `None` when it does not,
/// when it overlaps from the start, or when the search fails.
pub fn time_of_impact(a: &[Vec2; 2], b: &[Vec2], sweep: &Sweep) -> Option<f32> {
    let mut sweep = *sweep;
    sweep.normalize();
    let total_radius = POLYGON_RADIUS + POLYGON_RADIUS;
    let target = max(LINEAR_SLOP, total_radius - 3.0 * LINEAR_SLOP);
    let tolerance = 0.25 * LINEAR_SLOP;

    let mut t1 = 0.0;
    let mut cache = Cache::default();
    for _ in 0..20 {
        let d = distance(a, b, sweep.transform(t1), &mut cache);
        if d <= 0.0 {
            return None;
        }
        if d < target + tolerance {
            return Some(t1);
        }
        let separation = Separation::new(&cache, a, b, &sweep, t1);
        let mut t2 = 1.0;
        // As many push-backs as a polygon may have vertices.
        for _ in 0..16 {
            let (mut s2, vertices) = separation.find_min(t2);
            if s2 > target + tolerance {
                return None;
            }
            if s2 > target - tolerance {
                t1 = t2;
                break;
            }
            let mut s1 = separation.evaluate(vertices, t1);
            if s1 < target - tolerance {
                return None;
            }
            if s1 <= target + tolerance {
                return Some(t1);
            }
            // The root of the separation between t1 and t2: bisection and the secant rule in turn.
            let (mut a1, mut a2) = (t1, t2);
            for i in 0..50 {
                let t = if i % 2 == 1 { a1 + (target - s1) * (a2 - a1) / (s2 - s1) } else { 0.5 * (a1 + a2) };
                let s = separation.evaluate(vertices, t);
                if abs(s - target) < tolerance {
                    t2 = t;
                    break;
                }
                if s > target {
                    (a1, s1) = (t, s);
                } else {
                    (a2, s2) = (t, s);
                }
            }
        }
    }
    None
}
