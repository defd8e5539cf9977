//! One world: its state, and how a step changes it.

use super::contact::{Change, Contact};
use super::contact_solver::{self, ContactStep};
use super::impact::time_of_impact;
use super::joint::{self, JointStep, Position, Velocity};
use super::math::{Rot, Sweep, Transform, Vec2, min};
use super::scene::{SCENE, Scene};
use super::shape::{Aabb, Edge};
use super::velocity::Problem;
use super::{
    ANGULAR_SLEEP_TOLERANCE, BAUMGARTE, DT, LINEAR_SLEEP_TOLERANCE, LINEAR_SLOP, MAX_ROTATION, MAX_SUB_STEPS,
    MAX_TRANSLATION, POSITION_ITERATIONS, TIME_TO_SLEEP, TOI_BAUMGARTE, VELOCITY_ITERATIONS,
};

/// The lander's index among the bodies.
pub const LANDER: usize = 0;
/// The legs' indices, -1 and +1.
pub const LEGS: [usize; 2] = [1, 2];

/// Straight pieces of ground: one below everything, and ten of terrain.
pub const EDGES: usize = 11;

/// The state of a body.
#[derive(Clone, Debug)]
pub struct Body {
    pub sweep: Sweep,
    pub xf: Transform,
    pub velocity: Velocity,
    pub sleep_time: f32,
    pub awake: bool,
    pub fat: Aabb,
}

/// Whether the lander has touched the ground, and which legs do.
///
/// The end of any of a leg's contacts clears its flag, even while another lasts: Gymnasium's listener does
/// so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touch {
    pub crashed: bool,
    pub legs: [bool; 2],
}

impl Touch {
    fn change(&mut self, body: u8, change: Change) {
        match (change, body) {
            (Change::None, _) | (Change::Ended, 0) => {}
            (Change::Began, 0) => self.crashed = true,
            (change, leg) => self.legs[leg as usize - 1] = change == Change::Began,
        }
    }
}

/// The state of a world.
#[derive(Clone, Debug)]
pub struct World {
    pub gravity: f32,
    pub bodies: [Body; 3],
    /// The velocities on their way to the step's end, and the joints.
    pub problem: Problem,
    pub edges: [Edge; EDGES],
    edge_fat: [Aabb; EDGES],
    /// Oldest first; every loop runs from the newest.
    pub contacts: Vec<Contact>,
    /// On the lander, since the last step; the legs are never pushed.
    pub force: Vec2,
    pub torque: f32,
    pub touch: Touch,
    /// How far the ground's own, empty sweep has advanced: all pairs share it.
    ground_alpha0: f32,
    /// No step has been taken: impulses of a step before do not count.
    fresh: bool,
    /// The problem is this step's.
    solving: bool,
}

impl World {
    /// A world with the lander at its start over the terrain `heights[i]` at `x = 2 i`, in metres.
    pub fn new(gravity: f32, heights: &[f64; EDGES]) -> Self {
        let scene: &Scene = &SCENE;
        let bodies = [0, 1, 2].map(|i| {
            let (p, angle) = scene.start[i];
            let def = scene.body(i);
            let xf = Transform { p, q: Rot::new(angle) };
            let c = xf.apply(def.local_center);
            Body {
                sweep: Sweep { local_center: def.local_center, c0: c, c, a0: angle, a: angle, alpha0: 0.0 },
                xf,
                velocity: Velocity { v: Vec2::ZERO, w: 0.0 },
                sleep_time: 0.0,
                awake: true,
                fat: def.polygon.aabb(xf).fattened(),
            }
        });
        let point = |i: usize| Vec2::new((2.0 * i as f64) as f32, heights[i] as f32);
        let mut edges = [Edge { vertices: [Vec2::ZERO, Vec2::new(20.0, 0.0)] }; EDGES];
        for (i, edge) in edges.iter_mut().skip(1).enumerate() {
            edge.vertices = [point(i), point(i + 1)];
        }
        Self {
            gravity,
            bodies,
            problem: Problem::default(),
            edges,
            edge_fat: edges.map(|edge| edge.aabb().fattened()),
            contacts: Vec::new(),
            force: Vec2::ZERO,
            torque: 0.0,
            touch: Touch::default(),
            ground_alpha0: 0.0,
            fresh: true,
            solving: false,
        }
    }

