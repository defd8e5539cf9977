//! Options, in the attribute and at the call.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use mobula::{Error, Ray};

use crate::check::{equal, fails, holds};

/// A file that counts: the one thing that attempts on different workers of one machine share.
fn tally(name: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let unique = format!("mobula-{name}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(unique)
}

fn attempt(path: &str) -> Result<usize> {
    use std::io::Write;
    std::fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(b"x")?;
    Ok(std::fs::read(path)?.len())
}

#[mobula::task(max_retries = 4, retry_exceptions)]
fn third_time_lucky(path: &str) -> Result<usize> {
    match attempt(path)? {
        n @ 0..3 => anyhow::bail!("attempt {n}"),
        n => Ok(n),
    }
}

pub fn retries_on_request(ray: &Ray) -> Result<()> {
    let path = tally("retries");
    let text = path.display().to_string();
    equal(third_time_lucky::remote(text.clone()).submit(ray)?.get(ray)?, 3)?;
    std::fs::remove_file(&path)?;
    let once = third_time_lucky::remote(text).max_retries(1).submit(ray)?;
    fails(once.get(ray), |e| matches!(e, Error::TaskFailed { message, .. } if message == "attempt 2"))?;
    Ok(std::fs::remove_file(&path)?)
}

#[mobula::task]
fn never_lucky(path: &str) -> Result<()> {
    anyhow::bail!("attempt {}", attempt(path)?)
}

pub fn no_retries_unless_asked(ray: &Ray) -> Result<()> {
    let path = tally("no-retries");
    let text = path.display().to_string();
    fails(never_lucky::remote(text).submit(ray)?.get(ray), |e| matches!(e, Error::TaskFailed { .. }))?;
    equal(std::fs::read(&path)?.len(), 1)?;
    Ok(std::fs::remove_file(&path)?)
}

#[mobula::task(num_cpus = 0.5, num_gpus = 0, memory = 1 << 20, name = "an option for everything", scheduling = "SPREAD")]
fn pid() -> u32 {
    std::process::id()
}

pub fn larger_than_the_cluster(ray: &Ray) -> Result<()> {
    holds(pid::remote().submit(ray)?.get(ray)? > 0, "a process id")?;
    let unschedulable = |e: &Error| matches!(e, Error::Unschedulable(_));
    let error = fails(pid::remote().num_cpus(1e6).submit(ray), unschedulable)?;
    holds(error.to_string().contains("1000000 CPU") && error.hint().is_some(), error)?;
    let error = fails(pid::remote().resource("unobtainium", 1.0).submit(ray), unschedulable)?;
    holds(error.to_string().contains("1 unobtainium"), error)?;
    fails(pid::remote().memory(1 << 60).submit(ray), unschedulable)?;
    Ok(())
}

pub fn impossible_options(ray: &Ray) -> Result<()> {
    let invalid = |e: &Error| matches!(e, Error::Invalid(_));
    fails(pid::remote().num_cpus(-1.0).submit(ray), invalid)?;
    fails(pid::remote().num_gpus(f64::NAN).submit(ray), invalid)?;
    fails(pid::remote().max_retries(-2).submit(ray), invalid)?;
    fails(pid::remote().resource("CPU", 1.0).submit(ray), invalid)?;
    Ok(())
}

pub fn node_affinity(ray: &Ray) -> Result<()> {
    for node in ray.nodes()?.iter().filter(|node| node.alive).take(2) {
        holds(pid::remote().node_affinity(&node.id, false).submit(ray)?.get(ray)? > 0, &node.id)?;
    }
    // 28 bytes that are no node's.
    let nowhere = "ab".repeat(28);
    holds(pid::remote().node_affinity(&nowhere, true).submit(ray)?.get(ray)? > 0, "soft affinity")?;
    let lost = pid::remote().node_affinity(nowhere, false).submit(ray).and_then(|r| r.get(ray));
    fails(lost, |e| matches!(e, Error::Unschedulable(_)))?;
    Ok(())
}

#[mobula::task]
fn where_am_i() -> u32 {
    std::thread::sleep(std::time::Duration::from_millis(300));
    std::process::id()
}

pub fn spreading(ray: &Ray) -> Result<()> {
    let refs: Vec<_> = (0..4).map(|_| where_am_i::remote().spread().submit(ray)).collect::<Result<_, _>>()?;
    let processes: HashSet<u32> = ray.get(&refs)?.into_iter().collect();
    let enough = if ray.is_local() { processes.len() == 1 } else { processes.len() > 1 };
    holds(enough, processes)
}

pub fn resources_are_reported(ray: &Ray) -> Result<()> {
    let (all, free) = (ray.cluster_resources()?, ray.available_resources()?);
    holds(all["CPU"] >= 1.0 && all["memory"] > 0.0, &all)?;
    holds(free.get("CPU").copied().unwrap_or(0.0) <= all["CPU"], &free)?;
    let nodes = ray.nodes()?;
    holds(nodes.iter().any(|node| node.alive && !node.id.is_empty() && !node.hostname.is_empty()), &nodes)
}
