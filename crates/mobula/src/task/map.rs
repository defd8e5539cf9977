//! Many small calls in few tasks.

use std::marker::PhantomData;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::call::option_setters;
use super::{Args, Options, Output, Scheduling, TaskCall, TaskDef, TaskFailure, catch};
use crate::{Error, IntoArg, ObjectRef, PlacementGroup, Ray, Result, RuntimeEnv, Value};

/// How long a chunk should run: long beside what a task costs, short beside a user's patience.
const CHUNK_SECONDS: f64 = 0.1;
/// How long it should run at least where there is too little work to go round: a task costs about a tenth of this.
const LEAST_SECONDS: f64 = 0.005;
/// Items of the first chunks, when nothing is known yet.
const FIRST: usize = 16;

/// A call of one task for each of many items; what `function::map(items)` returns.
///
/// The items travel in chunks, each one task of the engine, of a size that is chosen by how long the chunks before took. So a
/// call of a microsecond costs about that, where a task of its own would cost a millisecond on a cluster. Options count for each
/// chunk: a chunk whose worker is lost is tried again as a whole.
#[must_use = "nothing runs before `collect`"]
pub struct MapCall<I, T> {
    task: &'static TaskDef,
    items: Vec<I>,
    overrides: Option<Box<Options>>,
    kind: PhantomData<fn() -> T>,
}

/// What became of a chunk's items.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Chunk<T> {
    /// Of the items that went well, in order.
    values: Vec<T>,
    /// The others, by their place in the chunk.
    failures: Vec<(usize, Failure)>,
    seconds: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Failure {
    message: String,
    panicked: bool,
}

/// For the macro: runs a chunk, each item by `call`.
///
/// # Errors
/// Where the items cannot be read. What an item fails with stands in the chunk.
pub fn run_chunk<I: Value, T: Value>(
    mut args: Args<'_>,
    mut call: impl FnMut(I) -> Result<T, TaskFailure>,
) -> Result<Output, TaskFailure> {
    let items: Vec<I> = args.next::<Vec<I>>("items")?.into_owned();
    let begin = Instant::now();
    let mut chunk = Chunk { values: Vec::with_capacity(items.len()), failures: Vec::new(), seconds: 0.0 };
    for (at, item) in items.into_iter().enumerate() {
        match catch(|| call(item)) {
            Ok(value) => chunk.values.push(value),
            Err(failure) => {
                let TaskFailure { message, panicked, .. } = failure;
                chunk.failures.push((at, Failure { message, panicked }));
            }
        }
    }
    chunk.seconds = begin.elapsed().as_secs_f64();
    Ok(Output::new(chunk, None))
}

impl<I: Value, T: Value> MapCall<I, T> {
    #[doc(hidden)]
    pub fn new(task: &'static TaskDef, items: impl IntoIterator<Item = I>) -> Self {
        MapCall { task, items: items.into_iter().collect(), overrides: None, kind: PhantomData }
    }

    fn over(&mut self) -> &mut Options {
        self.overrides.get_or_insert_default()
    }

    /// Runs the task for every item and waits for all: a value or an error for each, in the items' order.
    ///
    /// # Errors
    /// As [`TaskCall::submit`]. What single items fail with stands in their places; so does the loss of a chunk.
    pub fn collect(self, ray: &Ray) -> Result<Vec<Result<T>>> {
        let cpus = ray.cluster_resources()?.get("CPU").copied().unwrap_or(1.0);
        let mut pace = Pace::new(cpus.max(1.0) as usize);
        let total = self.items.len();
        let mut items = self.items.into_iter();
        let mut results: Vec<Option<Result<T>>> = Vec::new();
        results.resize_with(total, || None);
        let mut under_way: Vec<(usize, usize, ObjectRef<Chunk<T>>)> = Vec::new();
        loop {
            while under_way.len() < pace.in_flight && items.len() > 0 {
                let start = total - items.len();
                let chunk: Vec<I> = items.by_ref().take(pace.next(total - start)).collect();
                let len = chunk.len();
                let args = vec![IntoArg::<Vec<I>>::into_arg(chunk)];
                let call = TaskCall::with(self.task, args, self.overrides.clone());
                under_way.push((start, len, call.submit(ray)?));
            }
            if under_way.is_empty() {
                break;
            }
            let refs: Vec<ObjectRef<Chunk<T>>> =
                under_way.iter().map(|(.., object)| object.clone()).collect();
            let ready = ray.ready(&refs, 1, None)?;
            drop(refs);
            let (done, rest): (Vec<_>, Vec<_>) =
                under_way.into_iter().zip(ready).partition(|(_, ready)| *ready);
            under_way = rest.into_iter().map(|(chunk, _)| chunk).collect();
            for ((start, len, object), _) in done {
                let places = &mut results[start..start + len];
                match object.get(ray) {
                    Ok(chunk) => {
                        pace.learn(len, chunk.seconds);
                        chunk.settle(self.task.name, places);
                    }
                    Err(error) => places.iter_mut().for_each(|place| *place = Some(Err(error.clone()))),
                }
            }
        }
        let missing = || Err(Error::Internal("a chunk came back with too few results".into()));
        Ok(results.into_iter().map(|result| result.unwrap_or_else(missing)).collect())
    }

