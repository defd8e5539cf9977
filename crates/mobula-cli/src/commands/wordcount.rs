//! `mobula wordcount`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use mobula::{Blob, Ray};
use mobula_mapreduce::{InputError, MapReduce, Outcome, Phase};
use serde::Serialize;

use crate::ui::{self, Hinted};
use crate::wordcount::{self, Format, Partition};

/// Count the words of files.
///
/// A word is what Python's `str.split()` yields, in lower case as by `str.lower()`, each file by itself.
#[derive(Debug, clap::Args)]
pub struct WordCount {
    /// Files, and directories, which stand for all files below them, hidden ones aside.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Map tasks, each of which reads an equal part of the input [default: as many as there are CPUs].
    #[arg(long, value_name = "M", value_parser = at_least_one())]
    map_tasks: Option<u64>,

    /// Reduce tasks, each of which merges an equal part of the words [default: as many as there are CPUs].
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    reduce_tasks: Option<u64>,

    /// CPUs that each task takes.
    #[arg(long, value_name = "CPUS", default_value_t = 1.0, value_parser = cpus)]
    num_cpus: f64,

    /// How many of the most frequent words to print.
    #[arg(long, value_name = "K", default_value_t = 20)]
    top: usize,

    /// Write all words to this file, count descending, then word by code point; `-` is standard output, which then has
    /// nothing else.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Whether that is standard output; in a job's driver the name is another.
    #[arg(skip)]
    to_stdout: bool,

    /// The format of that file.
    #[arg(long, value_enum, default_value_t = Format::Tsv)]
    format: Format,

    /// Compare all words with this file (`word<TAB>count` lines in the order of --output), and fail where they differ.
    #[arg(long, value_name = "EXPECTED.tsv")]
    check: Option<PathBuf>,

    /// Count invalid UTF-8 as U+FFFD instead of failing.
    #[arg(long)]
    lossy: bool,

    /// Read the files here and send the text to the tasks, even where they could read the files themselves.
    #[arg(long)]
    ship: bool,

    /// With http://HOST:PORT, leave the input where it is, for paths that the cluster's machines see, instead of sending it
    /// along with the job.
    #[arg(long)]
    no_upload: bool,
}

fn at_least_one() -> clap::builder::RangedU64ValueParser<u64> {
    clap::value_parser!(u64).range(1..=1_000_000)
}

fn cpus(text: &str) -> Result<f64, String> {
    let n: f64 = text.parse().map_err(|_| "not a number")?;
    if n >= 0.0 && n.is_finite() { Ok(n) } else { Err("0 or more CPUs, and a finite number of them".into()) }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    words: u64,
    distinct: u64,
    files: usize,
    bytes: u64,
    map_tasks: usize,
    reduce_tasks: usize,
    shipped: bool,
    seconds: Seconds,
    mb_per_s: f64,
    top: Vec<Entry<'a>>,
}

/// Where the time went.
#[derive(Serialize, Clone, Copy)]
struct Seconds {
    plan: f64,
    map: f64,
    reduce: f64,
    output: f64,
    total: f64,
}

#[derive(Serialize)]
struct Entry<'a> {
    word: &'a str,
    count: u64,
}

impl WordCount {
    /// What a job takes along, and what it brings back.
    pub fn files(&mut self, files: &mut mobula::Files) {
        if !self.no_upload {
            self.paths.iter_mut().for_each(|path| files.input(path));
            self.check.iter_mut().for_each(|path| files.input(path));
        }
        self.to_stdout = self.wants_stdout();
        self.output.iter_mut().for_each(|path| files.output(path));
    }

    /// Whether the words go to standard output.
    pub fn wants_stdout(&self) -> bool {
        self.output.as_deref().is_some_and(mobula_outputs::is_stdout)
    }

    pub fn run(&self, ray: &Ray, json: bool) -> anyhow::Result<()> {
        let start = Instant::now();
        let outcome = self.count(ray)?;
        let output_start = Instant::now();
        let ranked: Vec<Blob> = outcome.outputs.iter().map(|partition| partition.ranked.clone()).collect();
        if let Some(path) = &self.output {
            wordcount::write_output(path, self.format, &ranked)?;
        }
        if let Some(path) = &self.check {
            wordcount::check(path, &ranked)?;
            eprintln!("all words and counts are those of {}", path.display());
        }
        let times = outcome.times;
        let seconds = Seconds {
            plan: times.plan,
            map: times.map,
            reduce: times.reduce,
            output: output_start.elapsed().as_secs_f64(),
            total: start.elapsed().as_secs_f64(),
        };
        self.report(&outcome, seconds, json).map_err(ui::stdout_error)?;
        ui::left_out(&outcome.left_out)
    }

