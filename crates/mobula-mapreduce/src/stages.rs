//! A job as its tasks see it.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use mobula::{TaskCall, Value};
use serde::{Deserialize, Serialize};

use crate::input::Input;

/// A job at the level of tasks: what a map task makes of its split, and a reduce task of its buckets.
pub trait Stages: Value {
    /// What one map sends to one reduce. Anything large in it should be a [`Blob`](mobula::Blob).
    type Bucket: Value;
    /// What one reduce returns.
    type Output: Value;

    /// Divides what is in the split into exactly `partitions` buckets.
    ///
    /// The same key has to go to the same bucket in every map, on every machine: use a fixed hash.
    ///
    /// # Errors
    /// Whatever is wrong with the input; it ends the job.
    fn map(&self, input: &Input, partitions: usize) -> Result<Vec<Self::Bucket>>;

    /// Merges the buckets of one partition, one of each map, in the order of the splits.
    ///
    /// # Errors
    /// Whatever is wrong with them; it ends the job.
    fn reduce(&self, buckets: Vec<&Self::Bucket>) -> Result<Self::Output>;
}

/// [`Stages`] whose tasks are registered: [`tasks!`](crate::tasks) implements it.
pub trait Tasks: Stages {
    /// A call of the map task.
    fn map_call(
        job: &mobula::ObjectRef<Self>,
        input: Input,
        partitions: usize,
    ) -> TaskCall<Vec<Part<Self::Bucket>>>;
    /// A call of the reduce task, which gets one part of every map.
    fn reduce_call(
        job: &mobula::ObjectRef<Self>,
        parts: Vec<mobula::ObjectRef<Part<Self::Bucket>>>,
    ) -> TaskCall<Self::Output>;
}

/// One object of what a map task returns: its report first, then its buckets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Part<B> {
    /// What the task has to say of itself.
    Report(MapReport),
    /// What it found, for one reduce.
    Bucket(B),
}

/// What a map task did.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct MapReport {
    /// Bytes of its split.
    pub bytes: u64,
    /// How long it took.
    pub seconds: f64,
    /// The process that ran it.
    pub process: u32,
}

/// The body of every map task.
///
/// # Errors
/// The job's.
pub fn run_map<S: Stages>(job: &S, input: &Input, partitions: usize) -> Result<Vec<Part<S::Bucket>>> {
    let start = Instant::now();
    let buckets = job.map(input, partitions)?;
    ensure!(
        buckets.len() == partitions,
        "the job's map made {} buckets instead of {partitions}",
        buckets.len()
    );
    let report = MapReport {
        bytes: input.bytes(),
        seconds: start.elapsed().as_secs_f64(),
        process: std::process::id(),
    };
    Ok(std::iter::once(Part::Report(report)).chain(buckets.into_iter().map(Part::Bucket)).collect())
}

/// The body of every reduce task.
///
/// # Errors
/// The job's.
pub fn run_reduce<S: Stages>(job: &S, parts: &[Part<S::Bucket>]) -> Result<S::Output> {
    let buckets: Option<Vec<&S::Bucket>> = parts
        .iter()
        .map(|part| match part {
            Part::Bucket(bucket) => Some(bucket),
            Part::Report(_) => None,
        })
        .collect();
    job.reduce(buckets.context("a report came where a bucket was expected")?)
}

/// Makes the map and the reduce task of a job: `tasks!(Type, map = name, reduce = name)`.
///
/// The names are those that Ray shows, after the module's path.
#[macro_export]
macro_rules! tasks {
    ($job:ty, map = $map:ident, reduce = $reduce:ident) => {
        const _: () = {
            use $crate::private::{anyhow, mobula};

            #[mobula::task(scheduling = "SPREAD")]
            fn $map(
                job: &$job,
                input: &$crate::Input,
                partitions: usize,
            ) -> anyhow::Result<Vec<$crate::Part<<$job as $crate::Stages>::Bucket>>> {
                $crate::private::run_map(job, input, partitions)
            }

            #[mobula::task(scheduling = "SPREAD")]
            fn $reduce(
                job: &$job,
                parts: &[$crate::Part<<$job as $crate::Stages>::Bucket>],
            ) -> anyhow::Result<<$job as $crate::Stages>::Output> {
                $crate::private::run_reduce(job, parts)
            }

            impl $crate::Tasks for $job {
                fn map_call(
                    job: &mobula::ObjectRef<Self>,
                    input: $crate::Input,
                    partitions: usize,
                ) -> mobula::TaskCall<Vec<$crate::Part<<$job as $crate::Stages>::Bucket>>> {
                    $map::remote(job, input, partitions)
                }

                fn reduce_call(
                    job: &mobula::ObjectRef<Self>,
                    parts: Vec<mobula::ObjectRef<$crate::Part<<$job as $crate::Stages>::Bucket>>>,
                ) -> mobula::TaskCall<<$job as $crate::Stages>::Output> {
                    $reduce::remote(job, parts)
                }
            }
        };
    };
}
