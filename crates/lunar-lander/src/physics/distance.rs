//! The distance between two convex shapes by the algorithm of Gilbert, Johnson and Keerthi.

use super::math::{Transform, Vec2};

/// The vertices of the simplex that a query ended with, to start the next one from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cache {
    metric: f32,
    count: usize,
    pub a: [usize; 3],
    pub b: [usize; 3],
}

impl Cache {
    pub fn count(&self) -> usize {
        self.count
    }
}

/// The index of the vertex farthest in direction `d`, the first of equals.
#[inline]
pub fn support(vertices: &[Vec2], d: Vec2) -> usize {
    let mut best = 0;
    let mut best_value = vertices[0].dot(d);
    for (i, v) in vertices.iter().enumerate().skip(1) {
        let value = v.dot(d);
        if value > best_value {
            best = i;
            best_value = value;
        }
    }
    best
}

#[derive(Clone, Copy, Default)]
struct Vertex {
    /// Support points of both shapes in world coordinates, and their difference.
    wa: Vec2,
    wb: Vec2,
    w: Vec2,
    /// Barycentric coordinate of the closest point.
    weight: f32,
    a: usize,
    b: usize,
}

struct Simplex {
    v: [Vertex; 3],
    count: usize,
}

impl Simplex {
    fn metric(&self) -> f32 {
        let [v1, v2, v3] = &self.v;
        match self.count {
            2 => (v1.w - v2.w).length(),
            3 => (v2.w - v1.w).cross(v3.w - v1.w),
            _ => 0.0,
        }
    }

    fn search_direction(&self) -> Vec2 {
        let [v1, v2, _] = &self.v;
        if self.count == 1 {
            return -v1.w;
        }
        let e12 = v2.w - v1.w;
        if e12.cross(-v1.w) > 0.0 { Vec2::scalar_cross(1.0, e12) } else { e12.cross_scalar(1.0) }
    }

    fn witness_points(&self) -> (Vec2, Vec2) {
        let [v1, v2, v3] = &self.v;
        match self.count {
            1 => (v1.wa, v1.wb),
            2 => (v1.weight * v1.wa + v2.weight * v2.wa, v1.weight * v1.wb + v2.weight * v2.wb),
            _ => {
                let p = v1.weight * v1.wa + v2.weight * v2.wa + v3.weight * v3.wa;
                (p, p)
            }
        }
    }

    /// Keeps the vertices whose feature is closest to the origin, with their weights.
    fn solve2(&mut self) {
        let (w1, w2) = (self.v[0].w, self.v[1].w);
        let e12 = w2 - w1;
        let d2 = -w1.dot(e12);
        if d2 <= 0.0 {
            return self.keep1(0);
        }
        let d1 = w2.dot(e12);
        if d1 <= 0.0 {
            return self.keep1(1);
        }
        self.keep2([0, 1], d1, d2);
    }

    fn solve3(&mut self) {
        let (w1, w2, w3) = (self.v[0].w, self.v[1].w, self.v[2].w);
        let e12 = w2 - w1;
        let (d12_1, d12_2) = (w2.dot(e12), -w1.dot(e12));
        let e13 = w3 - w1;
        let (d13_1, d13_2) = (w3.dot(e13), -w1.dot(e13));
        let e23 = w3 - w2;
        let (d23_1, d23_2) = (w3.dot(e23), -w2.dot(e23));
        let n123 = e12.cross(e13);
        let d123_1 = n123 * w2.cross(w3);
        let d123_2 = n123 * w3.cross(w1);
        let d123_3 = n123 * w1.cross(w2);

        if d12_2 <= 0.0 && d13_2 <= 0.0 {
            return self.keep1(0);
        }
        if d12_1 > 0.0 && d12_2 > 0.0 && d123_3 <= 0.0 {
            return self.keep2([0, 1], d12_1, d12_2);
        }
        if d13_1 > 0.0 && d13_2 > 0.0 && d123_2 <= 0.0 {
            return self.keep2([0, 2], d13_1, d13_2);
        }
        if d12_1 <= 0.0 && d23_2 <= 0.0 {
            return self.keep1(1);
        }
        if d13_1 <= 0.0 && d23_1 <= 0.0 {
            return self.keep1(2);
        }
        if d23_1 > 0.0 && d23_2 > 0.0 && d123_1 <= 0.0 {
            // The third vertex moves to the front here, and its weight with it.
            return self.keep2([2, 1], d23_2, d23_1);
        }
        let inverse = 1.0 / (d123_1 + d123_2 + d123_3);
        self.v[0].weight = d123_1 * inverse;
        self.v[1].weight = d123_2 * inverse;
        self.v[2].weight = d123_3 * inverse;
        self.count = 3;
    }

    fn keep1(&mut self, i: usize) {
        self.v[0] = self.v[i];
        self.v[0].weight = 1.0;
        self.count = 1;
    }

    fn keep2(&mut self, [i, j]: [usize; 2], d1: f32, d2: f32) {
        let inverse = 1.0 / (d1 + d2);
        let (mut first, mut second) = (self.v[i], self.v[j]);
        first.weight = d1 * inverse;
        second.weight = d2 * inverse;
        self.v[0] = first;
        self.v[1] = second;
        self.count = 2;
    }
}

/// The distance between the convex hulls of `a`, in the world's frame, and of `b` at `xf`.
///
/// Radii are left to the caller. `cache` is read and written.
pub fn distance(a: &[Vec2], b: &[Vec2], xf: Transform, cache: &mut Cache) -> f32 {
    let vertex = |ia: usize, ib: usize| {
        let (wa, wb) = (a[ia], xf.apply(b[ib]));
        Vertex { wa, wb, w: wb - wa, weight: 0.0, a: ia, b: ib }
    };
    let mut simplex = Simplex { v: [Vertex::default(); 3], count: cache.count };
    for i in 0..simplex.count {
        simplex.v[i] = vertex(cache.a[i], cache.b[i]);
    }
    if simplex.count > 1 {
        let (before, now) = (cache.metric, simplex.metric());
        if now < 0.5 * before || 2.0 * before < now || now < f32::EPSILON {
            simplex.count = 0;
        }
    }
    if simplex.count == 0 {
        simplex.v[0] = Vertex { weight: 1.0, ..vertex(0, 0) };
        simplex.count = 1;
    }

    for _ in 0..20 {
        let saved = simplex.count;
        let used = simplex.v.map(|v| (v.a, v.b));
        match simplex.count {
            2 => simplex.solve2(),
            3 => simplex.solve3(),
            _ => {}
        }
        if simplex.count == 3 {
            break;
        }
        let d = simplex.search_direction();
        if d.length_squared() < f32::EPSILON * f32::EPSILON {
            break;
        }
        let next = vertex(support(a, -d), support(b, xf.q.apply_inverse(d)));
        simplex.v[simplex.count] = next;
        if used[..saved].contains(&(next.a, next.b)) {
            break;
        }
        simplex.count += 1;
    }

    let (pa, pb) = simplex.witness_points();
    cache.metric = simplex.metric();
    cache.count = simplex.count;
    cache.a = simplex.v.map(|v| v.a);
    cache.b = simplex.v.map(|v| v.b);
    (pa - pb).length()
}
