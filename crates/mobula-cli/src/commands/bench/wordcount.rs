//! `mobula bench wordcount`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use mobula::Ray;
use mobula_mapreduce::{MapReduce, files_below};
use mobula_wordcount::corpus::Corpus;
use mobula_wordcount::naive;

use super::table::{self, Row};
use crate::wordcount::WordCount;

/// The counting of words, beside a plain `HashMap<String, u64>`.
///
/// Both use as many threads as there are CPUs, read the same files, and have to find the same counts.
#[derive(Debug, clap::Args)]
pub struct WordCountBench {
    /// Files or directories; without, a synthetic corpus is made, with the distribution of a natural language.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The size of the synthetic corpus in MB.
    #[arg(long, value_name = "MB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    size: u64,

    /// How often each is run.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
}

/// What both have to agree on.
#[derive(Debug, PartialEq)]
struct Found {
    words: u64,
    distinct: u64,
    top: Vec<(String, u64)>,
}

const TOP: usize = 20;

impl WordCountBench {
    pub fn run(&self, ray: &Ray, json: bool) -> Result<()> {
        let made;
        let paths = if self.paths.is_empty() {
            made = tempfile::tempdir().context("cannot make a folder for the corpus")?;
            eprintln!("making a corpus of {} MB", self.size);
            Corpus::new().write_files(made.path(), self.size * 1_000_000, 16).with_context(|| {
                format!("cannot write a corpus of {} MB to {}", self.size, made.path().display())
            })?;
            vec![made.path().to_path_buf()]
        } else {
            self.paths.clone()
        };
        let bytes: u64 = files_below(&paths)?.iter().map(|(_, length)| length).sum();
        let mut rounds = Vec::new();
        for round in 0..=self.rounds {
            let (ours, our_seconds) = timed(|| count(ray, &paths))?;
            let (theirs, their_seconds) = timed(|| count_naively(ray, &paths))?;
            ensure!(ours == theirs, "the counts differ: {ours:?} here, {theirs:?} by the plain version");
            // The first round reads the files into the system's cache.
            if round > 0 {
                rounds.push((bytes as f64 / 1e6 / our_seconds, bytes as f64 / 1e6 / their_seconds));
            }
        }
        let what = format!("{:.0} MB of text", bytes as f64 / 1e6);
        Ok(table::print(&[Row::of(what, "MB/s", "HashMap<String, u64>", &rounds)], json)?)
    }
}

fn timed<T>(run: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let start = Instant::now();
    Ok((run()?, start.elapsed().as_secs_f64()))
}

fn count(ray: &Ray, paths: &[PathBuf]) -> Result<Found> {
    let outcome = MapReduce::new(WordCount { lossy: false, top: TOP, all: false }).run(ray, paths)?;
    Ok(Found {
        words: outcome.outputs.iter().map(|partition| partition.words).sum(),
        distinct: outcome.outputs.iter().map(|partition| partition.distinct).sum(),
        top: mobula_wordcount::top(outcome.outputs.into_iter().map(|partition| partition.top), TOP),
    })
}

fn count_naively(ray: &Ray, paths: &[PathBuf]) -> Result<Found> {
    let threads = ray.cluster_resources()?.get("CPU").map_or(1, |n| *n as usize).max(1);
    let splits = mobula_wordcount::plan_splits(&files_below(paths)?, threads);
    let mut counts = std::thread::scope(|scope| -> Result<naive::Counts> {
        let workers: Vec<_> = splits
            .iter()
            .map(|split| {
                scope.spawn(move || -> Result<naive::Counts> {
                    let mut counts = naive::Counts::new();
                    for piece in &split.pieces {
                        let one = mobula_wordcount::Split { pieces: vec![piece.clone()] };
                        for chunk in mobula_wordcount::read_split(&one)? {
                            naive::count(std::str::from_utf8(&chunk.text)?, &mut counts);
                        }
                    }
                    Ok(counts)
                })
            })
            .collect();
        let mut all = naive::Counts::new();
        for worker in workers {
            let counts =
                worker.join().map_err(|_| anyhow::anyhow!("a thread of the plain version panicked"))??;
            naive::merge(&mut all, counts);
        }
        Ok(all)
    })?;
    let (words, distinct) = (counts.values().sum(), counts.len() as u64);
    let mut top: Vec<(String, u64)> = counts.drain().collect();
    let order = |a: &(String, u64), b: &(String, u64)| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if top.len() > TOP {
        top.select_nth_unstable_by(TOP, order);
        top.truncate(TOP);
    }
    top.sort_by(order);
    Ok(Found { words, distinct, top })
}
