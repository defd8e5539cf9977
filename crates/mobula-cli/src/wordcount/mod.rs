//! WordCount: the job, and what becomes of its result.

mod job;
mod output;

pub use job::{Partition, WordCount};
pub use output::{Format, check, write_output};
