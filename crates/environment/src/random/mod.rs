//! numpy's random numbers: a seed of up to 128 bits, the PCG64 generator, and two distributions.
//!
//! Gymnasium seeds a `numpy.random.Generator` with `PCG64(SeedSequence(seed))`. Environments draw
//! uniform numbers and bounded integers from it, so these are all that is needed.

mod pcg64;
mod seed_sequence;

pub use pcg64::Generator;
