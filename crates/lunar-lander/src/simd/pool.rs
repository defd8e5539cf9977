//! Which environments share a vector, and when one leaves it.
//!
//! In free flight most problems begin to repeat themselves early ([`crate::physics::velocity`]), each at its
//! own time. After every round of twelve iterations the lanes that do leave, and the next problems take
//! their place. The twelve divides 180, and the period looked for divides twelve, so that a lane that leaves
//! has the velocities of the last iteration already; its impulses are summed up together with those of
//! others that left.
//!
//! Problems with contacts seldom repeat: they stay in their lanes for all 180 iterations.

use super::contacts::Contacts;
use super::job::{self, CONSTANT, CONSTANTS, CONTACT_ROWS, JOINT, ROWS, SLOTS};
use super::joints::{Joints, Shared, put, row};
use super::lanes::Lanes;
use crate::physics::VELOCITY_ITERATIONS;
use crate::physics::scene::Scene;
use crate::physics::world::World;

/// Iterations between two looks at the lanes.
const ROUND: u32 = 12;
/// The last iterations of a round, compared with its end: periods that divide it are found.
const PERIOD: usize = 4;
/// Numbers that a period adds: x, y and limit of both joints in each iteration.
const ADDED: usize = 6 * PERIOD;

/// Where the impulses are that are summed up: the right joint's, then the left one's, as they are solved.
const SUMS: [usize; 6] = [JOINT + 4, JOINT + 5, JOINT + 6, JOINT, JOINT + 1, JOINT + 2];

/// The widest vector.
pub const MAX_LANES: usize = 32;
const NONE: u32 = u32::MAX;

/// A problem that left its lane before the last iteration.
#[derive(Clone, Debug)]
struct Left {
    job: u32,
    done: u32,
    added: [f32; ADDED],
}

/// Memory for the tables, kept from step to step.
#[derive(Clone, Debug)]
pub struct Pool {
    table: Vec<f32>,
    left: Vec<Left>,
}

impl Default for Pool {
    fn default() -> Self {
        Self { table: vec![0.0; (CONTACT_ROWS + ADDED) * MAX_LANES], left: Vec::new() }
    }
}

impl Pool {
    /// Solves the problems without contacts of the worlds `jobs`.
    #[inline(always)]
    pub fn solve_free<L: Lanes>(&mut self, scene: &Scene, worlds: &mut [World], jobs: &[u32]) {
        let mut next = jobs.iter().copied();
        let mut lanes = [NONE; MAX_LANES];
        let mut done = [0; MAX_LANES];
        self.left.clear();
        self.table[..ROWS * L::N].fill(0.0);
        loop {
            let mut busy = false;
            for lane in 0..L::N {
                if lanes[lane] == NONE {
                    let Some(job) = next.next() else { continue };
                    (lanes[lane], done[lane]) = (job, 0);
                    job::load(&worlds[job as usize].problem, &mut self.table, L::N, lane, false);
                }
                busy = true;
            }
            if !busy {
                break;
            }
            let repeats = self.round::<L>(scene);
            for lane in 0..L::N {
                let job = lanes[lane];
                if job == NONE {
                    continue;
                }
                done[lane] += ROUND;
                let finished = done[lane] == VELOCITY_ITERATIONS;
                if finished || repeats >> lane & 1 == 1 {
                    job::store(&mut worlds[job as usize].problem, &self.table, L::N, lane);
                    lanes[lane] = NONE;
                    if !finished {
                        let added = std::array::from_fn(|i| self.table[(ROWS + i) * L::N + lane]);
                        self.left.push(Left { job, done: done[lane], added });
                    }
                }
            }
        }
        self.replay::<L>(scene, worlds);
    }

    /// Twelve iterations in every lane; returns the lanes whose last four will repeat.
    #[inline(always)]
    fn round<L: Lanes>(&mut self, scene: &Scene) -> u32 {
        let shared = Shared::<L>::new(scene);
        let mut joints = Joints::<L>::load(&self.table);
        for _ in 0..ROUND as usize - PERIOD {
            joints.iterate(&shared);
        }
        let before = joints;
        let zero = L::splat(0.0);
        let mut pulled = zero.lt(zero);
        for phase in 0..PERIOD {
            for (j, added) in joints.iterate(&shared).iter().enumerate() {
                let at = ROWS + 6 * phase + 3 * j;
                put(&mut self.table, at, added.point.x);
                put(&mut self.table, at + 1, added.point.y);
                put(&mut self.table, at + 2, added.limit);
                pulled = L::or(pulled, added.pulls);
            }
        }
        joints.store(&mut self.table);
        L::bits(L::and(joints.repeats(&before), L::not(pulled)))
    }