    /// Pushes the lander at a point of the world, in N·s.
    pub fn apply_impulse(&mut self, impulse: Vec2, point: Vec2) {
        let def = &SCENE.lander;
        let lander = &mut self.bodies[LANDER];
        lander.velocity.v += def.inv_mass * impulse;
        lander.velocity.w += def.inv_inertia * (point - lander.sweep.c).cross(impulse);
    }

    /// Advances the world by [`DT`].
    pub fn step(&mut self) {
        if self.prepare() {
            self.problem.solve(&SCENE);
        }
        self.complete();
    }

    /// Updates the contacts of awake bodies, and drops those whose fat boxes parted.
    fn update_contacts(&mut self) {
        for i in (0..self.contacts.len()).rev() {
            let contact = &mut self.contacts[i];
            let body = &self.bodies[contact.body as usize];
            if !body.awake {
                continue;
            }
            let change;
            let id = contact.body;
            if self.edge_fat[contact.edge as usize].overlaps(&body.fat) {
                change = contact.update(&SCENE, &self.edges, body.xf);
            } else {
                change = if contact.touching { Change::Ended } else { Change::None };
                self.contacts.remove(i);
            }
            self.touch.change(id, change);
        }
    }

    /// The order in which the island's bodies and joints are found, from the first awake body of the list.
    fn island(&self) -> Option<([usize; 3], [usize; 2])> {
        let [lander, left, right] = &self.bodies;
        if right.awake {
            Some(([2, 0, 1], [1, 0]))
        } else if left.awake {
            Some(([1, 0, 2], [0, 1]))
        } else if lander.awake {
            Some(([0, 1, 2], [1, 0]))
        } else {
            None
        }
    }

    /// The first third of a step: updates the contacts and states the velocity problem; `false` when all
    /// bodies sleep, and there is none.
    pub fn prepare(&mut self) -> bool {
        self.update_contacts();
        self.solving = false;
        let Some((order, joint_order)) = self.island() else { return false };
        self.solving = true;
        for body in &mut self.bodies {
            body.wake();
        }
        self.apply_forces();
        self.state_contacts(&order);
        self.state_joints(joint_order);
        true
    }

    /// The last third of a step, after the problem has been solved: moves the bodies, corrects their
    /// positions, puts them to sleep, and stops what would pass through the ground.
    pub fn complete(&mut self) {
        if self.solving {
            for (index, contact) in &self.problem.contacts {
                contact.store(&mut self.contacts[*index].manifold);
            }
            let mut positions = self.integrate();
            let solved = self.solve_positions(&SCENE, &mut positions);
            self.finish(positions, solved);
        }
        self.solve_impacts();
        self.fresh = false;
        self.force = Vec2::ZERO;
        self.torque = 0.0;
    }

    /// The velocities after the step's forces.
    fn apply_forces(&mut self) {
        let gravity = Vec2::new(0.0, self.gravity);
        for (i, (body, out)) in self.bodies.iter_mut().zip(&mut self.problem.velocities).enumerate() {
            let def = SCENE.body(i);
            let (force, torque) = if i == LANDER { (self.force, self.torque) } else { (Vec2::ZERO, 0.0) };
            body.sweep.c0 = body.sweep.c;
            body.sweep.a0 = body.sweep.a;
            out.v = body.velocity.v + DT * (gravity + def.inv_mass * force);
            out.w = body.velocity.w + DT * def.inv_inertia * torque;
        }
    }

    /// This step's length over the last one's.
    fn dt_ratio(&self) -> f32 {
        if self.fresh { 0.0 } else { (1.0 / DT) * DT }
    }

