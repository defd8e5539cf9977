//! A velocity problem as rows of numbers: row `i` of a table holds number `i` of every lane's problem.

use crate::physics::contact_solver::ContactStep;
use crate::physics::joint::Limit;
use crate::physics::math::Vec2;
use crate::physics::velocity::Problem;

/// Velocities of the three bodies: x, y, ω of each.
pub const VELOCITY: usize = 0;
/// Impulses of the joints: x, y, limit, motor of each.
pub const JOINT: usize = 9;
/// Numbers that a solution changes, without contacts.
pub const STATE: usize = 17;
/// The step's constants of the joints, [`CONSTANTS`] of each.
pub const CONSTANT: usize = STATE;
pub const CONSTANTS: usize = 16;
/// Contacts, [`SLOT`] numbers of each.
pub const CONTACT: usize = CONSTANT + 2 * CONSTANTS;
/// The first four of a contact are its impulses, which a solution changes.
pub const SLOT: usize = 23;
/// Contacts of one leg that the table holds.
pub const SLOTS: usize = 2;
/// Numbers of a problem without and with contacts.
pub const ROWS: usize = CONTACT;
pub const CONTACT_ROWS: usize = CONTACT + 2 * SLOTS * SLOT;

/// Whether a problem is one that the lanes solve: both legs awake and found in the usual order, and few
/// contacts, of legs only.
pub fn fits(problem: &Problem) -> bool {
    let mut counts = [0; 3];
    for (_, contact) in &problem.contacts {
        counts[contact.body] += 1;
    }
    problem.order == [1, 0] && counts[0] == 0 && counts[1] <= SLOTS && counts[2] <= SLOTS
}

/// The slot of each contact: the right leg's first, as they are solved.
fn slots(problem: &Problem) -> impl Iterator<Item = usize> {
    let mut next = [0, SLOTS, 0];
    problem.contacts.iter().map(move |(_, contact)| {
        let slot = next[contact.body];
        next[contact.body] += 1;
        slot
    })
}

/// Writes a problem into column `lane` of a table of `n` columns; unused slots count no points.
pub fn load(problem: &Problem, table: &mut [f32], n: usize, lane: usize, contacts: bool) {
    let mut row = 0;
    let mut put = |value: f32| {
        table[row * n + lane] = value;
        row += 1;
    };
    for velocity in &problem.velocities {
        put(velocity.v.x);
        put(velocity.v.y);
        put(velocity.w);
    }
    for joint in &problem.joints {
        put(joint.impulse.x);
        put(joint.impulse.y);
        put(joint.limit_impulse);
        put(joint.motor_impulse);
    }
    for (step, joint) in problem.steps.iter().zip(&problem.joints) {
        put(step.ra.x);
        put(step.ra.y);
        put(step.rb.x);
        put(step.rb.y);
        step.k[..5].iter().for_each(|&k| put(k));
        step.ey_ez.iter().for_each(|&e| put(e));
        put(step.inverse_det3);
        put(step.inverse_det2);
        // 0 inactive, 1 at the lower, 2 at the upper limit.
        put(match joint.limit {
            Limit::Inactive => 0.0,
            Limit::AtLower => 1.0,
            Limit::AtUpper => 2.0,
        });
        put(0.0);
    }
    if contacts {
        for slot in 0..2 * SLOTS {
            table[(CONTACT + (slot + 1) * SLOT - 1) * n + lane] = 0.0;
        }
        for (slot, (_, contact)) in slots(problem).zip(&problem.contacts) {
            for (i, value) in contact.numbers().into_iter().enumerate() {
                table[(CONTACT + slot * SLOT + i) * n + lane] = value;
            }
        }
    }
}

/// Reads what a solution changes back from column `lane`.
pub fn store(problem: &mut Problem, table: &[f32], n: usize, lane: usize) {
    let at = |row: usize| table[row * n + lane];
    for (i, velocity) in problem.velocities.iter_mut().enumerate() {
        let row = VELOCITY + 3 * i;
        velocity.v = Vec2::new(at(row), at(row + 1));
        velocity.w = at(row + 2);
    }
    for (i, joint) in problem.joints.iter_mut().enumerate() {
        let row = JOINT + 4 * i;
        joint.impulse = Vec2::new(at(row), at(row + 1));
        joint.limit_impulse = at(row + 2);
        joint.motor_impulse = at(row + 3);
    }
    let slots: [usize; 2 * SLOTS] = {
        let mut out = [0; 2 * SLOTS];
        slots(problem).zip(&mut out).for_each(|(slot, out)| *out = slot);
        out
    };
    for (slot, (_, contact)) in slots.into_iter().zip(&mut problem.contacts) {
        let row = CONTACT + slot * SLOT;
        contact.set_impulses([at(row), at(row + 1), at(row + 2), at(row + 3)]);
    }
}

const _: () = assert!(ContactStep::NUMBERS == SLOT);

/// A number that is the same for problems alike in their contacts and limits.
pub fn shape(problem: &Problem) -> u32 {
    let mut points = [0_u32; 3];
    for (_, contact) in &problem.contacts {
        points[contact.body] = points[contact.body] * 3 + contact.points() as u32;
    }
    let active = problem.joints.iter().filter(|joint| joint.limit != Limit::Inactive).count();
    (points[2] * 9 + points[1]) * 3 + active as u32
}
