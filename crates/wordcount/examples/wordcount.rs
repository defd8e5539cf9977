//! Counts the words of a directory's files with plain threads: the counting core as a process of its own.
//!
//! ```text
//! cargo run --release --example wordcount -- DIR [--maps M] [--reduces N] [--threads T] [--output FILE] [--check TSV]
//! ```

use std::{
    fs,
    io::Write,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use anyhow::Context;
use clap::Parser;
use mobula_wordcount::{Counter, check, count_split, merge, naive, plan_splits, top, write};

/// Counts words with plain threads.
#[derive(Parser)]
struct Args {
    /// Directory of text files.
    directory: PathBuf,
    /// Map tasks; as many as threads if not given.
    #[arg(long)]
    maps: Option<usize>,
    /// Reduce tasks; as many as threads if not given.
    #[arg(long)]
    reduces: Option<usize>,
    /// Threads.
    #[arg(long, default_value_t = thread::available_parallelism().map_or(1, usize::from))]
    threads: usize,
    /// Where to write all words.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Counts to compare with.
    #[arg(long)]
    check: Option<PathBuf>,
    /// Count with a plain hash map of strings.
    #[arg(long)]
    naive: bool,
}

fn main() -> anyhow::Result<()> {
    let started = Instant::now();
    let args = Args::parse();
    let files = list(&args)?;
    let bytes: u64 = files.iter().map(|(_, length)| length).sum();
    let (maps, reduces) = (args.maps.unwrap_or(args.threads), args.reduces.unwrap_or(args.threads));
    let splits = plan_splits(&files, maps);

    if args.naive {
        let parts = in_threads(args.threads, files.len(), |at| {
            let mut counts = naive::Counts::new();
            naive::count(&fs::read_to_string(&files[at].0)?, &mut counts);
            anyhow::Ok(counts)
        })?;
        let mut counts = naive::Counts::new();
        parts.into_iter().for_each(|part| naive::merge(&mut counts, part));
        let words: u64 = counts.values().sum();
        return report(bytes, started, words, counts.len() as u64, &naive::rank(counts)[..20]);
    }

    let buckets = in_threads(args.threads, maps, |at| {
        let mut counter = Counter::new();
        count_split(&splits[at], &mut counter)?;
        anyhow::Ok(counter.into_buckets(reduces))
    })?;
    let mapped = started.elapsed();
    let ranking = args.output.is_some() || args.check.is_some();
    let partitions = in_threads(args.threads, reduces, |at| {
        let own: Vec<_> = buckets.iter().map(|buckets| &buckets[at]).collect();
        let counts = merge(&own)?;
        let ranked = ranking.then(|| counts.rank());
        anyhow::Ok((counts, ranked))
    })?;
    let reduced = started.elapsed();
    let best = top(partitions.iter().map(|(counts, _)| counts.top(20)), 20);
    let words = partitions.iter().map(|(counts, _)| counts.words()).sum();
    let distinct = partitions.iter().map(|(counts, _)| counts.distinct()).sum();
    let ranked: Vec<_> = partitions.iter().filter_map(|(_, ranked)| ranked.as_ref()).collect();
    if let Some(path) = &args.output {
        write(&ranked, &mut fs::File::create(path)?)?;
    }
    eprintln!(
        "map {mapped:.3?}, reduce {:.3?}, output {:.3?}",
        reduced - mapped,
        started.elapsed() - reduced
    );
    report(bytes, started, words, distinct, &best)?;
    if let Some(path) = &args.check {
        check(&ranked, &fs::read(path)?)?;
        println!("the counts are those of {}", path.display());
    }
    Ok(())
}

/// The files of the directory and their lengths, by name.
fn list(args: &Args) -> anyhow::Result<Vec<(PathBuf, u64)>> {
    let directory = &args.directory;
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_file() {
            files.push((entry.path(), metadata.len()));
        }
    }
    files.sort();
    Ok(files)
}

/// Runs `tasks` tasks on `threads` threads.
fn in_threads<T: Send>(
    threads: usize,
    tasks: usize,
    task: impl Fn(usize) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let numbers = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
        numbers.take_while(|&at| at < tasks).map(|at| Ok((at, task(at)?))).collect::<anyhow::Result<Vec<_>>>()
    };
    let mut done = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.min(tasks)).map(|_| scope.spawn(worker)).collect();
        let joined =
            threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread panicked")));
        joined
            .collect::<anyhow::Result<anyhow::Result<Vec<_>>>>()?
            .map(|parts| parts.into_iter().flatten().collect::<Vec<_>>())
    })?;
    done.sort_by_key(|&(at, _)| at);
    Ok(done.into_iter().map(|(_, done)| done).collect())
}

fn report(
    bytes: u64,
    started: Instant,
    words: u64,
    distinct: u64,
    best: &[(String, u64)],
) -> anyhow::Result<()> {
    let seconds = started.elapsed().as_secs_f64();
    let mut out = std::io::stdout().lock();
    for (word, count) in best {
        writeln!(out, "{word}\t{count}")?;
    }
    let rate = bytes as f64 / 1e6 / seconds;
    writeln!(out, "{words} words, {distinct} distinct, {bytes} bytes in {seconds:.3} s: {rate:.0} MB/s")?;
    Ok(())
}
