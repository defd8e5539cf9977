//! `mobula bench core`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use mobula::{ObjectRef, Ray};

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
}

#[mobula::task]
fn nothing() {}

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
        let few = many.div_ceil(5);
        let mut python = Python::start()?;
        // Workers start, and are kept by both.
        at_once(ray, 20)?;
        python.seconds("at_once", 20)?;
        let (mut serial, mut burst) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            serial.push((
                rate(few, &|| one_by_one(ray, few))?,
                few as f64 / python.seconds("one_by_one", few)?,
            ));
            burst.push((rate(many, &|| at_once(ray, many))?, many as f64 / python.seconds("at_once", many)?));
        }
        Ok(vec![
            Row::of(format!("{few} tasks one at a time"), "/s", "Python driver", &serial),
            Row::of(format!("{many} tasks at once, all results"), "/s", "Python driver", &burst),
        ])
    }
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

const PYTHON: &str = include_str!("core.py");

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
