//! One call to many actors, and many calls in few tasks.

use anyhow::Result;
use mobula::{Error, Ray};

use super::actors::{Counter, CounterGroup};
use crate::check::{equal, fails, holds};

fn group(ray: &Ray, n: i64) -> Result<CounterGroup> {
    Ok((0..n).map(|i| Counter::remote(i).spawn(ray)).collect::<mobula::Result<_>>()?)
}

pub fn one_future_for_all(ray: &Ray) -> Result<()> {
    let counters = group(ray, 4)?;
    equal(counters.len(), 4)?;
    equal(counters.add(10).get_all(ray)?, vec![10, 11, 12, 13])?;
    let all = counters.add(1).submit(ray)?;
    equal(sum::remote(&all).submit(ray)?.get(ray)?, 50)?;
    equal(ray.get(&all)?, vec![11, 12, 13, 14])?;
    let n = ray.put(100)?;
    equal(counters.add(&n).each(|call| call.max_task_retries(1)).get_all(ray)?, vec![111, 112, 113, 114])
}

#[mobula::task]
fn sum(values: &[i64]) -> i64 {
    values.iter().sum()
}

pub fn each_member_fails_alone(ray: &Ray) -> Result<()> {
    let mut members = group(ray, 2)?.to_vec();
    members.insert(1, Counter::remote(-5).spawn(ray)?);
    let counters = CounterGroup::from(members);
    let each = counters.value().submit(ray)?.get_each(ray);
    equal(
        each.iter().map(|value| value.as_ref().ok().copied()).collect::<Vec<_>>(),
        vec![Some(0), None, Some(1)],
    )?;
    fails(counters.value().get_all(ray), |e| matches!(e, Error::ActorDied(_)))?;
    Ok(())
}

#[mobula::task]
fn root(x: f64) -> Result<f64> {
    anyhow::ensure!(x >= 0.0, "{x} has no real root");
    Ok(x.sqrt())
}

#[mobula::task]
fn repeat(word: &str, n: usize) -> String {
    assert!(n < 100, "{n} is too often");
    word.repeat(n)
}

pub fn map_keeps_order_and_errors_per_item(ray: &Ray) -> Result<()> {
    let results = root::map((0..5_000).map(|i| f64::from(i) - 1.0)).collect(ray)?;
    equal(results.len(), 5_000)?;
    fails(
        results[0].clone(),
        |e| matches!(e, Error::TaskFailed { panicked: false, message, .. } if message.contains("no real root")),
    )?;
    for (i, root) in results.iter().enumerate().skip(1) {
        equal(root.clone()?, (i as f64 - 1.0).sqrt())?;
    }
    let words = ["a", "b"].map(String::from);
    let calls = (0..200).map(|n| (words[n % 2].clone(), n));
    let results = repeat::map(calls).max_retries(1).collect(ray)?;
    equal(results[3].clone()?, "bbb".to_string())?;
    let error = fails(results[150].clone(), |e| matches!(e, Error::TaskFailed { panicked: true, .. }))?;
    holds(error.to_string().contains("150 is too often"), &error)?;
    equal(results.iter().filter(|r| r.is_ok()).count(), 100)?;
    equal(root::map([]).collect(ray)?.len(), 0)
}
