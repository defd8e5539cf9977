//! One return value, or several.

use anyhow::Result;
use mobula::{Error, Ray};

use crate::check::{equal, fails, holds};

#[mobula::task]
fn range(from: u32, to: u32) -> Vec<u32> {
    (from..to).collect()
}

pub fn one_return_value(ray: &Ray) -> Result<()> {
    equal(range::remote(0, 3).submit(ray)?.get(ray)?, vec![0, 1, 2])
}

#[mobula::task]
fn fallible_range(to: u32) -> Result<Vec<u32>> {
    anyhow::ensure!(to < 10, "{to} is too far");
    Ok((0..to).collect())
}

pub fn several_return_values(ray: &Ray) -> Result<()> {
    let refs = range::remote(5, 9).num_returns(4).submit_all(ray)?;
    equal(refs.len(), 4)?;
    equal(refs[2].get(ray)?, 7)?;
    equal(ray.get(&refs)?, vec![5, 6, 7, 8])?;
    equal(ray.get(&fallible_range::remote(3).num_returns(3).submit_all(ray)?)?, vec![0, 1, 2])?;
    for failed in fallible_range::remote(12).num_returns(2).submit_all(ray)? {
        fails(
            failed.get(ray),
            |e| matches!(e, Error::TaskFailed { message, .. } if message == "12 is too far"),
        )?;
    }
    Ok(())
}

pub fn single_of_many(ray: &Ray) -> Result<()> {
    equal(ray.get(&range::remote(7, 8).num_returns(1).submit_all(ray)?)?, vec![7])
}

pub fn a_wrong_number_fails(ray: &Ray) -> Result<()> {
    let refs = range::remote(0, 3).num_returns(2).submit_all(ray)?;
    let error = fails(ray.get(&refs), |e| matches!(e, Error::TaskFailed { .. }))?;
    holds(error.to_string().contains("num_returns = 2") && error.to_string().contains("Vec of 3"), error)?;
    fails(range::remote(0, 3).num_returns(0).submit_all(ray), |e| matches!(e, Error::Invalid(_)))?;
    Ok(())
}