    fn state_contacts(&mut self, order: &[usize; 3]) {
        let warm = Some(self.dt_ratio());
        let problem = &mut self.problem;
        problem.contacts.clear();
        if self.contacts.is_empty() {
            return;
        }
        for &body in order {
            for (i, contact) in self.contacts.iter().enumerate().rev() {
                if contact.body as usize == body && contact.touching && contact.enabled {
                    let sweep = &self.bodies[body].sweep;
                    let position = Position { c: sweep.c, a: sweep.a };
                    problem.contacts.push((i, ContactStep::new(&SCENE, contact, warm, position)));
                }
            }
        }
        for (_, contact) in &problem.contacts {
            contact.warm_start(&mut problem.velocities[contact.body]);
        }
    }

    fn state_joints(&mut self, order: [usize; 2]) {
        let dt_ratio = self.dt_ratio();
        let problem = &mut self.problem;
        let place = |i: usize| (self.bodies[i].sweep.a, self.bodies[i].xf.q);
        problem.order = order;
        for j in order {
            let leg = LEGS[j];
            let (a, b) = pair(&mut problem.velocities, leg);
            problem.steps[j] = JointStep::begin(
                &SCENE,
                &SCENE.joints[j],
                &mut problem.joints[j],
                place(LANDER),
                place(leg),
                [a, b],
                dt_ratio,
            );
        }
    }

    fn integrate(&mut self) -> [Position; 3] {
        let mut positions = [0, 1, 2].map(|i| {
            let sweep = &self.bodies[i].sweep;
            Position { c: sweep.c, a: sweep.a }
        });
        for (position, velocity) in positions.iter_mut().zip(&mut self.problem.velocities) {
            integrate_body(position, velocity, DT);
        }
        positions
    }

    fn solve_positions(&self, scene: &Scene, positions: &mut [Position; 3]) -> bool {
        let problem = &self.problem;
        let mut rotations = [0, 1, 2].map(|i| (self.bodies[i].sweep.a, self.bodies[i].xf.q));
        let mut rot = |body: usize, angle: f32| {
            let (known, q) = &mut rotations[body];
            if known.to_bits() != angle.to_bits() {
                (*known, *q) = (angle, Rot::new(angle));
            }
            *q
        };
        for _ in 0..POSITION_ITERATIONS {
            let mut least = 0.0;
            for (index, contact) in &problem.contacts {
                let body = contact.body;
                let manifold = &self.contacts[*index].manifold;
                let separation = contact_solver::solve_position(
                    scene.body(body),
                    manifold,
                    &mut positions[body],
                    BAUMGARTE,
                    |angle| rot(body, angle),
                );
                least = min(least, separation);
            }
            let mut okay = true;
            for j in problem.order {
                let (def, limit) = (&scene.joints[j], problem.joints[j].limit);
                let leg = LEGS[j];
                let (a, b) = pair(positions, leg);
                okay &= joint::solve_position(scene, def, limit, a, b, &mut rot, leg);
            }
            if okay && least >= -3.0 * LINEAR_SLOP {
                return true;
            }
        }
        false
    }

    /// Takes the solution over, puts the bodies to sleep if they all rest, and looks for new pairs.
    fn finish(&mut self, positions: [Position; 3], solved: bool) {
        let velocities = self.problem.velocities;
        let mut least_sleep = f32::MAX;
        for ((body, position), velocity) in self.bodies.iter_mut().zip(positions).zip(velocities) {
            body.sweep.c = position.c;
            body.sweep.a = position.a;
            body.velocity = velocity;
            body.synchronize();
            let Velocity { v, w } = velocity;
            if w * w > ANGULAR_SLEEP_TOLERANCE * ANGULAR_SLEEP_TOLERANCE
                || v.dot(v) > LINEAR_SLEEP_TOLERANCE * LINEAR_SLEEP_TOLERANCE
            {
                body.sleep_time = 0.0;
                least_sleep = 0.0;
            } else {
                body.sleep_time += DT;
                least_sleep = min(least_sleep, body.sleep_time);
            }
        }
        if least_sleep >= TIME_TO_SLEEP && solved {
            for body in &mut self.bodies {
                body.awake = false;
                body.sleep_time = 0.0;
                body.velocity = Velocity { v: Vec2::ZERO, w: 0.0 };
            }
        }
        let mut moved = [false; 3];
        for (i, (body, moved)) in self.bodies.iter_mut().zip(&mut moved).enumerate() {
            *moved = body.synchronize_box(i);
        }
        self.find_contacts(moved);
    }

