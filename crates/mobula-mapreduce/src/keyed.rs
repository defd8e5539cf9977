//! From key-value pairs to tasks.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::input::Input;
use crate::job::{Emit, Job};
use crate::stages::Stages;

/// What one map found for one reduce: its keys in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyedBucket<K, V>(Vec<(K, Vec<V>)>);

/// Each reduce returns its keys in order, with their results.
impl<J: Job> Stages for J {
    type Bucket = KeyedBucket<J::Key, J::Value>;
    type Output = Vec<(J::Key, J::Output)>;

    fn map(&self, input: &Input, partitions: usize) -> Result<Vec<Self::Bucket>> {
        let mut emit = Emit { job: self, pairs: HashMap::new() };
        input.texts(|text| Job::map(self, text, &mut emit))?;
        let mut buckets: Vec<Self::Bucket> = (0..partitions).map(|_| KeyedBucket(Vec::new())).collect();
        for (key, values) in emit.pairs {
            let to = self.partition(&key, partitions);
            ensure!(to < partitions, "the job puts a key into bucket {to} of {partitions}");
            buckets[to].0.push((key, values));
        }
        // A hash map's order differs from run to run; what travels must not.
        buckets.iter_mut().for_each(|bucket| bucket.0.sort_by(|(a, _), (b, _)| a.cmp(b)));
        Ok(buckets)
    }

    fn reduce(&self, buckets: Vec<&Self::Bucket>) -> Result<Self::Output> {
        let mut all: BTreeMap<&J::Key, Vec<J::Value>> = BTreeMap::new();
        for (key, values) in buckets.iter().flat_map(|bucket| &bucket.0) {
            all.entry(key).or_default().extend(values.iter().cloned());
        }
        all.into_iter().map(|(key, values)| Ok((key.clone(), Job::reduce(self, key, values)?))).collect()
    }
}
