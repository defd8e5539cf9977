//! How tasks fail, and what their callers see.

use anyhow::{Context, Result};
use mobula::{Error, ObjectRef, Ray};

use crate::check::{equal, fails, holds};

#[mobula::task]
fn fail(text: &str) -> Result<u32> {
    let number: u32 = text.parse().with_context(|| format!("cannot read {text:?}")).context("bad input")?;
    Ok(number)
}

pub fn an_err_carries_its_chain(ray: &Ray) -> Result<()> {
    equal(fail::remote("7".to_string()).submit(ray)?.get(ray)?, 7)?;
    let error = fails(fail::remote("x".to_string()).submit(ray)?.get(ray), |e| {
        matches!(e, Error::TaskFailed { panicked: false, .. })
    })?;
    let Error::TaskFailed { task, message, .. } = &error else { anyhow::bail!("{error:?}") };
    equal(message.as_str(), "bad input: cannot read \"x\": invalid digit found in string")?;
    equal(task.as_str(), "mobula_conformance::cases::errors::fail")
}

#[mobula::task]
fn index(list: &[u8], at: usize) -> u8 {
    list[at]
}

pub fn a_panic_says_where(ray: &Ray) -> Result<()> {
    let error = fails(index::remote(vec![1, 2], 5).submit(ray)?.get(ray), |e| {
        matches!(e, Error::TaskFailed { panicked: true, .. })
    })?;
    let text = error.to_string();
    holds(text.contains("the len is 2 but the index is 5") && text.contains("errors.rs:"), text)?;
    // The worker is none the worse for it.
    equal(index::remote(vec![1, 2], 1).submit(ray)?.get(ray)?, 2)
}

#[mobula::task]
fn add(a: u32, b: u32) -> u32 {
    a + b
}

pub fn a_failure_reaches_dependants(ray: &Ray) -> Result<()> {
    let bad = fail::remote("x".to_string()).submit(ray)?;
    let sum = add::remote(1, add::remote(bad, 1).submit(ray)?).submit(ray)?;
    fails(sum.get(ray), |e| matches!(e, Error::TaskFailed { task, .. } if task.ends_with("errors::fail")))?;
    Ok(())
}

pub fn the_first_error_in_order_wins(ray: &Ray) -> Result<()> {
    let refs: Vec<ObjectRef<u32>> =
        ["1", "a", "b"].iter().map(|t| fail::remote(t.to_string()).submit(ray)).collect::<Result<_, _>>()?;
    let error = fails(ray.get(&refs), |e| matches!(e, Error::TaskFailed { .. }))?;
    holds(error.to_string().contains("\"a\""), error)
}

#[mobula::task]
fn text_length(text: String) -> usize {
    text.len()
}

pub fn a_value_of_another_type_is_refused(ray: &Ray) -> Result<()> {
    #[derive(serde::Serialize, serde::Deserialize, Clone)]
    struct Holder<T>(T);
    // A reference whose type is mistaken can only come from within a value that was read as something else.
    let number = ray.put(Holder(5_u64))?;
    equal(number.get(ray)?.0, 5)?;
    equal(text_length::remote("four".to_string()).submit(ray)?.get(ray)?, 4)
}
