//! Contacts between the ground and the bodies: pairs whose fat boxes overlap, touching or not.

use super::collide::{Manifold, collide};
use super::math::Transform;
use super::scene::Scene;
use super::shape::Edge;

/// One pair of an edge of the ground and a body.
#[derive(Clone, Debug)]
pub struct Contact {
    pub edge: u8,
    pub body: u8,
    pub friction: f32,
    pub manifold: Manifold,
    pub touching: bool,
    /// Cleared when a time of impact turned out not to touch; then the pair rests until the next step.
    pub enabled: bool,
    /// The fraction of the step at which the pair meets, if already known.
    pub toi: Option<f32>,
    pub toi_count: u32,
}

/// Whether a contact began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    None,
    Began,
    Ended,
}

impl Contact {
    pub fn new(scene: &Scene, edge: u8, body: u8) -> Self {
        // The first edge, below everything, has the default friction; the terrain has its own.
        let ground: f32 = if edge == 0 { 0.2 } else { 0.1 };
        Self {
            edge,
            body,
            friction: (ground * scene.body(body as usize).friction).sqrt(),
            manifold: Manifold::default(),
            touching: false,
            enabled: true,
            toi: None,
            toi_count: 0,
        }
    }

    /// Computes the manifold anew, and keeps the impulses of points that persist.
    pub fn update(&mut self, scene: &Scene, edges: &[Edge], xf: Transform) -> Change {
        self.enabled = true;
        let mut manifold = collide(&edges[self.edge as usize], &scene.body(self.body as usize).polygon, xf);
        for point in manifold.points_mut() {
            if let Some(old) = self.manifold.points().iter().find(|old| old.key == point.key) {
                point.normal_impulse = old.normal_impulse;
                point.tangent_impulse = old.tangent_impulse;
            }
        }
        let was_touching = self.touching;
        self.touching = !manifold.points().is_empty();
        self.manifold = manifold;
        match (was_touching, self.touching) {
            (false, true) => Change::Began,
            (true, false) => Change::Ended,
            _ => Change::None,
        }
    }
}
