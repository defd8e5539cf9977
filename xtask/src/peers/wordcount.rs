//! WordCount by other programs, on the same directory in the same run.
//!
//! Each program is timed from its start to its end, as its user would wait for it. All run once in every round, one
//! after the other, so that a slow moment of the machine falls on all of them.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// The other programs, as scripts in `xtask/python/peers`.
const SCRIPTS: [&str; 3] = ["wordcount_python.py", "wordcount_polars.py", "wordcount_ray.py"];

/// What one run of a program gave.
struct Run {
    seconds: f64,
    counts: Counts,
    /// The job alone, where the program tells it.
    job: Option<f64>,
}

/// What a program found, as far as programs are compared.
#[derive(PartialEq)]
struct Counts {
    words: u64,
    distinct: u64,
    top: Vec<(String, u64)>,
}

/// Runs `mobula`, our executable, and its peers on the files of a directory, and prints a table of their speed.
///
/// `python` is an interpreter with `polars` and `ray`.
///
/// # Errors
///
/// If the directory cannot be read, or a program fails; the error has what it wrote.
pub fn run(python: &Path, mobula: &Path, directory: &Path, rounds: usize) -> Result<()> {
    let bytes = size(directory)?;
    println!("{} in {bytes} bytes, {rounds} rounds, time from start to end\n", directory.display());
    let mut programs = vec![("Mobula, embedded".to_owned(), ours(mobula, directory))];
    for script in SCRIPTS {
        let name = script.trim_start_matches("wordcount_").trim_end_matches(".py");
        programs.push((name.to_owned(), peer(python, script, directory)));
    }
    let mut runs: Vec<Vec<Run>> = programs.iter().map(|_| Vec::new()).collect();
    for round in 1..=rounds {
        for ((name, command), runs) in programs.iter_mut().zip(&mut runs) {
            eprintln!("round {round} of {rounds}: {name}");
            let (found, run) = time(command).with_context(|| format!("{name} failed"))?;
            if let Some(found) = found {
                *name = found;
            }
            runs.push(run);
        }
    }
    let Some(first) = runs.first().filter(|runs| !runs.is_empty()) else { bail!("there were no rounds") };
    let (ours, counts) = (median(first.iter().map(|run| run.seconds)), &first[0].counts);
    println!("{:<32}{:>10}{:>10}{:>12}  same counts", "", "seconds", "MB/s", "Mobula is");
    for ((name, _), runs) in programs.iter().zip(&runs) {
        let seconds = median(runs.iter().map(|run| run.seconds));
        let rate = bytes as f64 / 1e6 / seconds;
        let same = difference(&runs[0].counts, counts);
        println!("{name:<32}{seconds:>10.3}{rate:>10.1}{:>11.1}x  {same}", seconds / ours);
        let jobs: Vec<f64> = runs.iter().filter_map(|run| run.job).collect();
        if !jobs.is_empty() {
            let seconds = median(jobs.into_iter());
            let rate = bytes as f64 / 1e6 / seconds;
            println!("{:<32}{seconds:>10.3}{rate:>10.1}{:>11.1}x", "  its job alone", seconds / ours);
        }
    }
    Ok(())
}

/// The bytes of a directory's files.
fn size(directory: &Path) -> Result<u64> {
    let list = || directory.read_dir()?.map(|entry| entry?.metadata()).collect::<std::io::Result<Vec<_>>>();
    let files = list().with_context(|| format!("cannot list {}", directory.display()))?;
    Ok(files.iter().filter(|file| file.is_file()).map(std::fs::Metadata::len).sum())
}

fn ours(mobula: &Path, directory: &Path) -> Command {
    let mut command = Command::new(mobula);
    command.args(["--json", "--address", "local", "wordcount"]).arg(directory);
    command
}

fn peer(python: &Path, script: &str, directory: &Path) -> Command {
    let scripts: PathBuf = [env!("CARGO_MANIFEST_DIR"), "python", "peers"].iter().collect();
    let mut command = Command::new(python);
    command.arg(scripts.join(script)).arg(directory);
    // A cluster that is there, or its token, is none of the peer's business.
    command.env_remove("RAY_ADDRESS").env("RAY_AUTH_MODE", "disabled").env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Runs a program once; also gives what it calls itself.
fn time(command: &mut Command) -> Result<(Option<String>, Run)> {
    let started = Instant::now();
    let output =
        command.output().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let seconds = started.elapsed().as_secs_f64();
    if !output.status.success() {
        bail!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    // Ours is an object of many lines, a peer's the last line of what it prints.
    let report: Value = serde_json::from_str(&text)
        .or_else(|_| serde_json::from_str(text.trim().lines().next_back().unwrap_or_default()))
        .with_context(|| format!("its output is not a report: {text}"))?;
    let name = report["name"].as_str().map(str::to_owned);
    let run = Run {
        seconds,
        counts: counts(&report).context("its report has no counts")?,
        job: report["job_seconds"].as_f64(),
    };
    Ok((name, run))
}

/// The counts of a report: the most frequent words are pairs, or objects of a word and a count.
fn counts(report: &Value) -> Option<Counts> {
    let word = |entry: &Value| {
        let (word, count) = match entry {
            Value::Array(pair) => (pair.first()?, pair.get(1)?),
            entry => (entry.get("word")?, entry.get("count")?),
        };
        Some((word.as_str()?.to_owned(), count.as_u64()?))
    };
    Some(Counts {
        words: report["words"].as_u64()?,
        distinct: report["distinct"].as_u64()?,
        top: report["top"].as_array()?.iter().map(word).collect::<Option<_>>()?,
    })
}

/// How counts differ from ours, in a few words.
fn difference(found: &Counts, ours: &Counts) -> String {
    if found == ours {
        return "yes".to_owned();
    }
    let by = |found: u64, ours: u64| i128::from(found) - i128::from(ours);
    let (words, distinct) = (by(found.words, ours.words), by(found.distinct, ours.distinct));
    let top = if found.top == ours.top { "" } else { ", others most frequent" };
    format!("no: {words:+} words, {distinct:+} distinct{top}")
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = figures.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Counts {
        counts(&serde_json::from_str(json).unwrap()).unwrap()
    }

    #[test]
    fn both_kinds_of_reports_are_understood() {
        let ours = of(r#"{"words": 3, "distinct": 2, "top": [{"word": "a", "count": 2}]}"#);
        let theirs = of(r#"{"name": "x", "words": 3, "distinct": 2, "top": [["a", 2]]}"#);
        assert_eq!(difference(&theirs, &ours), "yes");
        assert!(counts(&Value::Null).is_none());
    }

    #[test]
    fn differences_are_told() {
        let ours = of(r#"{"words": 3, "distinct": 2, "top": [["a", 2]]}"#);
        let theirs = of(r#"{"words": 5, "distinct": 1, "top": [["b", 2]]}"#);
        assert_eq!(difference(&theirs, &ours), "no: +2 words, -1 distinct, others most frequent");
    }

    #[test]
    fn a_program_that_fails_says_why() {
        let error = time(Command::new("sh").args(["-c", "echo broken >&2; exit 3"])).err().unwrap();
        assert!(error.to_string().contains("broken"), "{error}");
    }
}
