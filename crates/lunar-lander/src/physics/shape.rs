//! Convex polygons and edges, their mass and their bounding boxes.

use super::POLYGON_RADIUS;
use super::math::{Transform, Vec2};

/// A straight piece of ground, without neighbours: a body can catch on the corner between two of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    pub vertices: [Vec2; 2],
}

impl Edge {
    pub fn aabb(&self) -> Aabb {
        let [a, b] = self.vertices;
        let r = Vec2::new(POLYGON_RADIUS, POLYGON_RADIUS);
        Aabb { lower: a.min(b) - r, upper: a.max(b) + r }
    }
}

/// A convex polygon of at most six vertices, counter-clockwise, with outward normals: `normals[i]` belongs
/// to the side from vertex `i` to the next.
#[derive(Clone, Debug)]
pub struct Polygon {
    vertices: [Vec2; 6],
    normals: [Vec2; 6],
    count: usize,
    pub centroid: Vec2,
}

/// Mass in kilograms, centre of mass and moment of inertia about the body's origin.
#[derive(Clone, Copy, Debug)]
pub struct MassData {
    pub mass: f32,
    pub center: Vec2,
    pub inertia: f32,
}

impl Polygon {
    /// The box of half-widths `hx`, `hy` about the origin.
    pub fn rectangle(hx: f32, hy: f32) -> Self {
        let mut polygon =
            Self { vertices: [Vec2::ZERO; 6], normals: [Vec2::ZERO; 6], count: 4, centroid: Vec2::ZERO };
        polygon.vertices[..4].copy_from_slice(&[
            Vec2::new(-hx, -hy),
            Vec2::new(hx, -hy),
            Vec2::new(hx, hy),
            Vec2::new(-hx, hy),
        ]);
        polygon.normals[..4].copy_from_slice(&[
            Vec2::new(0.0, -1.0),
            Vec2::new(1.0, 0.0),
            Vec2::new(0.0, 1.0),
            Vec2::new(-1.0, 0.0),
        ]);
        polygon
    }

    /// The convex hull of six points in convex position, by gift wrapping from the rightmost point (the
    /// lower of two): the order of the vertices decides the order of sums and of contact points.
    pub fn hull(points: [Vec2; 6]) -> Self {
        let mut first = 0;
        for i in 1..points.len() {
            let (p, best) = (points[i], points[first]);
            if p.x > best.x || (p.x == best.x && p.y < best.y) {
                first = i;
            }
        }
        let mut vertices = [Vec2::ZERO; 6];
        let mut count = 0;
        let mut current = first;
        loop {
            vertices[count] = points[current];
            count += 1;
            current = wrap(&points, current);
            if current == first || count == points.len() {
                break;
            }
        }
        let mut normals = [Vec2::ZERO; 6];
        for i in 0..count {
            let side = vertices[(i + 1) % count] - vertices[i];
            normals[i] = side.cross_scalar(1.0).normalized().0;
        }
        let centroid = centroid(&vertices[..count]);
        Self { vertices, normals, count, centroid }
    }

    #[inline(always)]
    pub fn vertices(&self) -> &[Vec2] {
        &self.vertices[..self.count]
    }

    #[inline(always)]
    pub fn normals(&self) -> &[Vec2] {
        &self.normals[..self.count]
    }

    #[inline(always)]
    pub fn aabb(&self, xf: Transform) -> Aabb {
        let mut lower = xf.apply(self.vertices[0]);
        let mut upper = lower;
        for &v in &self.vertices()[1..] {
            let v = xf.apply(v);
            lower = lower.min(v);
            upper = upper.max(v);
        }
        let r = Vec2::new(POLYGON_RADIUS, POLYGON_RADIUS);
        Aabb { lower: lower - r, upper: upper + r }
    }

