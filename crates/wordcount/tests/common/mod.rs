//! The whole job without threads, for the tests.
#![allow(dead_code, reason = "each test uses a part")]

use std::path::{Path, PathBuf};

use mobula_wordcount::{
    Bucket, Chunk, Counter, Error, Ranked, Split, count_chunk, count_split, merge, plan_splits, read_split,
    write,
};

/// Paths and their lengths.
pub fn sizes(paths: &[PathBuf]) -> Vec<(PathBuf, u64)> {
    paths.iter().map(|path| (path.clone(), std::fs::metadata(path).unwrap().len())).collect()
}

/// Writes files into a directory.
pub fn files(directory: &Path, texts: &[&[u8]]) -> Vec<(PathBuf, u64)> {
    let paths: Vec<_> = (0..texts.len()).map(|at| directory.join(format!("{at}.txt"))).collect();
    paths.iter().zip(texts).for_each(|(path, text)| std::fs::write(path, text).unwrap());
    sizes(&paths)
}

/// Counts splits, each with a counter of its own; stops at the first error.
pub fn map(splits: &[Split], reduces: usize) -> Result<Vec<Vec<Bucket>>, Error> {
    let map = |split: &Split| {
        let mut counter = Counter::new();
        count_split(split, &mut counter).map(|()| counter.into_buckets(reduces))
    };
    splits.iter().map(map).collect()
}

/// As [`map`], with the text shipped.
pub fn map_shipped(splits: &[Split], reduces: usize) -> Result<Vec<Vec<Bucket>>, Error> {
    let map = |split: &Split| {
        let mut counter = Counter::new();
        for Chunk { path, offset, text } in read_split(split)? {
            count_chunk(&path, offset, &text, &mut counter)?;
        }
        Ok(counter.into_buckets(reduces))
    };
    splits.iter().map(map).collect()
}

/// Merges and ranks.
pub fn reduce(buckets: &[Vec<Bucket>]) -> Vec<Ranked> {
    let reduces = buckets.first().map_or(0, Vec::len);
    let own = |at: usize| buckets.iter().map(|buckets| &buckets[at]).collect::<Vec<_>>();
    (0..reduces).map(|at| merge(&own(at)).unwrap().rank()).collect()
}

/// The output of a job.
pub fn lines(ranked: &[Ranked]) -> Vec<u8> {
    let mut lines = Vec::new();
    write(ranked, &mut lines).unwrap();
    lines
}

/// Counts files by `maps` and `reduces` tasks.
pub fn job(files: &[(PathBuf, u64)], maps: usize, reduces: usize) -> Result<Vec<u8>, Error> {
    Ok(lines(&reduce(&map(&plan_splits(files, maps), reduces)?)))
}

/// The directory of shared data, `MOBULA_SHARED` or beside the repository; says so where it is absent.
pub fn shared(path: &str) -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared =
        std::env::var_os("MOBULA_SHARED").map_or_else(|| repository.join("../shared"), PathBuf::from);
    let path = shared.join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: there is no {}", path.display());
    None
}