    /// Adds the pairs that the bodies' new boxes make.
    fn find_contacts(&mut self, moved: [bool; 3]) {
        if moved == [false; 3] {
            return;
        }
        for edge in 0..EDGES {
            for (body, &moved) in moved.iter().enumerate() {
                if !moved || !self.edge_fat[edge].overlaps(&self.bodies[body].fat) {
                    continue;
                }
                let (edge, id) = (edge as u8, body as u8);
                if self.contacts.iter().any(|contact| contact.edge == edge && contact.body == id) {
                    continue;
                }
                self.contacts.push(Contact::new(&SCENE, edge, id));
                let body = &mut self.bodies[body];
                if !body.awake {
                    body.awake = true;
                    body.sleep_time = 0.0;
                }
            }
        }
    }

    /// Stops bodies that would pass through the ground within the step at the time when they meet it.
    fn solve_impacts(&mut self) {
        self.ground_alpha0 = 0.0;
        for body in &mut self.bodies {
            body.sweep.alpha0 = 0.0;
        }
        for contact in &mut self.contacts {
            contact.toi_count = 0;
            contact.toi = None;
        }
        while let Some((index, alpha)) = self.first_impact() {
            self.solve_impact(index, alpha);
        }
    }

    /// The pair that meets first, and when; `None` when no pair does before the step's end.
    fn first_impact(&mut self) -> Option<(usize, f32)> {
        let mut first = None;
        let mut least = 1.0;
        for i in (0..self.contacts.len()).rev() {
            let contact = &mut self.contacts[i];
            if !contact.enabled || contact.toi_count > MAX_SUB_STEPS {
                continue;
            }
            let alpha = match contact.toi {
                Some(toi) => toi,
                None => {
                    let body = &mut self.bodies[contact.body as usize];
                    if !body.awake {
                        continue;
                    }
                    if self.ground_alpha0 < body.sweep.alpha0 {
                        self.ground_alpha0 = body.sweep.alpha0;
                    } else if body.sweep.alpha0 < self.ground_alpha0 {
                        body.sweep.advance(self.ground_alpha0);
                    }
                    let alpha0 = body.sweep.alpha0;
                    let edge = &self.edges[contact.edge as usize].vertices;
                    let polygon = &SCENE.body(contact.body as usize).polygon;
                    let alpha = match time_of_impact(edge, polygon.vertices(), &body.sweep) {
                        Some(beta) => min(alpha0 + (1.0 - alpha0) * beta, 1.0),
                        None => 1.0,
                    };
                    contact.toi = Some(alpha);
                    alpha
                }
            };
            if alpha < least {
                first = Some((i, alpha));
                least = alpha;
            }
        }
        first.filter(|_| least <= 1.0 - 10.0 * f32::EPSILON)
    }

