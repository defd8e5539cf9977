//! Where an edge of the ground and a polygon touch: one reference face, and up to two points of the other
//! shape clipped against its sides.
//!
//! The edges have no neighbours ("ghost vertices"), so the collider needs only its isolated case, and they
//! belong to a body that stays at the origin, so that their frame is the world's.

use super::math::{Transform, Vec2, min};
use super::shape::{Edge, Polygon};
use super::{ANGULAR_SLOP, POLYGON_RADIUS};

/// Which pair of features made a point; equal keys in successive steps mean the same point.
///
/// Index of the edge's feature, index of the polygon's feature, kind of each (0 a vertex, 1 a face).
pub type Key = [u8; 4];

const VERTEX: u8 = 0;
const FACE: u8 = 1;

/// A contact point and the impulses that the solver found for it, which start the next step's solution.
#[derive(Clone, Copy, Debug, Default)]
pub struct ManifoldPoint {
    pub local: Vec2,
    pub normal_impulse: f32,
    pub tangent_impulse: f32,
    pub key: Key,
}

/// Which shape has the reference face.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reference {
    /// The edge: normal and plane are in the world's frame, the points in the polygon's.
    #[default]
    Edge,
    /// The polygon: normal and plane are in the polygon's frame, the points in the world's.
    Polygon,
}

/// Up to two points where two shapes touch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manifold {
    points: [ManifoldPoint; 2],
    count: usize,
    pub local_normal: Vec2,
    pub local_point: Vec2,
    pub reference: Reference,
}

impl Manifold {
    pub fn points(&self) -> &[ManifoldPoint] {
        &self.points[..self.count]
    }

    pub fn points_mut(&mut self) -> &mut [ManifoldPoint] {
        &mut self.points[..self.count]
    }
}

#[derive(Clone, Copy)]
struct ClipVertex {
    v: Vec2,
    key: Key,
}

/// Keeps the part of a segment behind a line; `None` when fewer than two points remain.
fn clip(input: [ClipVertex; 2], normal: Vec2, offset: f32, index: u8) -> Option<[ClipVertex; 2]> {
    let d0 = normal.dot(input[0].v) - offset;
    let d1 = normal.dot(input[1].v) - offset;
    // Both inside, or one inside and one cut: the inside ones come first.
    let cut = || {
        let t = d0 / (d0 - d1);
        ClipVertex {
            v: input[0].v + t * (input[1].v - input[0].v),
            key: [index, input[0].key[1], VERTEX, FACE],
        }
    };
    match (d0 <= 0.0, d1 <= 0.0) {
        (true, true) => Some(input),
        (true, false) if d0 * d1 < 0.0 => Some([input[0], cut()]),
        (false, true) if d0 * d1 < 0.0 => Some([input[1], cut()]),
        _ => None,
    }
}