    fn count(&self, ray: &Ray) -> anyhow::Result<Outcome<Partition>> {
        let all = self.output.is_some() || self.check.is_some();
        let job = wordcount::WordCount { lossy: self.lossy, top: self.top, all };
        let bar = ui::progress_bar("tasks");
        let shown = bar.clone();
        let mut run = MapReduce::new(job).num_cpus(self.num_cpus).ship(self.ship).progress(move |progress| {
            shown.set_message(if progress.phase == Phase::Map { "counting" } else { "merging" });
            shown.set_length(progress.of as u64);
            shown.set_position(progress.done as u64);
        });
        if let Some(m) = self.map_tasks {
            run = run.map_tasks(m as usize);
        }
        if let Some(n) = self.reduce_tasks {
            run = run.reduce_tasks(n as usize);
        }
        let outcome = run.run(ray, &self.paths);
        bar.finish_and_clear();
        outcome.map_err(explain)
    }

    fn report(&self, outcome: &Outcome<Partition>, seconds: Seconds, json: bool) -> io::Result<()> {
        let words = outcome.outputs.iter().map(|partition| partition.words).sum();
        let distinct = outcome.outputs.iter().map(|partition| partition.distinct).sum();
        let top =
            mobula_wordcount::top(outcome.outputs.iter().map(|partition| partition.top.clone()), self.top);
        let mb_per_s = outcome.bytes as f64 / 1e6 / seconds.total;
        let mut out = io::stdout().lock();
        if json {
            let report = Report {
                words,
                distinct,
                files: outcome.files,
                bytes: outcome.bytes,
                map_tasks: outcome.map_tasks,
                reduce_tasks: outcome.outputs.len(),
                shipped: outcome.shipped,
                seconds,
                mb_per_s,
                top: top.iter().map(|(word, count)| Entry { word, count: *count }).collect(),
            };
            serde_json::to_writer(&mut out, &report)?;
            writeln!(out)?;
        } else if !self.to_stdout {
            let width = top.iter().map(|(_, count)| ui::thousands(*count).len()).max().unwrap_or(0);
            for (word, count) in &top {
                writeln!(out, "{:>width$}  {word}", ui::thousands(*count))?;
            }
        }
        out.flush()?;
        if words == 0 {
            eprintln!(
                "note: there is no word in the input\n\nhint: its files are empty, or hold nothing but white space"
            );
        }
        eprintln!(
            "{} words, {} distinct, in {} files of {:.1} MB: {:.3} s, {mb_per_s:.0} MB/s (plan {:.3}, {} maps {:.3}, {} \
             reduces {:.3}, output {:.3} s{})",
            ui::thousands(words),
            ui::thousands(distinct),
            outcome.files,
            outcome.bytes as f64 / 1e6,
            seconds.total,
            seconds.plan,
            outcome.map_tasks,
            seconds.map,
            outcome.outputs.len(),
            seconds.reduce,
            seconds.output,
            if outcome.shipped { "; the text was sent to the tasks" } else { "" },
        );
        Ok(())
    }
}

const LONG_WORD: &str = "is this a text? A word ends at white space";

/// Adds what may help.
fn explain(error: anyhow::Error) -> anyhow::Error {
    let hint = match error.downcast_ref::<InputError>() {
        Some(input) => input.hint(),
        None => match error.downcast_ref::<mobula::Error>() {
            Some(mobula::Error::TaskFailed { message, .. }) if message.contains("UTF-8") => {
                let text = message.clone();
                return Hinted::error(text, "--lossy counts on with U+FFFD in its place");
            }
            Some(mobula::Error::TaskFailed { message, .. }) if message.contains("no word may be longer") => {
                return Hinted::error(message.clone(), LONG_WORD);
            }
            Some(mobula::Error::TaskFailed { message, panicked: false, .. }) => {
                let text = message.clone();
                return Hinted::error(
                    text,
                    "are the files still there, unchanged, and readable on every node? --ship reads them here",
                );
            }
            Some(mobula::Error::TaskFailed { .. }) => "a panic is a mistake in the program: please report it",
            // Text that is sent is read here, not in a task.
            _ if matches!(error.downcast_ref(), Some(mobula_wordcount::Error::LongWord { .. })) => LONG_WORD,
            _ if error.is::<mobula_wordcount::Error>() => "is the path right, and may you read it?",
            _ => return error,
        },
    };
    Hinted::error(format!("{error:#}"), hint)
}