    /// Sums up what the iterations left out would have added.
    #[inline(always)]
    fn replay<L: Lanes>(&mut self, scene: &Scene, worlds: &mut [World]) {
        let (rows, added) = self.table.split_at_mut(ROWS * L::N);
        for chunk in self.left.chunks(L::N) {
            let mut most = 0;
            let mut counts = [0.0; MAX_LANES];
            for (lane, left) in chunk.iter().enumerate() {
                job::load(&worlds[left.job as usize].problem, rows, L::N, lane, false);
                for (i, value) in left.added.iter().enumerate() {
                    added[i * L::N + lane] = *value;
                }
                let count = VELOCITY_ITERATIONS - left.done;
                counts[lane] = count as f32;
                most = most.max(count);
            }
            let (right, left): (L, L) = (row(rows, CONSTANT + 14 + CONSTANTS), row(rows, CONSTANT + 14));
            let (one, zero) = (L::splat(1.0), L::splat(0.0));
            let active = [right.ge(one), left.ge(one)];
            let lower = [one.ge(right), one.ge(left)];
            let mut sum: [L; 6] = [zero; 6];
            for (sum, at) in sum.iter_mut().zip(SUMS) {
                *sum = row(rows, at);
            }
            let counts = L::load(&counts);
            let mut pulled = zero.lt(zero);
            for block in 0..most as usize / PERIOD {
                let mut next = sum;
                for phase in 0..PERIOD {
                    for (i, next) in next.iter_mut().enumerate() {
                        *next = *next + row(added, 6 * phase + i);
                    }
                    for j in 0..2 {
                        let new = next[3 * j + 2];
                        let low = L::and(lower[j], new.lt(zero));
                        let high = L::and(L::not(lower[j]), zero.lt(new));
                        pulled = L::or(pulled, L::and(active[j], L::or(low, high)));
                    }
                }
                let running = L::splat((block * PERIOD) as f32).lt(counts);
                for (sum, next) in sum.iter_mut().zip(next) {
                    *sum = L::select(running, next, *sum);
                }
            }
            for (sum, at) in sum.iter().zip(SUMS) {
                put(rows, at, *sum);
            }
            let pulled = L::bits(pulled);
            for (lane, left) in chunk.iter().enumerate() {
                let problem = &mut worlds[left.job as usize].problem;
                if pulled >> lane & 1 == 1 {
                    problem.resume(scene, left.done);
                } else {
                    job::store(problem, rows, L::N, lane);
                }
            }
        }
    }

    /// Solves the problems with contacts of the worlds `jobs`, which all [fit](job::fits).
    #[inline(always)]
    pub fn solve_touching<L: Lanes>(&mut self, scene: &Scene, worlds: &mut [World], jobs: &[u32]) {
        let shared = Shared::<L>::new(scene);
        for chunk in jobs.chunks(L::N) {
            self.table[..CONTACT_ROWS * L::N].fill(0.0);
            for (lane, &job) in chunk.iter().enumerate() {
                job::load(&worlds[job as usize].problem, &mut self.table, L::N, lane, true);
            }
            let mut joints = Joints::<L>::load(&self.table);
            let mut slots: [Option<Contacts<L>>; 2 * SLOTS] = [None; 2 * SLOTS];
            for (i, slot) in slots.iter_mut().enumerate() {
                *slot = Contacts::load(&self.table, i);
            }
            for _ in 0..VELOCITY_ITERATIONS {
                joints.iterate(&shared);
                for (i, slot) in slots.iter_mut().enumerate() {
                    if let Some(contacts) = slot {
                        let leg = if i < SLOTS { 2 } else { 1 };
                        contacts.solve(shared.mb, shared.ib, &mut joints.velocities[leg]);
                    }
                }
            }
            joints.store(&mut self.table);
            for contacts in slots.iter().flatten() {
                contacts.store(&mut self.table);
            }
            for (lane, &job) in chunk.iter().enumerate() {
                job::store(&mut worlds[job as usize].problem, &self.table, L::N, lane);
            }
        }
    }
}
