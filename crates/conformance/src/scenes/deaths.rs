//! Workers, actors, drivers and nodes that die.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use mobula::{Blob, Error, ObjectRef, Ray};

use super::at;
use crate::cases::actors::{Counter, Phoenix};
use crate::check::{equal, fails, holds};

/// Longer than a cluster needs to find out that something has died; shorter than the test's own patience.
const SOON: Duration = Duration::from_secs(120);
const NODE: &str = "node1";

/// The first time, never comes back; after that, at once.
#[mobula::task]
fn stuck_at_first(mark: PathBuf) -> Result<u32> {
    if std::fs::exists(&mark)? {
        return Ok(std::process::id());
    }
    std::fs::write(mark, "")?;
    std::thread::sleep(Duration::from_secs(3600));
    Ok(0)
}

/// Waits until the task has come so far. (The test sees to it that nobody waits for ever.)
fn appears(mark: &Path) {
    while !mark.exists() {
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub fn worker_dies(ray: &Ray) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let lost = stuck_at_first::remote(folder.path().join("lost"));
    let lost = lost.max_retries(0).name("lost").submit(ray)?;
    at("lost")?;
    let error = fails(lost.get_timeout(ray, SOON), |e| matches!(e, Error::WorkerCrashed(_)))?;
    println!("{error}");
    let mark = folder.path().join("again");
    let again = stuck_at_first::remote(mark.clone()).max_retries(1).name("again").submit(ray)?;
    appears(&mark);
    at("again")?;
    holds(again.get_timeout(ray, SOON)? > 0, "the second try")
}

pub fn actor_dies(ray: &Ray) -> Result<()> {
    let counter = Counter::remote(3).spawn(ray)?;
    equal(counter.add(1).get(ray)?, 4)?;
    let running = counter.sleep(3_600_000).submit(ray)?;
    at("Counter.sleep")?;
    let died = |e: &Error| matches!(e, Error::ActorDied(_));
    println!("{}", fails(running.get_timeout(ray, SOON), died)?);
    let later = counter.value().submit(ray).and_then(|value| value.get_timeout(ray, SOON));
    println!("{}", fails(later, died)?);
    Ok(())
}

pub fn actor_restarts(ray: &Ray) -> Result<()> {
    let phoenix = Phoenix::remote(ray.put(10)?).spawn(ray)?;
    equal(phoenix.call().get(ray)?, (11, false))?;
    let running = phoenix.slow_at_first().submit(ray)?;
    at("Phoenix.slow_at_first")?;
    // The same call, in another life, that begins anew.
    equal(running.get_timeout(ray, SOON)?, true)?;
    equal(phoenix.call().get(ray)?, (11, true))
}

const KEEPER: (&str, &str) = ("faults", "keeper");

pub fn driver_dies(ray: &Ray) -> Result<()> {
    let keeper = Counter::remote(40).namespace(KEEPER.0).name(KEEPER.1).detached().spawn(ray)?;
    equal(keeper.add(1).get(ray)?, 41)?;
    at("killed")
}

pub fn driver_returns(ray: &Ray) -> Result<()> {
    let keeper = ray.get_actor_in::<Counter>(KEEPER.0, KEEPER.1)?;
    equal(keeper.add(1).submit(ray)?.get_timeout(ray, SOON)?, 42)?;
    Ok(ray.kill(&keeper, true)?)
}

const BYTES: usize = 1_000_000;

/// Too large to live anywhere but in its node's object store.
#[mobula::task]
fn large(value: u8) -> Blob {
    vec![value; BYTES].into()
}

/// Owns what it puts.
struct Owner;

#[mobula::actor]
impl Owner {
    pub fn new() -> Self {
        Owner
    }

    pub fn put(&self, ray: &Ray) -> Result<ObjectRef<Blob>> {
        Ok(ray.put(vec![7_u8; BYTES].into())?)
    }
}

pub fn node_dies(ray: &Ray) -> Result<()> {
    let node = node_id(ray)?;
    let made = large::remote(5).node_affinity(&node, true).submit(ray)?;
    let owner = Owner::remote().resource(NODE, 1.0).spawn(ray)?;
    let owned = owner.put().get(ray)?;
    ray.wait(vec![made.clone()], 1, Some(SOON))?;
    at("made")?;
    // The task is known, and runs again elsewhere.
    let value = made.get_timeout(ray, SOON)?;
    equal((value.len(), value.first()), (BYTES, Some(&5)))?;
    // What an actor has put goes with it.
    println!("{}", fails(owned.get_timeout(ray, SOON), |e| matches!(e, Error::ObjectLost(_)))?);
    let later = owner.put().submit(ray).and_then(|owned| owned.get_timeout(ray, SOON));
    println!("{}", fails(later.map(drop), |e| matches!(e, Error::ActorDied(_)))?);
    Ok(())
}

pub fn node_is_cut_off(ray: &Ray) -> Result<()> {
    let node = node_id(ray)?;
    let folder = tempfile::tempdir()?;
    let mark = folder.path().join("mark");
    let running =
        stuck_at_first::remote(mark.clone()).node_affinity(&node, true).max_retries(3).submit(ray)?;
    let counter = Counter::remote(1).num_cpus(0.0).resource(NODE, 1.0).spawn(ray)?;
    equal(counter.value().get(ray)?, 1)?;
    appears(&mark);
    at("running")?;
    holds(running.get_timeout(ray, SOON)? > 0, "the second try")?;
    let later = counter.value().submit(ray).and_then(|value| value.get_timeout(ray, SOON));
    println!("{}", fails(later, |e| matches!(e, Error::ActorDied(_) | Error::NodeDied(_)))?);
    Ok(())
}

/// The node that the test will break.
fn node_id(ray: &Ray) -> Result<String> {
    let marked = ray.nodes()?.into_iter().find(|node| node.resources.contains_key(NODE));
    Ok(marked.context("no node is marked")?.id)
}
