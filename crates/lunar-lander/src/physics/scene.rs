//! The bodies of the scene: shapes, masses and joints, the same in every episode.

use std::sync::LazyLock;

use super::DT;
use super::joint::JointDef;
use super::math::Vec2;
use super::shape::Polygon;

/// Pixels per metre of Gymnasium's picture; its lengths are given in pixels.
const SCALE: f64 = 30.0;
/// The lander's outline in pixels.
const LANDER: [(f64, f64); 6] =
    [(-14.0, 17.0), (-17.0, 0.0), (-17.0, -10.0), (17.0, -10.0), (17.0, 0.0), (14.0, 17.0)];
const LEG_AWAY: f64 = 20.0;
const LEG_DOWN: f64 = 18.0;
const LEG_HALF_WIDTH: f64 = 2.0;
const LEG_HALF_HEIGHT: f64 = 8.0;
const LEG_SPRING_TORQUE: f64 = 40.0;

/// A kind of body.
#[derive(Clone, Debug)]
pub struct BodyDef {
    pub polygon: Polygon,
    pub local_center: Vec2,
    pub inv_mass: f32,
    pub inv_inertia: f32,
    pub friction: f32,
}

impl BodyDef {
    fn new(polygon: Polygon, density: f32, friction: f32) -> Self {
        let data = polygon.mass(density);
        let inv_mass = 1.0 / data.mass;
        let mut local_center = data.mass * data.center;
        local_center *= inv_mass;
        let inertia = data.inertia - data.mass * local_center.dot(local_center);
        Self { polygon, local_center, inv_mass, inv_inertia: 1.0 / inertia, friction }
    }
}

/// The whole scene.
#[derive(Clone, Debug)]
pub struct Scene {
    pub lander: BodyDef,
    pub leg: BodyDef,
    /// The joints of the left (-1) and of the right (+1) leg.
    pub joints: [JointDef; 2],
    /// Effective mass of both joints' motors.
    pub motor_mass: f32,
    /// Where the lander and the legs start: position and angle.
    pub start: [(Vec2, f32); 3],
}

/// The scene, built on first use.
pub static SCENE: LazyLock<Scene> = LazyLock::new(Scene::new);

impl Scene {
    fn new() -> Self {
        let hull = Polygon::hull(LANDER.map(|(x, y)| Vec2::new((x / SCALE) as f32, (y / SCALE) as f32)));
        let lander = BodyDef::new(hull, 5.0, 0.1);
        let rectangle = Polygon::rectangle((LEG_HALF_WIDTH / SCALE) as f32, (LEG_HALF_HEIGHT / SCALE) as f32);
        let leg = BodyDef::new(rectangle, 1.0, 0.2);

        let (x, y) = (600.0 / SCALE / 2.0, 400.0 / SCALE);
        let leg_start = |i: f64| (Vec2::new((x - i * LEG_AWAY / SCALE) as f32, y as f32), (i * 0.05) as f32);
        let start = [(Vec2::new(x as f32, y as f32), 0.0), leg_start(-1.0), leg_start(1.0)];
        let joint = |i: f64, lower: f64, upper: f64, leg_angle: f32| JointDef {
            arm_a: Vec2::ZERO - lander.local_center,
            arm_b: Vec2::new((i * LEG_AWAY / SCALE) as f32, (LEG_DOWN / SCALE) as f32) - leg.local_center,
            // The definition's constructor takes the difference of the bodies' angles.
            reference_angle: leg_angle - 0.0,
            lower: lower as f32,
            upper: upper as f32,
            motor_speed: (0.3 * i) as f32,
            max_motor_impulse: DT * LEG_SPRING_TORQUE as f32,
        };
        let joints = [joint(-1.0, 0.9 - 0.5, 0.9, start[1].1), joint(1.0, -0.9, -0.9 + 0.5, start[2].1)];
        let motor_mass = 1.0 / (lander.inv_inertia + leg.inv_inertia);
        Self { lander, leg, joints, motor_mass, start }
    }

    /// The definition of body 0 (the lander), 1 or 2 (the legs).
    #[inline(always)]
    pub fn body(&self, index: usize) -> &BodyDef {
        if index == 0 { &self.lander } else { &self.leg }
    }
}
