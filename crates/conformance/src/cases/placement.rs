//! Placement groups, and what a task's process finds where it runs.

use std::time::Duration;

use anyhow::Result;
use mobula::{Error, PlacementStrategy, Ray, RuntimeEnv};

use super::actors::Counter;
use crate::check::{equal, fails, holds};

#[mobula::task]
fn node(ray: &Ray) -> Result<String> {
    Ok(ray.context()?.node_id)
}

const SOON: Option<Duration> = Some(Duration::from_secs(40));

pub fn tasks_and_actors_in_bundles(ray: &Ray) -> Result<()> {
    let group = ray.placement_group(&[[("CPU", 1.0)], [("CPU", 1.0)]], PlacementStrategy::Pack)?;
    group.ready(ray, SOON)?;
    for bundle in [Some(0), Some(1), None] {
        let id = node::remote().placement_group(&group, bundle).submit(ray)?.get(ray)?;
        holds(ray.nodes()?.iter().any(|node| node.id == id), &id)?;
    }
    let counter = Counter::remote(3).num_cpus(1.0).placement_group(&group, Some(1)).spawn(ray)?;
    equal(counter.add(1).get(ray)?, 4)?;
    // The other bundle is free, and a task that gets the group finds it usable.
    equal(inside::remote(group.clone()).num_cpus(0.0).submit(ray)?.get(ray)?, 6)?;
    ray.kill(&counter, true)?;
    group.remove(ray)?;
    let late = node::remote().placement_group(&group, None).submit(ray);
    let late = late.and_then(|id| id.get_timeout(ray, Duration::from_secs(40)));
    fails(late, |e| !matches!(e, Error::Timeout(_)))?;
    Ok(())
}

#[mobula::task]
fn inside(ray: &Ray, group: mobula::PlacementGroup) -> Result<usize> {
    Ok(count::remote("inside").placement_group(&group, Some(0)).submit(ray)?.get(ray)?)
}

#[mobula::task]
fn count(text: &str) -> usize {
    text.len()
}

pub fn impossible_groups(ray: &Ray) -> Result<()> {
    let invalid = |e: &Error| matches!(e, Error::Invalid(_));
    let none: [[(&str, f64); 1]; 0] = [];
    fails(ray.placement_group(&none, PlacementStrategy::Pack), invalid)?;
    fails(ray.placement_group(&[[("CPU", -1.0)]], PlacementStrategy::Pack), invalid)?;
    fails(ray.placement_group(&[[("CPU", 0.0)]], PlacementStrategy::Pack), invalid)?;
    let unschedulable = |e: &Error| matches!(e, Error::Unschedulable(_));
    let error = fails(ray.placement_group(&[[("CPU", 1e6)]], PlacementStrategy::Spread), unschedulable)?;
    holds(error.to_string().contains("1000000 CPU"), &error)?;
    let many = vec![[("CPU", 0.01)]; 60];
    fails(ray.placement_group(&many, PlacementStrategy::StrictSpread), unschedulable)?;
    let group = ray.placement_group(&[[("CPU", 0.5)]], PlacementStrategy::StrictPack)?;
    group.ready(ray, SOON)?;
    fails(node::remote().placement_group(&group, Some(3)).submit(ray), invalid)?;
    group.remove(ray)?;
    Ok(())
}

#[mobula::task]
fn variable(ray: &Ray, name: &str) -> Option<String> {
    ray.env_var(name)
}

#[mobula::task]
fn read_here(ray: &Ray, name: &str) -> Result<String> {
    Ok(std::fs::read_to_string(ray.working_dir()?.join(name))?)
}

pub fn runtime_environments(ray: &Ray) -> Result<()> {
    let env = RuntimeEnv::new().env_var("MOBULA_CONFORMANCE", "here");
    let found = variable::remote("MOBULA_CONFORMANCE").runtime_env(env).submit(ray)?.get(ray)?;
    equal(found.as_deref(), Some("here"))?;
    equal(variable::remote("MOBULA_CONFORMANCE").submit(ray)?.get(ray)?, None)?;

    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("note.txt"), "a note")?;
    let env = RuntimeEnv::new().working_dir(folder.path().display().to_string());
    let call = read_here::remote("note.txt").runtime_env(env);
    if ray.is_local() {
        equal(call.submit(ray)?.get(ray)?, "a note")?;
    } else {
        let error = fails(call.submit(ray), |e| matches!(e, Error::Invalid(_)))?;
        holds(error.to_string().contains("MOBULA_RUNTIME_ENV"), &error)?;
    }

    let nowhere = RuntimeEnv::new().working_dir("/there/is/no/such/folder");
    fails(variable::remote("x").runtime_env(nowhere).submit(ray), |e| matches!(e, Error::Invalid(_)))?;
    let wrong = RuntimeEnv::new().env_var("a=b", "c");
    fails(variable::remote("x").runtime_env(wrong).submit(ray), |e| matches!(e, Error::Invalid(_)))?;
    Ok(())
}
