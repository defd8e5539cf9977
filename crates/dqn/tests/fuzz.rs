//! What the fuzz target `checkpoint` does, on inputs from a seed, and how much memory each may take.

#![allow(clippy::unwrap_used)] // helpers of tests, outside a test function

#[path = "fuzz/body.rs"]
mod body;

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use dqn::Weights;
use dqn::checkpoint::encode;

/// The system's memory, and the largest piece of it that was asked for.
struct Counted;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's own allocator does the work.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static MEMORY: Counted = Counted;

/// No single piece of memory is larger than what a network's numbers may take; these inputs are far smaller.
const BOUND: usize = 1 << 20;

#[test]
fn seeded_bytes_are_weights_or_a_sentence_within_bounds() {
    let weights = Weights::initial([3, 2], 1).unwrap();
    let encoded = |name: &str| encode(&weights, Path::new(name)).unwrap();
    let (pth, safe) = (encoded("a.pth"), encoded("a.safetensors"));
    let mut pickle = Vec::new();
    zip::ZipArchive::new(Cursor::new(&pth)).unwrap().by_index(0).unwrap().read_to_end(&mut pickle).unwrap();
    let torch = include_bytes!("fixtures/torch.pth").to_vec();
    let seeds: Vec<(u8, Vec<u8>)> =
        vec![(0, pth), (0, safe.clone()), (0, torch), (1, pickle), (2, safe[8..].to_vec())];
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    for _ in 0..100_000 {
        let (form, seed) = &seeds[next() % seeds.len()];
        let mut data = vec![*form];
        data.extend(seed);
        for _ in 0..next() % 8 {
            let at = 1 + next() % (data.len() - 1);
            match next() % 4 {
                0 => data[at] = next() as u8,
                1 => data[at] ^= 1 << (next() % 8),
                2 => data.truncate(at + 1),
                _ => data.insert(at, next() as u8),
            }
        }
        LARGEST.store(0, Ordering::Relaxed);
        body::checkpoint(&data);
        let largest = LARGEST.load(Ordering::Relaxed);
        assert!(largest <= BOUND, "{largest} bytes at once for an input of {}", data.len());
    }
}
