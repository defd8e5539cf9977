//! `mobula bench core`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use mobula::{Blob, ObjectRef, Ray};

use super::first;
use super::table::{self, Row};

/// The engine: tasks per second; embedded beside rayon, on a cluster beside a Python driver.
#[derive(Debug, clap::Args)]
pub struct Core {
    /// How many tasks are submitted at once [default: 100,000 embedded, 2,000 on a cluster].
    #[arg(long)]
    tasks: Option<usize>,

    /// How often each figure is taken.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// Only the lines that contain this text; on a cluster.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

#[mobula::task]
fn nothing() {}

/// Each driver begun anew: how many such starts a second would hold, so that more is better, as in the other lines.
const FIRST: &str = "first result after attach, two tasks";

/// Tasks after which a cluster's workers are up: Ray ends those that are idle for a second where there are more than CPUs,
/// so each side warms up anew.
const WARM_UP: usize = 200;

impl Core {
    pub fn run(&self, ray: &Ray, json: bool) -> Result<()> {
        let rows = if ray.is_local() { self.embedded(ray)? } else { self.cluster(ray)? };
        Ok(table::print(&rows, json)?)
    }

    fn embedded(&self, ray: &Ray) -> Result<Vec<Row>> {
        let n = self.tasks.unwrap_or(100_000);
        let measure = |ours: &dyn Fn() -> Result<()>, theirs: &dyn Fn() -> Result<()>, n: usize| {
            // The first round starts threads and touches memory.
            let rounds = (0..=self.rounds).map(|_| Ok((rate(n, ours)?, rate(n, theirs)?)));
            Ok::<_, anyhow::Error>(rounds.collect::<Result<Vec<_>>>()?.split_off(1))
        };
        let burst = measure(&|| at_once(ray, n), &|| rayon_spawn(n), n)?;
        let with_results = measure(&|| at_once(ray, n), &|| rayon_results(n), n)?;
        let few = n / 10;
        let serial = measure(&|| one_by_one(ray, few), &|| rayon_one_by_one(few), few)?;
        Ok(vec![
            Row::of(format!("{n} tasks at once, all results"), "/s", "rayon::spawn", &burst),
            Row::of(format!("{n} tasks at once, all results"), "/s", "rayon, boxed results", &with_results),
            Row::of(format!("{few} tasks one at a time"), "/s", "rayon, channel", &serial),
        ])
    }

    fn cluster(&self, ray: &Ray) -> Result<Vec<Row>> {
        let many = self.tasks.unwrap_or(2_000);
        let with_first = self.only.as_deref().is_none_or(|text| FIRST.contains(text));
        let mut rows = Vec::new();
        if with_first {
            // Before there are other drivers and actors.
            let rounds: Result<Vec<_>> = (0..self.rounds.max(10)).map(|i| first::round(i % 2 == 0)).collect();
            rows.push(Row::of(FIRST, "/s", "Python driver", &rounds?));
        }
        let mut python = Python::start()?;
        let echo = Echo::remote().spawn(ray)?;
        let mut kinds = kinds(ray, &echo, many);
        if let Some(text) = &self.only {
            kinds.retain(|kind| kind.name.contains(text));
        }
        if kinds.is_empty() && !with_first {
            bail!("no line contains {:?}", self.only.as_deref().unwrap_or_default());
        }
        let rounds = kinds.iter().map(|kind| self.rounds_of(kind, ray, &mut python));
        let rounds: Vec<_> = rounds.collect::<Result<_>>()?;
        let row = |(kind, rounds): (&Kind<'_>, &Vec<_>)| Row::of(&kind.name, "/s", kind.baseline, rounds);
        rows.extend(kinds.iter().zip(&rounds).map(row));
        Ok(rows)
    }

    /// One kind's rounds: each side in turn, so that both meet the same weather.
    fn rounds_of(&self, kind: &Kind<'_>, ray: &Ray, python: &mut Python) -> Result<Vec<(f64, f64)>> {
        let ours = || {
            if kind.workers {
                at_once(ray, WARM_UP)?;
            }
            rate(kind.n, &*kind.ours)
        };
        let mut theirs = || {
            if kind.workers {
                python.seconds("at_once", WARM_UP)?;
            }
            Ok::<_, anyhow::Error>(kind.python_n as f64 / python.seconds(kind.python, kind.python_n)?)
        };
        let mut round = |first_ours| {
            if first_ours {
                return Ok((ours()?, theirs()?));
            }
            let theirs = theirs()?;
            Ok((ours()?, theirs))
        };
        (0..self.rounds).map(|i| round(i % 2 == 0)).collect()
    }
}

/// One line of the table of a cluster.
struct Kind<'a> {
    name: String,
    n: usize,
    /// Whether it wants workers that are up.
    workers: bool,
    ours: Box<dyn Fn() -> Result<()> + 'a>,
    baseline: &'static str,
    /// The function of `core.py`, and how often it does the thing.
    python: &'static str,
    python_n: usize,
}

fn kinds<'a>(ray: &'a Ray, echo: &'a EchoHandle, many: usize) -> Vec<Kind<'a>> {
    let few = many.div_ceil(5);
    let mut all = Vec::new();
    let mut add = |name: String, n: usize, python, workers, ours: Box<dyn Fn() -> Result<()> + 'a>| {
        all.push(Kind { name, n, workers, ours, baseline: "Python driver", python, python_n: n });
    };
    add(
        format!("{few} tasks one at a time"),
        few,
        "one_by_one",
        true,
        Box::new(move || one_by_one(ray, few)),
    );
    add(
        format!("{many} tasks at once, all results"),
        many,
        "at_once",
        true,
        Box::new(move || at_once(ray, many)),
    );
    let serial = move || Ok((0..many).try_for_each(|_| echo.nothing().get(ray))?);
    add(format!("{many} actor calls one at a time"), many, "calls_one_by_one", false, Box::new(serial));
    let burst = move || {
        let refs: Vec<_> =
            (0..2 * many).map(|_| echo.nothing().submit(ray)).collect::<mobula::Result<_>>()?;
        ray.get(&refs)?;
        Ok(())
    };
    add(
        format!("{} actor calls at once, all results", 2 * many),
        2 * many,
        "calls_at_once",
        false,
        Box::new(burst),
    );
    for (size, n, put, get) in SIZES {
        let bytes = vec![7_u8; size];
        let blob = Blob::from(bytes);
        let stored = ray.put(blob.clone());
        let name = size_name(size);
        let ours = move || Ok((0..n).try_for_each(|_| ray.put(blob.clone()).map(drop))?);
        add(format!("put {name}, dropped at once"), n, put, false, Box::new(ours));
        let ours = move || {
            let stored = stored.as_ref().map_err(Clone::clone)?;
            Ok((0..n).try_for_each(|_| stored.get(ray).map(drop))?)
        };
        add(format!("get {name}"), n, get, false, Box::new(ours));
    }
    all.push(Kind {
        name: format!("{MAP} calls of a microsecond, mapped"),
        n: MAP,
        workers: true,
        ours: Box::new(move || {
            let results = spin::map(0..MAP as u64).collect(ray)?;
            anyhow::ensure!(results.len() == MAP && results.iter().all(Result::is_ok), "a call failed");
            Ok(())
        }),
        baseline: "Python, a task each",
        python: "spins",
        python_n: many,
    });
    all
}