    fn solve_impact(&mut self, index: usize, alpha: f32) {
        let scene: &Scene = &SCENE;
        let id = self.contacts[index].body as usize;
        let backup = (self.ground_alpha0, self.bodies[id].sweep);
        self.ground_alpha0 = alpha;
        self.bodies[id].advance(alpha);

        self.update_contact(index);
        let contact = &mut self.contacts[index];
        contact.toi = None;
        contact.toi_count += 1;
        if !contact.touching {
            contact.enabled = false;
            (self.ground_alpha0, self.bodies[id].sweep) = backup;
            self.bodies[id].synchronize();
            return;
        }
        self.bodies[id].wake();

        // The body's other touching contacts belong to the island too.
        let mut island = vec![index];
        for i in (0..self.contacts.len()).rev() {
            if i != index && self.contacts[i].body as usize == id {
                self.update_contact(i);
                if self.contacts[i].touching {
                    island.push(i);
                }
            }
        }

        let def = scene.body(id);
        let body = &mut self.bodies[id];
        let mut position = Position { c: body.sweep.c, a: body.sweep.a };
        for _ in 0..20 {
            let mut least = 0.0;
            for &i in &island {
                let manifold = &self.contacts[i].manifold;
                let separation =
                    contact_solver::solve_position(def, manifold, &mut position, TOI_BAUMGARTE, Rot::new);
                least = min(least, separation);
            }
            if least >= -1.5 * LINEAR_SLOP {
                break;
            }
        }
        body.sweep.c0 = position.c;
        body.sweep.a0 = position.a;

        let mut steps: Vec<_> =
            island.iter().map(|&i| ContactStep::new(scene, &self.contacts[i], None, position)).collect();
        let mut velocity = body.velocity;
        for _ in 0..VELOCITY_ITERATIONS {
            for step in &mut steps {
                step.solve(&mut velocity);
            }
        }
        integrate_body(&mut position, &mut velocity, (1.0 - alpha) * DT);
        body.sweep.c = position.c;
        body.sweep.a = position.a;
        body.velocity = velocity;
        body.synchronize();

        let mut moved = [false; 3];
        moved[id] = body.synchronize_box(id);
        for contact in self.contacts.iter_mut().filter(|contact| contact.body as usize == id) {
            contact.toi = None;
        }
        self.find_contacts(moved);
    }

    fn update_contact(&mut self, index: usize) {
        let contact = &mut self.contacts[index];
        let change = contact.update(&SCENE, &self.edges, self.bodies[contact.body as usize].xf);
        if change != Change::None {
            self.bodies[contact.body as usize].wake();
        }
        self.touch.change(contact.body, change);
    }
}

impl Body {
    fn wake(&mut self) {
        if !self.awake {
            self.awake = true;
            self.sleep_time = 0.0;
        }
    }

    /// Sets the transform from the centre of mass and the angle.
    fn synchronize(&mut self) {
        let q = Rot::new(self.sweep.a);
        self.xf = Transform { p: self.sweep.c - q.apply(self.sweep.local_center), q };
    }

    /// Moves the body to the fraction `alpha` of the step.
    fn advance(&mut self, alpha: f32) {
        self.sweep.advance(alpha);
        self.sweep.c = self.sweep.c0;
        self.sweep.a = self.sweep.a0;
        self.synchronize();
    }

    /// Renews the fat box if the body's motion in this step left it; `true` if so.
    fn synchronize_box(&mut self, index: usize) -> bool {
        let q = Rot::new(self.sweep.a0);
        let start = Transform { p: self.sweep.c0 - q.apply(self.sweep.local_center), q };
        let polygon = &SCENE.body(index).polygon;
        let swept = polygon.aabb(start).union(polygon.aabb(self.xf));
        if self.fat.contains(&swept) {
            return false;
        }
        self.fat = swept.fattened_along(self.xf.p - start.p);
        true
    }
}

/// The lander and a leg, both mutable.
#[inline(always)]
pub fn pair<T>(items: &mut [T; 3], leg: usize) -> (&mut T, &mut T) {
    let [lander, left, right] = items;
    (lander, if leg == 1 { left } else { right })
}

/// Moves a body by its velocity over `h` seconds, no farther than Box2D allows in a step.
fn integrate_body(position: &mut Position, velocity: &mut Velocity, h: f32) {
    let translation = h * velocity.v;
    if translation.dot(translation) > MAX_TRANSLATION * MAX_TRANSLATION {
        velocity.v *= MAX_TRANSLATION / translation.length();
    }
    let rotation = h * velocity.w;
    if rotation * rotation > MAX_ROTATION * MAX_ROTATION {
        velocity.w *= MAX_ROTATION / super::math::abs(rotation);
    }
    position.c += h * velocity.v;
    position.a += h * velocity.w;
}
