//! numpy's random numbers: a seed of up to 128 bits, the PCG64 generator, and two distributions.
//!
//! Gymnasium seeds a `numpy.random.Generator` with `PCG64(SeedSequence(seed))`. The environment draws
//! uniform numbers and, with wind, two bounded integers from it, so these are all that is needed.

mod pcg64;
mod seed_sequence;

pub use pcg64::Generator;
