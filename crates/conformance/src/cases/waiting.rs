//! Waiting, and not for ever.

use std::time::{Duration, Instant};

use anyhow::Result;
use mobula::{Error, Ray};

use crate::check::{equal, fails, holds};

#[mobula::task(num_cpus = 0.1)]
fn nap(seconds: f64) -> f64 {
    std::thread::sleep(Duration::from_secs_f64(seconds));
    seconds
}

#[mobula::task(num_cpus = 0.1)]
fn fail() -> Result<f64> {
    anyhow::bail!("at once")
}

pub fn wait_parts_ready_from_rest(ray: &Ray) -> Result<()> {
    let refs = [20.0, 0.0, 20.0, 0.0].map(|s| nap::remote(s).submit(ray));
    let refs = refs.into_iter().collect::<Result<Vec<_>, _>>()?;
    let (ready, rest) = ray.wait(refs, 2, None)?;
    equal(ray.get(&ready)?, vec![0.0, 0.0])?;
    equal(rest.len(), 2)?;
    rest.iter().try_for_each(|r| ray.cancel(r, true))?;
    Ok(())
}

pub fn wait_times_out(ray: &Ray) -> Result<()> {
    let start = Instant::now();
    let slow = nap::remote(20.0).submit(ray)?;
    let (ready, rest) = ray.wait(vec![slow], 1, Some(Duration::from_millis(50)))?;
    equal((ready.len(), rest.len()), (0, 1))?;
    holds(start.elapsed() < Duration::from_secs(15), "it waited for the task")?;
    Ok(ray.cancel(&rest[0], true)?)
}

pub fn get_times_out(ray: &Ray) -> Result<()> {
    let slow = nap::remote(20.0).submit(ray)?;
    let error = fails(slow.get_timeout(ray, Duration::from_millis(50)), |e| matches!(e, Error::Timeout(_)))?;
    holds(matches!(error, Error::Timeout(time) if time == Duration::from_millis(50)), &error)?;
    ray.cancel(&slow, true)?;
    equal(nap::remote(0.0).submit(ray)?.get_timeout(ray, Duration::from_secs(60))?, 0.0)
}

pub fn failed_is_ready(ray: &Ray) -> Result<()> {
    let (ready, _) = ray.wait(vec![fail::remote().submit(ray)?], 1, Some(Duration::from_secs(60)))?;
    equal(ready.len(), 1)?;
    fails(ready[0].get(ray), |e| matches!(e, Error::TaskFailed { .. }))?;
    Ok(())
}

pub fn wait_checks_its_arguments(ray: &Ray) -> Result<()> {
    let object = ray.put(1)?;
    fails(ray.wait(vec![object.clone()], 0, None), |e| matches!(e, Error::Invalid(_)))?;
    fails(ray.wait(vec![object], 2, None), |e| matches!(e, Error::Invalid(_)))?;
    Ok(())
}

pub fn the_same_reference_twice(ray: &Ray) -> Result<()> {
    let object = ray.put(5)?;
    equal(ray.get(&vec![object.clone(), object.clone()])?, vec![5, 5])?;
    let (ready, rest) = ray.wait(vec![object.clone(), object], 2, None)?;
    equal((ready.len(), rest.len()), (2, 0))
}
