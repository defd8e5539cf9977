//! The velocity problem of a step: 180 iterations over the joints and the contacts, over nine tenths of the
//! work if all are carried out.
//!
//! Most of them need not be. The joints' next velocities depend on the velocities and on the motors'
//! impulses, and on nothing else as long as no limit pulls. When these eleven numbers are, bit for bit, what
//! they were a few iterations before, the iterations between would repeat for ever: each adds the same
//! impulses as its predecessor of one period ago. What is left to do is to add them up, one after the other
//! so as to round alike, and to stop if a limit would begin to pull. In free flight the legs lie against
//! their limits with their motors at full torque, and this happens within a dozen iterations more often than
//! not, with a period of one or two.

use super::VELOCITY_ITERATIONS;
use super::contact_solver::ContactStep;
use super::joint::{Increment, Joint, JointStep, Limit, Velocity};
use super::scene::Scene;
use super::world::{LEGS, pair};

/// Periods up to this are recognised.
const MAX_PERIOD: usize = 8;

/// A step's velocities on their way to the solution, and all that decides it.
#[derive(Clone, Debug)]
pub struct Problem {
    pub velocities: [Velocity; 3],
    /// Of the left (-1) and of the right (+1) leg: constants of the step, and what lasts from step to step.
    pub steps: [JointStep; 2],
    pub joints: [Joint; 2],
    /// In which order the joints are solved.
    pub order: [usize; 2],
    /// The touching contacts in the order in which they are solved, with their index in the world.
    pub contacts: Vec<(usize, ContactStep)>,
}

impl Default for Problem {
    fn default() -> Self {
        Self {
            velocities: [Velocity::default(); 3],
            steps: [JointStep::default(); 2],
            joints: [Joint::default(); 2],
            order: [1, 0],
            contacts: Vec::new(),
        }
    }
}

/// All that an iteration over the joints changes, apart from the problem so that it stays in registers.
#[derive(Clone, Copy)]
struct Motion {
    velocities: [Velocity; 3],
    joints: [Joint; 2],
}

/// The numbers that decide how the joints' iterations go on, by their bits.
type Key = [u32; 11];

/// What one iteration added to the impulses of both joints, in the order of solution; `None` when a limit
/// pulled.
type Added = [Option<Increment>; 2];

impl Motion {
    #[inline(always)]
    fn key(&self) -> Key {
        let [a, b, c] = &self.velocities;
        let [left, right] = &self.joints;
        [a.v.x, a.v.y, a.w, b.v.x, b.v.y, b.w, c.v.x, c.v.y, c.w, left.motor_impulse, right.motor_impulse]
            .map(f32::to_bits)
    }

    #[inline(always)]
    fn is_at(&self, key: &Key) -> bool {
        self.key().iter().zip(key).fold(0, |different, (a, b)| different | (a ^ b)) == 0
    }
}

impl Problem {
    /// Solves the problem with one environment's arithmetic.
    pub fn solve(&mut self, scene: &Scene) {
        if self.contacts.is_empty() {
            self.resume(scene, 0);
        } else if self.order[0] == 1 {
            self.solve_touching::<1>(scene);
        } else {
            self.solve_touching::<0>(scene);
        }
    }

    /// Finishes a problem without contacts of which `done` iterations have been carried out.
    pub fn resume(&mut self, scene: &Scene, done: u32) {
        if self.order[0] == 1 {
            self.solve_joints::<1>(scene, done);
        } else {
            self.solve_joints::<0>(scene, done);
        }
    }

    fn motion(&self) -> Motion {
        Motion { velocities: self.velocities, joints: self.joints }
    }

    fn set_motion(&mut self, Motion { velocities, joints }: Motion) {
        (self.velocities, self.joints) = (velocities, joints);
    }

    /// One iteration over both joints, `FIRST` and then the other. A constant, so that the compiler knows which
    /// bodies take part.
    #[inline(always)]
    fn iterate<const FIRST: usize>(&self, scene: &Scene, motion: &mut Motion) -> Added {
        [self.solve_joint(FIRST, scene, motion), self.solve_joint(1 - FIRST, scene, motion)]
    }

    #[inline(always)]
    fn solve_joint(&self, j: usize, scene: &Scene, motion: &mut Motion) -> Option<Increment> {
        let (a, b) = pair(&mut motion.velocities, LEGS[j]);
        self.steps[j].solve(scene, &scene.joints[j], &mut motion.joints[j], a, b)
    }

    fn solve_touching<const FIRST: usize>(&mut self, scene: &Scene) {
        let mut motion = self.motion();
        for _ in 0..VELOCITY_ITERATIONS {
            self.iterate::<FIRST>(scene, &mut motion);
            for (_, contact) in &mut self.contacts {
                contact.solve(&mut motion.velocities[contact.body]);
            }
        }
        self.set_motion(motion);
    }

    fn solve_joints<const FIRST: usize>(&mut self, scene: &Scene, mut done: u32) {
        let mut motion = self.motion();
        // The key at iteration `marked`; looking back to a mark that moves on at growing intervals finds
        // any period.
        let mut mark = motion.key();
        let mut marked = done;
        let mut added: [Added; MAX_PERIOD] = [[None; 2]; MAX_PERIOD];
        while done < VELOCITY_ITERATIONS {
            added[done as usize % MAX_PERIOD] = self.iterate::<FIRST>(scene, &mut motion);
            done += 1;
            if motion.is_at(&mark) {
                let period = done - marked;
                let replayed = replay::<FIRST>(&mut motion.joints, &added, done, period);
                done += replayed;
                self.turn::<FIRST>(scene, &mut motion, replayed % period);
                mark = motion.key();
                marked = done;
            } else if done - marked >= MAX_PERIOD as u32 {
                mark = motion.key();
                marked = done;
            }
        }
        self.set_motion(motion);
    }

    /// Brings the velocities and the motors to where they are `count` iterations later in the period; the
    /// other impulses are there already.
    fn turn<const FIRST: usize>(&self, scene: &Scene, motion: &mut Motion, count: u32) {
        let before = motion.joints;
        for _ in 0..count {
            self.iterate::<FIRST>(scene, motion);
        }
        for (joint, before) in motion.joints.iter_mut().zip(before) {
            *joint = Joint { motor_impulse: joint.motor_impulse, ..before };
        }
    }
}

/// Adds the impulses of the iterations after `done` that repeat those of the last `period`; returns how many
/// there were before a limit would pull.
fn replay<const FIRST: usize>(
    joints: &mut [Joint; 2],
    added: &[Added; MAX_PERIOD],
    done: u32,
    period: u32,
) -> u32 {
    let first = done - period;
    for k in 0..VELOCITY_ITERATIONS - done {
        let phase = (first + k % period) as usize % MAX_PERIOD;
        let [Some(one), Some(two)] = added[phase] else { return k };
        if joints[FIRST].pulls(one) || joints[1 - FIRST].pulls(two) {
            return k;
        }
        joints[FIRST].add(one);
        joints[1 - FIRST].add(two);
    }
    VELOCITY_ITERATIONS - done
}

impl Joint {
    /// Whether adding `increment` would make the limit pull.
    #[inline(always)]
    fn pulls(&self, increment: Increment) -> bool {
        let new = self.limit_impulse + increment.limit;
        match self.limit {
            Limit::Inactive => false,
            Limit::AtLower => new < 0.0,
            Limit::AtUpper => new > 0.0,
        }
    }

    #[inline(always)]
    fn add(&mut self, increment: Increment) {
        self.impulse += increment.point;
        self.limit_impulse += increment.limit;
    }
}
