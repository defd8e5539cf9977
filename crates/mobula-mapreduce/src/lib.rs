//! Typed MapReduce: *M* map tasks divide what they find in the input into *N* buckets, *N* reduce tasks each merge one
//! bucket of every map.
//!
//! ```text
//!  files ─▶ M splits ─▶ M map tasks ─┬─ bucket 0 ─▶ reduce task 0 ─▶ output 0
//!  (bytes, cut between words)        ├─ bucket 1 ─▶ reduce task 1 ─▶ output 1
//!                                    └─ …                            (N outputs)
//! ```
//!
//! A job is written at one of two levels. A [`Job`] is the textbook's: `map` emits key-value pairs, `combine` may join the
//! values of a key within a map task, `partition` picks a key's bucket, `reduce` makes a key's result. [`Stages`] is what
//! tasks run: a split to *N* buckets of any type, buckets of a partition to an output. Every `Job` is a `Stages`; a job with a
//! faster idea of its own (WordCount) implements `Stages` itself.
//!
//! [`tasks!`] makes the two tasks of a job, and [`MapReduce`] runs it:
//!
//! ```
//! use mobula::{LocalConfig, Ray};
//! use mobula_mapreduce::{Emit, Job, MapReduce, Text};
//! use serde::{Deserialize, Serialize};
//!
//! /// How often words of each length occur.
//! #[derive(Clone, Serialize, Deserialize)]
//! struct Lengths;
//!
//! impl Job for Lengths {
//!     type Key = usize;
//!     type Value = u64;
//!     type Output = u64;
//!
//!     fn map(&self, text: &Text<'_>, emit: &mut Emit<'_, Self>) -> anyhow::Result<()> {
//!         text.as_str()?.split_whitespace().for_each(|word| emit.pair(word.chars().count(), 1));
//!         Ok(())
//!     }
//!
//!     fn combine(&self, _length: &usize, so_far: &mut u64, more: u64) -> Option<u64> {
//!         *so_far += more;
//!         None
//!     }
//!
//!     fn reduce(&self, _length: &usize, counts: Vec<u64>) -> anyhow::Result<u64> {
//!         Ok(counts.iter().sum())
//!     }
//! }
//!
//! mobula_mapreduce::tasks!(Lengths, map = lengths_map, reduce = lengths_reduce);
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("text");
//! std::fs::write(&path, "to be or not to be")?;
//! let ray = Ray::local(LocalConfig::default());
//! let outcome = MapReduce::new(Lengths).map_tasks(3).reduce_tasks(2).run(&ray, &[path])?;
//! let mut lengths: Vec<(usize, u64)> = outcome.outputs.into_iter().flatten().collect();
//! lengths.sort();
//! assert_eq!(lengths, [(2, 5), (3, 1)]);
//! # Ok::<(), anyhow::Error>(())
//! ```

mod input;
mod job;
mod keyed;
mod run;
mod stages;
mod visible;

pub use input::{Input, files_below};
pub use job::{Emit, Job, Text};
pub use keyed::KeyedBucket;
pub use mobula_inputs::path_bytes::PathBytes;
pub use mobula_inputs::{InputError, LeftOut, warnings};
pub use run::{MapReduce, Outcome, Phase, Progress, Times};
pub use stages::{MapReport, Part, Stages, Tasks};

/// What [`tasks!`] expands to uses these; not for anybody else.
#[doc(hidden)]
pub mod private {
    pub use crate::stages::{run_map, run_reduce};
    pub use anyhow;
    pub use mobula;
}
