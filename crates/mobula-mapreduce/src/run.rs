//! The driver's side of a job.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mobula::{ObjectRef, Ray};
use mobula_inputs::LeftOut;
use mobula_inputs::path_bytes::PathBytes;
use mobula_wordcount::{Split, plan_splits};

use crate::input::{Input, find};
use crate::stages::{MapReport, Part, Tasks};
use crate::visible;

/// A job with its parameters, ready to run.
pub struct MapReduce<S> {
    job: S,
    map_tasks: Option<usize>,
    reduce_tasks: Option<usize>,
    num_cpus: f64,
    ship: bool,
    progress: Box<dyn FnMut(Progress)>,
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Which tasks are counted.
    pub phase: Phase,
    /// How many of them are done.
    pub done: usize,
    /// How many there are.
    pub of: usize,
    /// Bytes that have been mapped.
    pub bytes: u64,
}

/// A job's two halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Map tasks.
    Map,
    /// Reduce tasks.
    Reduce,
}

/// What became of a job.
#[derive(Debug)]
pub struct Outcome<T> {
    /// What each reduce returned, in the order of the partitions.
    pub outputs: Vec<T>,
    /// How many map tasks there were.
    pub map_tasks: usize,
    /// How many files.
    pub files: usize,
    /// How many bytes.
    pub bytes: u64,
    /// Whether the driver read the files and sent the text.
    pub shipped: bool,
    /// What is below a folder and could not be read: the result lacks it.
    pub left_out: Vec<LeftOut>,
    /// What each map task had to say of itself.
    pub maps: Vec<MapReport>,
    /// Where the time went.
    pub times: Times,
}

/// Wall time by phase, in seconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// Listing the files, planning the splits, finding out who can read them.
    pub plan: f64,
    /// From the first map's submission to the last one's end.
    pub map: f64,
    /// From there to the last reduce's result.
    pub reduce: f64,
}

/// How much of the input a task is sent at once, unless it is said how many tasks there are.
const CHUNK: u64 = 64 << 20;

/// More buckets than any job needs: each is an object, and tasks times tasks are soon many.
const MOST_BUCKETS: usize = 10_000_000;

/// How often the progress is told at most.
const TELL: Duration = Duration::from_millis(100);

impl<S: Tasks> MapReduce<S> {
    /// As many map and reduce tasks as there are CPUs, one CPU each.
    pub fn new(job: S) -> Self {
        MapReduce {
            job,
            map_tasks: None,
            reduce_tasks: None,
            num_cpus: 1.0,
            ship: false,
            progress: Box::new(|_| {}),
        }
    }

    /// *M*, the number of map tasks; at least 1.
    pub fn map_tasks(mut self, m: usize) -> Self {
        self.map_tasks = Some(m);
        self
    }

    /// *N*, the number of reduce tasks; at least 1.
    pub fn reduce_tasks(mut self, n: usize) -> Self {
        self.reduce_tasks = Some(n);
        self
    }

    /// CPUs that each task takes.
    pub fn num_cpus(mut self, n: f64) -> Self {
        self.num_cpus = n;
        self
    }

    /// Has the driver read the files and send the text, even where the workers could read them.
    pub fn ship(mut self, yes: bool) -> Self {
        self.ship = yes;
        self
    }

    /// Tells how far the job has come.
    pub fn progress(mut self, tell: impl FnMut(Progress) + 'static) -> Self {
        self.progress = Box::new(tell);
        self
    }

