//! Tasks that use the engine themselves.

use anyhow::Result;
use mobula::{ObjectRef, Ray};

use crate::check::equal;

#[mobula::task]
fn square(x: u64) -> u64 {
    x * x
}

#[mobula::task]
fn sum_of_squares(ray: &Ray, n: u64) -> mobula::Result<u64> {
    let refs: Vec<_> = (0..n).map(|x| square::remote(x).submit(ray)).collect::<mobula::Result<_>>()?;
    Ok(ray.get(&refs)?.iter().sum())
}

pub fn tasks_submit_tasks(ray: &Ray) -> Result<()> {
    equal(sum_of_squares::remote(5).submit(ray)?.get(ray)?, 30)
}

#[mobula::task(num_cpus = 0.1)]
fn leaves(ray: &Ray, depth: u32) -> mobula::Result<u64> {
    if depth == 0 {
        return Ok(1);
    }
    let (left, right) = (leaves::remote(depth - 1).submit(ray)?, leaves::remote(depth - 1).submit(ray)?);
    Ok(left.get(ray)? + right.get(ray)?)
}

pub fn a_tree_of_tasks(ray: &Ray) -> Result<()> {
    equal(leaves::remote(2).submit(ray)?.get(ray)?, 4)
}

#[mobula::task]
fn start_square(ray: &Ray, x: u64) -> mobula::Result<ObjectRef<u64>> {
    square::remote(x).submit(ray)
}

pub fn references_through_nested_tasks(ray: &Ray) -> Result<()> {
    let outer = start_square::remote(6).submit(ray)?;
    let inner = outer.get(ray)?;
    drop(outer);
    equal(square::remote(inner).submit(ray)?.get(ray)?, 1296)
}

#[mobula::task]
fn stash(ray: &Ray, text: &str) -> mobula::Result<Vec<ObjectRef<String>>> {
    text.split(' ').map(|word| ray.put(word.to_string())).collect()
}

pub fn put_inside_a_task(ray: &Ray) -> Result<()> {
    let words = stash::remote("kept beyond the task".to_string()).submit(ray)?.get(ray)?;
    equal(ray.get(&words)?.join(" "), "kept beyond the task")
}