    pub fn mass(&self, density: f32) -> MassData {
        let vertices = self.vertices();
        let mut s = Vec2::ZERO;
        for &v in vertices {
            s += v;
        }
        s *= 1.0 / vertices.len() as f32;
        let inv3 = 1.0_f32 / 3.0;
        let (mut center, mut area, mut inertia) = (Vec2::ZERO, 0.0_f32, 0.0_f32);
        for i in 0..vertices.len() {
            let e1 = vertices[i] - s;
            let e2 = vertices[(i + 1) % vertices.len()] - s;
            let d = e1.cross(e2);
            let triangle = 0.5 * d;
            area += triangle;
            center += (triangle * inv3) * (e1 + e2);
            let intx2 = e1.x * e1.x + e2.x * e1.x + e2.x * e2.x;
            let inty2 = e1.y * e1.y + e2.y * e1.y + e2.y * e2.y;
            inertia += (0.25 * inv3 * d) * (intx2 + inty2);
        }
        let mass = density * area;
        center *= 1.0 / area;
        let about = center + s;
        let shift = mass * (about.dot(about) - center.dot(center));
        MassData { mass, center: about, inertia: density * inertia + shift }
    }
}

/// The next point of the hull after `current`.
fn wrap(points: &[Vec2; 6], current: usize) -> usize {
    let mut next = 0;
    for j in 1..points.len() {
        if next == current {
            next = j;
            continue;
        }
        let r = points[next] - points[current];
        let v = points[j] - points[current];
        let c = r.cross(v);
        if c < 0.0 || (c == 0.0 && v.length_squared() > r.length_squared()) {
            next = j;
        }
    }
    next
}

fn centroid(vertices: &[Vec2]) -> Vec2 {
    let inv3 = 1.0_f32 / 3.0;
    let (mut center, mut area) = (Vec2::ZERO, 0.0_f32);
    for i in 0..vertices.len() {
        // The third corner of each triangle is the origin; adding it is what the original does.
        let (p1, p2, p3) = (Vec2::ZERO, vertices[i], vertices[(i + 1) % vertices.len()]);
        let triangle = 0.5 * (p2 - p1).cross(p3 - p1);
        area += triangle;
        center += (triangle * inv3) * (p1 + p2 + p3);
    }
    center *= 1.0 / area;
    center
}

/// An axis-aligned box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aabb {
    pub lower: Vec2,
    pub upper: Vec2,
}

impl Aabb {
    /// The smallest box around both.
    #[inline(always)]
    pub fn union(self, other: Self) -> Self {
        Self { lower: self.lower.min(other.lower), upper: self.upper.max(other.upper) }
    }

    #[inline(always)]
    pub fn contains(&self, other: &Self) -> bool {
        self.lower.x <= other.lower.x
            && self.lower.y <= other.lower.y
            && other.upper.x <= self.upper.x
            && other.upper.y <= self.upper.y
    }

    #[inline(always)]
    pub fn overlaps(&self, other: &Self) -> bool {
        let d1 = other.lower - self.upper;
        let d2 = self.lower - other.upper;
        !(d1.x > 0.0 || d1.y > 0.0 || d2.x > 0.0 || d2.y > 0.0)
    }

    /// The box that the broad phase keeps: wider by a margin, so that a slow body need not update it.
    pub fn fattened(&self) -> Self {
        let r = Vec2::new(super::AABB_MARGIN, super::AABB_MARGIN);
        Self { lower: self.lower - r, upper: self.upper + r }
    }

    /// [`fattened`](Self::fattened), and longer by twice the displacement, ahead of the motion.
    pub fn fattened_along(&self, displacement: Vec2) -> Self {
        let mut fat = self.fattened();
        let d = 2.0 * displacement;
        if d.x < 0.0 {
            fat.lower.x += d.x;
        } else {
            fat.upper.x += d.x;
        }
        if d.y < 0.0 {
            fat.lower.y += d.y;
        } else {
            fat.upper.y += d.y;
        }
        fat
    }
}
