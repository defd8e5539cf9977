//! WordCount as a MapReduce job, on the counting core's flat buckets.

use anyhow::Result;
use mobula::Blob;
use mobula_mapreduce::{Input, Stages};
use mobula_wordcount::{Counter, count_chunk, count_split, merge};
use serde::{Deserialize, Serialize};

/// The job and its parameters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WordCount {
    /// Invalid UTF-8 counts as U+FFFD instead of ending the job.
    pub lossy: bool,
    /// How many of its most frequent words each partition reports.
    pub top: usize,
    /// Whether each partition reports all its words, ranked.
    pub all: bool,
}

/// What one reduce task returns: the words of its partition, counted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Partition {
    /// How many words, repeated ones as often as they occur.
    pub words: u64,
    /// How many different ones.
    pub distinct: u64,
    /// The most frequent ones.
    pub top: Vec<(String, u64)>,
    /// All of them, as [`mobula_wordcount::Ranked`]; empty unless asked for.
    pub ranked: Blob,
}

impl Stages for WordCount {
    type Bucket = Blob;
    type Output = Partition;

    fn map(&self, input: &Input, partitions: usize) -> Result<Vec<Blob>> {
        let mut counter = if self.lossy { Counter::lossy() } else { Counter::new() };
        match input {
            Input::Files(split) => count_split(split, &mut counter)?,
            Input::Shipped(texts) => {
                texts.iter().try_for_each(|t| count_chunk(&t.path, t.offset, &t.text, &mut counter))?;
            }
        }
        Ok(counter
            .into_buckets(partitions)
            .into_iter()
            .map(|bucket| Blob::from(bucket.into_bytes()))
            .collect())
    }

    fn reduce(&self, buckets: Vec<&Blob>) -> Result<Partition> {
        let counts = merge(&buckets)?;
        let ranked = if self.all { counts.rank().into_bytes().into() } else { Blob::default() };
        Ok(Partition {
            words: counts.words(),
            distinct: counts.distinct(),
            top: counts.top(self.top),
            ranked,
        })
    }
}

mobula_mapreduce::tasks!(WordCount, map = count, reduce = merge_counts);
