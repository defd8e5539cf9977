//! The learner beside PyTorch's, on the same batches from the same weights.
//!
//! The fixture holds PyTorch's weights in 32 bits and in 64 bits (`tests/python/record.py`). No two programs
//! round alike, so the weights may differ, by little: the largest difference must stay below 1e-6 after 20
//! steps and below 1e-4 after 2,000. One step of Adam moves a weight by up to 5e-4, so that is a five-hundredth
//! and a fifth of a single step; a wrong term, or a right one in the wrong step, shows at once. PyTorch in
//! 32 bits is itself much farther from PyTorch in 64 bits, which the test checks as well.

#![allow(clippy::unwrap_used)] // helpers of tests, outside a test function

use dqn::{Batch, Config, Learner, Transition, Weights, Width};

const FIXTURE: &[u8] = include_bytes!("fixtures/learner.bin");
const POOL: u64 = 1024;

/// SplitMix64, as in the recorder.
struct Stream(u64);

impl Stream {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn number(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / 8_388_608.0 - 1.0
    }
}

struct Recorded {
    lists: Vec<Vec<f32>>,
}

impl Recorded {
    fn load() -> Self {
        let numbers: Vec<f32> =
            FIXTURE.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        let lists: Vec<_> = numbers.chunks(numbers.len() / 6).map(<[f32]>::to_vec).collect();
        assert_eq!(lists.len(), 6);
        Self { lists }
    }

    fn weights(&self, list: usize) -> Weights {
        Weights::new([64, 64], self.lists[list].clone()).unwrap()
    }
}

/// Mean and largest distance.
fn distance(a: &[f32], b: &[f32]) -> [f64; 2] {
    let apart = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).abs();
    let sum: f64 = a.iter().zip(b).map(apart).sum();
    [sum / a.len() as f64, a.iter().zip(b).map(apart).fold(0.0, f64::max)]
}

/// A transition.
struct Seen {
    states: [[f32; 8]; 2],
    action: u8,
    reward: f32,
    done: bool,
}

impl Seen {
    fn of(stream: &mut Stream) -> Self {
        let states = [(); 2].map(|()| [(); 8].map(|()| stream.number()));
        let (action, reward) = ((stream.bits() % 4) as u8, stream.number());
        Self { states, action, reward, done: stream.bits().is_multiple_of(16) }
    }

    fn push(&self, batch: &mut Batch) {
        let Self { states: [state, next_state], action, reward, done } = *self;
        let discount = if done { 0.0 } else { 0.99 };
        batch.push(&Transition { state: &state, action, reward, next_state: &next_state, discount });
    }
}

/// The learner after each of the recorded numbers of steps.
fn learners(width: Width) -> [Learner; 2] {
    let mut stream = Stream(7);
    let pool: Vec<_> = (0..POOL).map(|_| Seen::of(&mut stream)).collect();
    let mut learner = Learner::with(Config::default(), &Recorded::load().weights(0), width).unwrap();
    let mut batch = Batch::default();
    [20, 2000].map(|steps| {
        while learner.steps() < steps {
            batch.clear();
            (0..64).for_each(|_| pool[(stream.bits() % POOL) as usize].push(&mut batch));
            learner.learn(&batch).unwrap();
        }
        learner.clone()
    })
}

#[test]
fn the_learner_takes_pytorchs_steps() {
    let recorded = Recorded::load();
    let [after20, after2000] = learners(Width::best());
    let moved = distance(recorded.weights(0).values(), after2000.weights().values());
    assert!(moved[0] > 0.01, "the weights hardly moved: {moved:?}");
    for (learner, single, double, tolerance) in [(&after20, 1, 2, 1e-6), (&after2000, 3, 4, 1e-4)] {
        let weights = learner.weights();
        let apart = distance(weights.values(), &recorded.lists[single]);
        let exact = &recorded.lists[double];
        let torch = distance(&recorded.lists[single], exact);
        let ours = distance(weights.values(), exact);
        let steps = learner.steps();
        println!("{steps} steps, mean and largest distance from PyTorch in 32 bits: {apart:?}");
        println!("and from 64 bits: PyTorch in 32 bits {torch:?}, here {ours:?}");
        assert!(apart[1] < tolerance, "{steps} steps: {apart:?} from PyTorch");
        assert!(ours[0] < 1.1 * torch[0], "{steps} steps: {ours:?} from 64 bits, PyTorch {torch:?}");
    }
    // The target network is a mean of the weights so far: no farther from 64 bits than they are.
    let [mean, largest] = distance(after2000.target_weights().values(), &recorded.lists[5]);
    let torch = distance(&recorded.lists[3], &recorded.lists[4]);
    println!("target network: {mean} {largest}");
    assert!(mean < torch[0] && largest < torch[1]);
}

#[test]
fn every_width_gives_the_same_bits() {
    for hidden in [[64, 64], [33, 7]] {
        let expected = after_a_few_steps(hidden, Width::best());
        for width in Width::ALL.into_iter().filter(|width| width.is_supported()) {
            assert_eq!(after_a_few_steps(hidden, width), expected, "{width:?}");
        }
    }
}

/// Weights, target weights and values; few steps, since the portable width is slow where it may not use the
/// processor's instructions.
fn after_a_few_steps(hidden: [usize; 2], width: Width) -> (Weights, Weights, Vec<f32>) {
    let mut stream = Stream(9);
    let config = Config { hidden, batch_size: 50, ..Config::default() };
    let mut learner = Learner::with(config, &Weights::initial(hidden, 1).unwrap(), width).unwrap();
    for _ in 0..10 {
        let mut batch = Batch::default();
        for _ in 0..50 {
            Seen::of(&mut stream).push(&mut batch);
        }
        learner.learn(&batch).unwrap();
    }
    let values = learner.values(&[0.25; 8]).to_vec();
    (learner.weights(), learner.target_weights(), values)
}
