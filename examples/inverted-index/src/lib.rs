//! A second job for Mobula's MapReduce, written at the textbook's level: which files hold a word, and how often.
//!
//! ```text
//! cargo run --release -p inverted-index -- books/            # in this process
//! cargo run --release -p inverted-index -- books/ --address auto   # on a Ray cluster
//! ```

use std::collections::BTreeMap;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use anyhow::{Context, Result};
use mobula::Ray;
use mobula_mapreduce::{Emit, Job, MapReduce, PathBytes, Text};
use serde::{Deserialize, Serialize};

/// The job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvertedIndex;

/// How often a word stands in each file.
pub type Postings = BTreeMap<PathBytes, u64>;

impl Job for InvertedIndex {
    type Key = String;
    type Value = Postings;
    type Output = Postings;

    fn map(&self, text: &Text<'_>, emit: &mut Emit<'_, Self>) -> Result<()> {
        for word in text.as_str()?.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            emit.pair(word.to_lowercase(), Postings::from([(PathBytes(text.path.to_path_buf()), 1)]));
        }
        Ok(())
    }

    fn combine(&self, _word: &String, so_far: &mut Postings, more: Postings) -> Option<Postings> {
        for (path, count) in more {
            *so_far.entry(path).or_default() += count;
        }
        None
    }

    fn reduce(&self, word: &String, parts: Vec<Postings>) -> Result<Postings> {
        let mut all = Postings::new();
        parts.into_iter().for_each(|part| drop(self.combine(word, &mut all, part)));
        Ok(all)
    }
}

mobula_mapreduce::tasks!(InvertedIndex, map = index, reduce = merge);

/// Prints a line for each word: the word, and each file that holds it with how often it does.
#[mobula::main]
pub fn main(ray: &Ray) -> Result<()> {
    let mut args = mobula::args().into_iter().skip(1);
    let mut paths = Vec::new();
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--address") => drop(args.next()),
            Some(option) if option.starts_with("--address=") => {}
            _ => paths.push(PathBuf::from(arg)),
        }
    }
    anyhow::ensure!(!paths.is_empty(), "usage: inverted-index PATH… [--address ADDRESS]");
    let outcome = MapReduce::new(InvertedIndex).run(ray, &paths).context("cannot index")?;
    let index: BTreeMap<String, Postings> = outcome.outputs.into_iter().flatten().collect();
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (word, postings) in &index {
        let files: Vec<String> =
            postings.iter().map(|(path, n)| format!("{} ({n})", path.0.display())).collect();
        writeln!(out, "{word}\t{}", files.join(", ")).context("cannot write the index")?;
    }
    out.flush().context("cannot write the index")?;
    mobula_mapreduce::warnings(&outcome.left_out).iter().for_each(|warning| eprintln!("{warning}"));
    anyhow::ensure!(outcome.left_out.is_empty(), "the index lacks what could not be read");
    Ok(())
}
