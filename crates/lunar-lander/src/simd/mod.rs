//! The velocity problems of many environments at once, on the widest vectors that the processor has.
//!
//! The solvers are generic over [`Lanes`](lanes::Lanes): one source, and one instance of it for every width.
//! [`Width::best`] asks the processor; a width can also be chosen, to compare them. All give the bits of the
//! scalar path. `unsafe` is confined to this module: to the processor's instructions in [`x86`], and to
//! calling functions that use them after asking whether they are there.

mod contacts;
mod job;
mod joints;
mod lanes;
mod pool;
#[cfg(target_arch = "x86_64")]
mod x86;

use lanes::{Lanes, Pair, Portable};
use pool::Pool;

use crate::physics::scene::{SCENE, Scene};
use crate::physics::world::World;

/// How many environments share a vector, and with which instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// One environment after the other, without vectors.
    Scalar,
    /// 4 at a time, in plain Rust.
    Portable4,
    /// 8 at a time, in plain Rust: what AVX2 does, on any machine.
    Portable8,
    /// 16 at a time, in plain Rust: what AVX-512 does, on any machine.
    Portable16,
    /// Twice 8 at a time.
    Avx2,
    /// Twice 16 at a time.
    Avx512,
}

impl Width {
    /// Every width, widest last.
    pub const ALL: [Self; 6] =
        [Self::Scalar, Self::Portable4, Self::Portable8, Self::Portable16, Self::Avx2, Self::Avx512];

    /// The fastest width that this processor runs.
    pub fn best() -> Self {
        [Self::Avx512, Self::Avx2].into_iter().find(|width| width.is_supported()).unwrap_or(Self::Portable4)
    }

    /// Whether this processor runs the width.
    pub fn is_supported(self) -> bool {
        match self {
            Self::Scalar | Self::Portable4 | Self::Portable8 | Self::Portable16 => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => std::arch::is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => std::arch::is_x86_feature_detected!("avx512f"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }
}

/// So few problems are solved faster one by one.
const FEW: usize = 2;

/// Solves the problems of many worlds.
#[derive(Clone, Debug)]
pub struct Solver {
    width: Width,
    pool: Pool,
    /// Worlds whose problems have no contacts, and those whose have.
    free: Vec<u32>,
    touching: Vec<(u32, u32)>,
    sorted: Vec<u32>,
}

impl Solver {
    /// A solver of `width`, or of the best width when this processor does not run it.
    pub fn new(width: Width) -> Self {
        let width = if width.is_supported() { width } else { Width::best() };
        Self { width, pool: Pool::default(), free: Vec::new(), touching: Vec::new(), sorted: Vec::new() }
    }

    /// The width in use.
    pub fn width(&self) -> Width {
        self.width
    }

    /// Forgets all problems.
    pub fn clear(&mut self) {
        self.free.clear();
        self.touching.clear();
    }

    /// Adds the problem of world `index`; one that has no place in a lane is solved on the spot.
    pub fn push(&mut self, index: u32, world: &mut World) {
        let problem = &mut world.problem;
        if self.width == Width::Scalar || !job::fits(problem) {
            problem.solve(&SCENE);
        } else if problem.contacts.is_empty() {
            self.free.push(index);
        } else {
            self.touching.push((job::shape(problem), index));
        }
    }

    /// Solves all problems that were added.
    pub fn solve(&mut self, worlds: &mut [World]) {
        if self.free.len() + self.touching.len() <= FEW {
            for index in self.free.iter().copied().chain(self.touching.iter().map(|&(_, index)| index)) {
                worlds[index as usize].problem.solve(&SCENE);
            }
            return;
        }
        // Alike contacts side by side: a slot that is empty in all lanes costs nothing.
        self.touching.sort_unstable();
        self.sorted.clear();
        self.sorted.extend(self.touching.iter().map(|&(_, index)| index));
        let scene: &Scene = &SCENE;
        let (pool, free, touching) = (&mut self.pool, &self.free[..], &self.sorted[..]);
        match self.width {
            Width::Scalar => {}
            Width::Portable4 => run::<Portable<4>>(pool, scene, worlds, free, touching),
            Width::Portable8 => run::<Portable<8>>(pool, scene, worlds, free, touching),
            Width::Portable16 => run::<Portable<16>>(pool, scene, worlds, free, touching),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `new` keeps a width only if `is_supported` found its instructions.
            Width::Avx2 => unsafe { run_avx2(pool, scene, worlds, free, touching) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Width::Avx512 => unsafe { run_avx512(pool, scene, worlds, free, touching) },
            #[cfg(not(target_arch = "x86_64"))]
            Width::Avx2 | Width::Avx512 => {}
        }
    }
}

#[inline(always)]
fn run<L: Lanes>(pool: &mut Pool, scene: &Scene, worlds: &mut [World], free: &[u32], touching: &[u32]) {
    pool.solve_free::<L>(scene, worlds, free);
    pool.solve_touching::<L>(scene, worlds, touching);
}

/// # Safety
///
/// The processor must have AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn run_avx2(pool: &mut Pool, scene: &Scene, worlds: &mut [World], free: &[u32], touching: &[u32]) {
    run::<Pair<x86::Avx2>>(pool, scene, worlds, free, touching);
}

/// # Safety
///
/// The processor must have AVX-512F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn run_avx512(pool: &mut Pool, scene: &Scene, worlds: &mut [World], free: &[u32], touching: &[u32]) {
    run::<Pair<x86::Avx512>>(pool, scene, worlds, free, touching);
}