    /// As [`collect`](MapCall::collect), where one error is an error of all.
    ///
    /// # Errors
    /// The first failure in the items' order.
    pub fn try_collect(self, ray: &Ray) -> Result<Vec<T>> {
        self.collect(ray)?.into_iter().collect()
    }
}

impl<T> Chunk<T> {
    /// Writes each item's result into its place.
    fn settle(self, task: &str, places: &mut [Option<Result<T>>]) {
        let (mut values, mut failures) = (self.values.into_iter(), self.failures.into_iter().peekable());
        for (at, place) in places.iter_mut().enumerate() {
            *place = match failures.next_if(|(failed, _)| *failed == at) {
                Some((_, Failure { message, panicked })) => {
                    Some(Err(Error::TaskFailed { task: task.into(), message, panicked }))
                }
                None => values.next().map(Ok),
            };
        }
    }
}

/// How large chunks are, by how long they took.
struct Pace {
    in_flight: usize,
    /// Of one item; `None` until a chunk is back.
    seconds: Option<f64>,
}

impl Pace {
    fn new(cpus: usize) -> Pace {
        // Two for each CPU: while one runs, the next is on its way.
        Pace { in_flight: 2 * cpus.min(1000), seconds: None }
    }

    /// Items of the next chunk, where so many are left.
    fn next(&self, left: usize) -> usize {
        // The last chunks grow small, so that all CPUs end at about the same time.
        let share = left.div_ceil(2 * self.in_flight);
        let size = match self.seconds {
            None => FIRST.min(share),
            Some(seconds) => {
                let fit = |time: f64| (time / seconds.max(1e-9)).min(1e9) as usize;
                share.max(fit(LEAST_SECONDS)).min(fit(CHUNK_SECONDS))
            }
        };
        size.clamp(1, left.max(1))
    }

    /// Newer chunks count for more: items may grow dearer on the way.
    fn learn(&mut self, items: usize, seconds: f64) {
        let new = seconds / items.max(1) as f64;
        self.seconds = Some(self.seconds.map_or(new, |old| 0.5 * (old + new)));
    }
}

option_setters! {
    [impl<I: Value, T: Value> MapCall<I, T>] |call| call.over();
    /// CPUs that each chunk takes while it runs.
    num_cpus(n: f64) |o| o.num_cpus = Some(n);
    /// Bytes of memory that each chunk reserves.
    memory(bytes: u64) |o| o.memory = Some(bytes);
    /// An amount of a custom resource.
    resource(name: impl Into<String>, amount: f64) |o| { o.resources.insert(name.into(), amount) };
    /// How often a chunk is tried again whose worker was lost; -1 for ever.
    max_retries(n: i64) |o| o.max_retries = Some(n);
    /// Spread the chunks over the nodes: Ray's `"SPREAD"`.
    spread() |o| o.scheduling = Some(Scheduling::Spread);
    /// In a [placement group](PlacementGroup): in this bundle, or in any with room.
    placement_group(group: &PlacementGroup, bundle: Option<usize>)
        |o| o.scheduling = Some(Scheduling::in_group(group, bundle));
    /// What the chunks' processes need to find there.
    runtime_env(env: RuntimeEnv) |o| o.runtime_env = Some(env);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_follow_the_measured_time() {
        let mut pace = Pace::new(2);
        assert_eq!(pace.in_flight, 4);
        assert_eq!(pace.next(1_000_000), FIRST);
        assert_eq!(pace.next(3), 1);
        pace.learn(FIRST, 1.6); // a tenth of a second for each item
        assert_eq!(pace.next(1_000_000), 1);
        let mut pace = Pace::new(2);
        pace.learn(FIRST, 16e-6); // a microsecond
        assert_eq!(pace.next(10_000_000), 100_000);
        // Everybody gets a share, but none too small to be worth a task.
        assert_eq!(pace.next(80_000), 10_000);
        assert_eq!(pace.next(8_000), 5_000);
        assert_eq!(pace.next(7), 7);
    }

    #[test]
    fn results_go_to_their_places() {
        let failure = |n: usize| (n, Failure { message: n.to_string(), panicked: false });
        let chunk = Chunk { values: vec!["b", "c"], failures: vec![failure(0), failure(3)], seconds: 0.0 };
        let mut places = [const { None }; 4];
        chunk.settle("t", &mut places);
        let texts = places.map(|place| place.unwrap().map_or_else(|e| e.to_string(), str::to_string));
        assert_eq!(texts, ["task t failed: 0", "b", "c", "task t failed: 3"]);
    }
}
