//! What a learn step and a greedy action take, and what they would take at the processor's peak.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::config::{ACTIONS, Config, STATE};
use crate::error::Error;
use crate::learner::Learner;
use crate::random::Random;
use crate::replay::{Batch, Replay, Transition};
use crate::rows::Row;
use crate::simd::lanes::Lanes;
use crate::simd::{Width, dispatch};
use crate::weights::Weights;

/// All measurements, of one core.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The vectors in use.
    pub width: Width,
    /// Neurons of the hidden layers.
    pub hidden: [usize; 2],
    /// Transitions in a learn step.
    pub batch_size: usize,
    /// Fused multiply-adds of independent sums, measured, in GFLOP/s.
    pub peak: f64,
    /// The measurements.
    pub rows: Vec<Line>,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What was done.
    pub name: &'static str,
    /// The fastest of several runs, in µs each.
    pub micros: f64,
    /// Arithmetic of the network's layers, in floating-point operations, those with zeros included, which the
    /// learner leaves out; 0 where there is none.
    pub flop: f64,
}

impl Line {
    /// Achieved speed in GFLOP/s.
    pub fn gflops(&self) -> f64 {
        self.flop / self.micros / 1e3
    }
}

impl Table {
    /// What the work would take at the peak, in µs.
    pub fn floor(&self, line: &Line) -> f64 {
        line.flop / self.peak / 1e3
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.hidden;
        writeln!(
            f,
            "network {STATE}-{first}-{second}-{ACTIONS}, batch {}, {:?}, peak {:.0} GFLOP/s",
            self.batch_size, self.width, self.peak
        )?;
        writeln!(f, "{:<16} {:>9} {:>9} {:>9} {:>8}", "", "µs", "floor µs", "GFLOP/s", "of peak")?;
        for line in &self.rows {
            write!(f, "{:<16} {:>9.3}", line.name, line.micros)?;
            if line.flop > 0.0 {
                let share = 100.0 * self.floor(line) / line.micros;
                write!(f, " {:>9.3} {:>9.1} {:>6.0} %", self.floor(line), line.gflops(), share)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Multiplications and additions of the layers in a forward pass of one sample.
fn forward_flop([first, second]: [usize; 2]) -> f64 {
    2.0 * (STATE * first + first * second + second * ACTIONS) as f64
}

/// The same for a learn step: two forward passes, the gradients of all weights, and those of both hidden
/// layers.
fn learn_flop(hidden: [usize; 2], batch: usize) -> f64 {
    let back = 2 * (hidden[1] * ACTIONS + hidden[0] * hidden[1]);
    batch as f64 * (3.0 * forward_flop(hidden) + back as f64)
}

/// Measures for about `time` per line.
///
/// # Errors
///
/// A parameter out of its range.
pub fn bench(config: &Config, width: Width, time: Duration) -> Result<Table, Error> {
    let weights = Weights::initial(config.hidden, 1)?;
    let mut learner = Learner::with(config.clone(), &weights, width)?;
    let width = learner.width();
    let mut random = Random::new(2);
    let mut replay = Replay::new(config.replay_capacity, STATE);
    let mut number = move || (2.0 * random.unit() - 1.0) as f32;
    for i in 0..config.replay_capacity {
        replay.push(&Transition {
            state: &[(); STATE].map(|()| number()),
            action: (i % ACTIONS) as u8,
            reward: number(),
            next_state: &[(); STATE].map(|()| number()),
            discount: if i.is_multiple_of(100) { 0.0 } else { 0.99 },
        });
    }
    let mut random = Random::new(3);
    let mut batches = vec![Batch::default(); 64];
    for batch in &mut batches {
        replay.sample(config.batch_size, &mut random, batch);
    }
    let mut next = 0;
    let learn = fastest(time, 2, || {
        next = (next + 1) % batches.len();
        black_box(learner.learn(&batches[next])).map(drop)
    })?;
    let states = &batches[0].states;
    let act = fastest(time, 400, || {
        next = (next + 1) % config.batch_size;
        black_box(learner.greedy(black_box(&states[STATE * next..][..STATE])));
        Ok(())
    })?;
    let mut batch = Batch::default();
    let sample = fastest(time, 16, || {
        replay.sample(config.batch_size, &mut random, black_box(&mut batch));
        Ok(())
    })?;
    // About as long as the other runs: turbo and neighbours then favour neither.
    let rounds = 40_000;
    let peak = fastest(time, 1, || {
        black_box(multiply_add(width, rounds));
        Ok(())
    })?;
    let peak_flop = (2 * SUMS * crate::rows::LANES * rounds) as f64;
    let line = |name, micros, flop| Line { name, micros, flop };
    Ok(Table {
        width,
        hidden: config.hidden,
        batch_size: config.batch_size,
        peak: peak_flop / peak / 1e3,
        rows: vec![
            line("learn step", learn, learn_flop(config.hidden, config.batch_size)),
            line("greedy action", act, forward_flop(config.hidden)),
            line("sample a batch", sample, 0.0),
        ],
    })
}

/// µs per call, of the fastest run of `calls` calls.
fn fastest(time: Duration, calls: u32, mut call: impl FnMut() -> Result<(), Error>) -> Result<f64, Error> {
    let start = Instant::now();
    let mut fastest = f64::INFINITY;
    while start.elapsed() < time || fastest.is_infinite() {
        let run = Instant::now();
        for _ in 0..calls {
            call()?;
        }
        fastest = fastest.min(run.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
    }
    Ok(fastest)
}

/// Independent sums of [`multiply_add`]: enough to hide the latency at every width.
const SUMS: usize = 6;

/// Fused multiply-adds and nothing else.
fn multiply_add(width: Width, rounds: usize) -> f32 {
    #[inline(always)]
    fn generic<L: Lanes>(rounds: usize) -> f32 {
        let mut sums = [L::zero(); SUMS];
        let (a, b) = (L::splat(black_box(0.5)), L::splat(black_box(0.25)));
        for _ in 0..rounds {
            for sum in &mut sums {
                *sum = sum.fma(a, b);
            }
        }
        let mut total = 0.0;
        for sum in sums {
            let mut row = Row::ZERO;
            sum.store(&mut row);
            // Every lane counts, or the compiler leaves some out.
            total += row.0.iter().sum::<f32>();
        }
        total
    }
    dispatch!(width, generic(rounds: usize) -> f32)
}