/// Computes the manifold of `edge` and `polygon` at `xf`; the points have no impulses yet.
pub fn collide(edge: &Edge, polygon: &Polygon, xf: Transform) -> Manifold {
    let mut manifold = Manifold::default();
    let [v1, v2] = edge.vertices;
    let count = polygon.vertices().len();
    let centroid = xf.apply(polygon.centroid);

    let (direction, _) = (v2 - v1).normalized();
    let normal1 = Vec2::new(direction.y, -direction.x);
    let front = normal1.dot(centroid - v1) >= 0.0;
    let normal = if front { normal1 } else { -normal1 };
    let limit = -normal;

    let (mut vertices, mut normals) = ([Vec2::ZERO; 6], [Vec2::ZERO; 6]);
    for (out, &v) in vertices.iter_mut().zip(polygon.vertices()) {
        *out = xf.apply(v);
    }
    for (out, &n) in normals.iter_mut().zip(polygon.normals()) {
        *out = xf.q.apply(n);
    }
    let (vertices, normals) = (&vertices[..count], &normals[..count]);

    let radius = 2.0 * POLYGON_RADIUS;
    let mut edge_separation = f32::MAX;
    for &v in vertices {
        let s = normal.dot(v - v1);
        if s < edge_separation {
            edge_separation = s;
        }
    }
    if edge_separation > radius {
        return manifold;
    }

    let polygon_axis = match polygon_separation(vertices, normals, [v1, v2], normal, limit, radius) {
        Axis::Separated => return manifold,
        Axis::Unknown => None,
        Axis::Face(index, separation) => {
            // The edge's face is preferred unless the polygon's is clearly better.
            (separation > 0.98 * edge_separation + 0.001).then_some(index)
        }
    };

    let incident;
    let (i1, i2, r1, r2, reference_normal);
    if let Some(index) = polygon_axis {
        let face = index as u8;
        incident = [
            ClipVertex { v: v1, key: [0, face, VERTEX, FACE] },
            ClipVertex { v: v2, key: [0, face, VERTEX, FACE] },
        ];
        let next = if index + 1 < count { index + 1 } else { 0 };
        (i1, i2, r1, r2) = (face, next as u8, vertices[index], vertices[next]);
        reference_normal = normals[index];
        manifold.reference = Reference::Polygon;
    } else {
        let mut best = 0;
        let mut best_value = normal.dot(normals[0]);
        for (i, n) in normals.iter().enumerate().skip(1) {
            let value = normal.dot(*n);
            if value < best_value {
                best_value = value;
                best = i;
            }
        }
        let next = if best + 1 < count { best + 1 } else { 0 };
        incident = [
            ClipVertex { v: vertices[best], key: [0, best as u8, FACE, VERTEX] },
            ClipVertex { v: vertices[next], key: [0, next as u8, FACE, VERTEX] },
        ];
        (i1, i2, r1, r2) = if front { (0, 1, v1, v2) } else { (1, 0, v2, v1) };
        reference_normal = normal;
        manifold.reference = Reference::Edge;
    }

    let side1 = Vec2::new(reference_normal.y, -reference_normal.x);
    let side2 = -side1;
    let Some(clipped) = clip(incident, side1, side1.dot(r1), i1) else { return manifold };
    let Some(clipped) = clip(clipped, side2, side2.dot(r2), i2) else { return manifold };

    match polygon_axis {
        None => (manifold.local_normal, manifold.local_point) = (reference_normal, r1),
        Some(index) => {
            manifold.local_normal = polygon.normals()[index];
            manifold.local_point = polygon.vertices()[index];
        }
    }
    for point in clipped {
        if reference_normal.dot(point.v - r1) <= radius {
            let [a, b, kind_a, kind_b] = point.key;
            let (local, key) = match manifold.reference {
                Reference::Edge => (xf.apply_inverse(point.v), point.key),
                Reference::Polygon => (point.v, [b, a, kind_b, kind_a]),
            };
            manifold.points[manifold.count] =
                ManifoldPoint { local, key, normal_impulse: 0.0, tangent_impulse: 0.0 };
            manifold.count += 1;
        }
    }
    manifold
}

enum Axis {
    /// Some side of the polygon separates the shapes.
    Separated,
    /// No side faces the edge.
    Unknown,
    /// The side of least penetration, and its separation.
    Face(usize, f32),
}

fn polygon_separation(
    vertices: &[Vec2],
    normals: &[Vec2],
    [v1, v2]: [Vec2; 2],
    normal: Vec2,
    limit: Vec2,
    radius: f32,
) -> Axis {
    let mut best = Axis::Unknown;
    let mut best_separation = -f32::MAX;
    for (i, (&vertex, &n)) in vertices.iter().zip(normals).enumerate() {
        let n = -n;
        let s = min(n.dot(vertex - v1), n.dot(vertex - v2));
        if s > radius {
            return Axis::Separated;
        }
        // Without neighbours the upper and the lower limit are the same vector.
        if (n - limit).dot(normal) < -ANGULAR_SLOP {
            continue;
        }
        if s > best_separation {
            best = Axis::Face(i, s);
            best_separation = s;
        }
    }
    best
}