    /// Runs the job over the files that the paths name, as `mobula_inputs` finds them.
    ///
    /// Where workers see the driver's files, each map task reads its own split; otherwise the driver sends the text, a
    /// few splits ahead of the tasks.
    ///
    /// # Errors
    /// [`InputError`](crate::InputError); the first failure in the order of the input, whatever order the tasks ran in;
    /// what [`Ray`] has to say.
    pub fn run(mut self, ray: &Ray, paths: &[PathBuf]) -> Result<Outcome<S::Output>> {
        let start = Instant::now();
        ensure!(self.map_tasks != Some(0), "a job needs at least one map task");
        ensure!(self.reduce_tasks != Some(0), "a job needs at least one reduce task");
        let cpus = ray.cluster_resources()?.get("CPU").map_or(1, |n| (*n as usize).max(1));
        let found = find(paths)?;
        // A worker's current directory is its own.
        let here = std::env::current_dir().context("cannot tell the current folder")?;
        let place = |path: &Path| here.join(path);
        let shipped = self.ship || !visible::on_all_nodes(ray, &found.files, place)?;
        let files: Vec<(&Path, u64)> =
            found.files.iter().map(|file| (file.path.as_path(), file.length)).collect();
        let bytes = files.iter().map(|(_, length)| length).sum::<u64>();
        let chunks = if shipped { usize::try_from(bytes / CHUNK).unwrap_or(usize::MAX) } else { 0 };
        let maps = self.map_tasks.unwrap_or(cpus.max(chunks));
        let partitions = self.reduce_tasks.unwrap_or(cpus);
        ensure!(
            maps.saturating_mul(partitions) <= MOST_BUCKETS,
            "{maps} map tasks and {partitions} reduce tasks make {} buckets, and there may be {MOST_BUCKETS}",
            maps.saturating_mul(partitions)
        );
        let mut splits = plan_splits(&files, maps);
        for piece in splits.iter_mut().flat_map(|split| &mut split.pieces) {
            // In messages and results a file has the name that the user knows it by.
            let known = mobula::Files::original(&piece.path);
            if known != piece.path || (!ray.is_local() && piece.path.is_relative()) {
                piece.at = Some(PathBytes(place(&piece.path)));
                piece.path = known;
            }
        }
        let job = ray.put(self.job.clone())?;
        let times = Times { plan: start.elapsed().as_secs_f64(), ..Times::default() };
        let outcome = Outcome {
            outputs: Vec::new(),
            map_tasks: splits.len(),
            files: files.len(),
            bytes,
            shipped,
            left_out: found.left_out,
            maps: Vec::new(),
            times,
        };

        let start = Instant::now();
        let ahead = if shipped { 2 * cpus } else { usize::MAX };
        let (maps, columns) = self.maps(ray, &job, splits, partitions, ahead, shipped)?;
        let times = Times { map: start.elapsed().as_secs_f64(), ..outcome.times };

        let start = Instant::now();
        let outputs = self.reduces(ray, &job, columns)?;
        let times = Times { reduce: start.elapsed().as_secs_f64(), ..times };
        Ok(Outcome { outputs, maps, times, ..outcome })
    }

    /// Runs the maps; gives their reports, and for each partition the parts that all maps made for it.
    #[allow(clippy::type_complexity)]
    fn maps(
        &mut self,
        ray: &Ray,
        job: &ObjectRef<S>,
        splits: Vec<Split>,
        partitions: usize,
        ahead: usize,
        ship: bool,
    ) -> Result<(Vec<MapReport>, Vec<Vec<ObjectRef<Part<S::Bucket>>>>)> {
        let of = splits.len();
        let mut splits = splits.into_iter();
        let mut columns: Vec<Vec<_>> = (0..partitions).map(|_| Vec::with_capacity(of)).collect();
        let mut waiting: VecDeque<ObjectRef<Part<S::Bucket>>> = VecDeque::new();
        let (mut reports, mut bytes) = (Vec::with_capacity(of), 0);
        while reports.len() < of {
            for split in splits.by_ref().take(ahead.saturating_sub(waiting.len())) {
                let input = if ship { Input::read(&split)? } else { Input::Files(split) };
                let call = S::map_call(job, input, partitions).num_cpus(self.num_cpus);
                let mut parts = call.num_returns(partitions + 1).submit_all(ray)?.into_iter();
                waiting.extend(parts.next());
                columns.iter_mut().zip(parts).for_each(|(column, part)| column.push(part));
            }
            // In the order of the input, so that of several mistakes in it always the same one is reported.
            let Some(first) = waiting.front() else { break };
            match ray.get_timeout(first, TELL) {
                Err(mobula::Error::Timeout(_)) => {}
                Err(error) => {
                    waiting.iter().skip(1).try_for_each(|later| ray.cancel(later, false))?;
                    return Err(error.into());
                }
                Ok(Part::Bucket(_)) => anyhow::bail!("a bucket came where a report was expected"),
                Ok(Part::Report(report)) => {
                    waiting.pop_front();
                    bytes += report.bytes;
                    reports.push(report);
                }
            }
            (self.progress)(Progress { phase: Phase::Map, done: reports.len(), of, bytes });
        }
        Ok((reports, columns))
    }

    fn reduces(
        &mut self,
        ray: &Ray,
        job: &ObjectRef<S>,
        columns: Vec<Vec<ObjectRef<Part<S::Bucket>>>>,
    ) -> Result<Vec<S::Output>> {
        let of = columns.len();
        let refs = columns
            .into_iter()
            .map(|parts| S::reduce_call(job, parts).num_cpus(self.num_cpus).submit(ray))
            .collect::<mobula::Result<Vec<_>>>()?;
        let mut outputs = Vec::with_capacity(of);
        for object in refs {
            outputs.push(ray.get(&object)?);
            (self.progress)(Progress { phase: Phase::Reduce, done: outputs.len(), of, bytes: 0 });
        }
        Ok(outputs)
    }
}