/// Bytes, how often, and the functions of `core.py`.
const SIZES: [(usize, usize, &str, &str); 3] = [
    (1 << 10, 2_000, "put_1k", "get_1k"),
    (1 << 20, 600, "put_1m", "get_1m"),
    (100 << 20, 2, "put_100m", "get_100m"),
];

fn size_name(size: usize) -> String {
    if size < 1 << 20 { format!("{} KiB", size >> 10) } else { format!("{} MiB", size >> 20) }
}

/// Calls of the line about `map`.
const MAP: usize = 100_000;

/// About a microsecond of work.
#[mobula::task]
fn spin(seed: u64) -> u64 {
    (0..300)
        .fold(seed, |x, i| std::hint::black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(i)))
}

/// Does nothing, elsewhere.
struct Echo;

#[mobula::actor]
impl Echo {
    pub fn new() -> Self {
        Echo
    }

    pub fn nothing(&mut self) {}
}

fn rate(n: usize, run: &dyn Fn() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    run()?;
    Ok(n as f64 / start.elapsed().as_secs_f64())
}

fn at_once(ray: &Ray, n: usize) -> Result<()> {
    let refs: Vec<ObjectRef<()>> =
        (0..n).map(|_| nothing::remote().submit(ray)).collect::<mobula::Result<_>>()?;
    ray.get(&refs)?;
    Ok(())
}

fn one_by_one(ray: &Ray, n: usize) -> Result<()> {
    (0..n).try_for_each(|_| nothing::remote().submit(ray)?.get(ray))?;
    Ok(())
}

/// Bare closures that count down: no result, no error, no reference to wait for.
fn rayon_spawn(n: usize) -> Result<()> {
    let left = Arc::new(AtomicUsize::new(n));
    let (done, all) = mpsc::channel();
    for _ in 0..n {
        let (left, done) = (left.clone(), done.clone());
        rayon::spawn(move || {
            if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                let _ = done.send(());
            }
        });
    }
    all.recv().context("rayon ended")
}

/// What it takes to have each result, as a task has.
fn rayon_results(n: usize) -> Result<()> {
    let slots: Vec<_> = (0..n)
        .map(|_| {
            let (done, slot) = mpsc::sync_channel::<Box<()>>(1);
            rayon::spawn(move || {
                let _ = done.send(Box::new(()));
            });
            slot
        })
        .collect();
    slots.into_iter().try_for_each(|slot| slot.recv().map(drop)).context("rayon ended")
}

fn rayon_one_by_one(n: usize) -> Result<()> {
    for _ in 0..n {
        let (done, slot) = mpsc::sync_channel(1);
        rayon::spawn(move || {
            let _ = done.send(());
        });
        slot.recv().context("rayon ended")?;
    }
    Ok(())
}

/// A Python driver on the same cluster that does the same when told.
struct Python {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

pub(super) const PYTHON: &str = include_str!("core.py");

impl Python {
    /// The host's own interpreter runs it, so that both are of one version of Ray.
    fn start() -> Result<Python> {
        let interpreter =
            std::env::var_os("MOBULA_HOST_PYTHON").context("this process is not hosted by Python")?;
        let address = std::env::var_os("MOBULA_HOST_ADDRESS").unwrap_or_else(|| "auto".into());
        let mut child = Command::new(interpreter)
            .args(["-c", PYTHON])
            .arg(address)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the Python driver")?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("the pipes are missing")
        };
        Ok(Python { child, to, from: BufReader::new(from) })
    }

    fn seconds(&mut self, what: &str, n: usize) -> Result<f64> {
        writeln!(self.to, "{what} {n}")?;
        self.to.flush()?;
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        line.trim().parse().with_context(|| format!("the Python driver said {line:?}"))
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
