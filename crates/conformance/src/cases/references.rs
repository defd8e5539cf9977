//! References: put, get, pass on, drop.

use anyhow::Result;
use mobula::{ObjectRef, Ray};
use serde::{Deserialize, Serialize};

use crate::check::equal;

#[mobula::task]
fn double(x: u64) -> u64 {
    x * 2
}

pub fn put_and_get(ray: &Ray) -> Result<()> {
    let object = ray.put("text".to_string())?;
    equal(object.get(ray)?, "text")?;
    equal(object.clone().get(ray)?, "text")
}

pub fn get_keeps_order(ray: &Ray) -> Result<()> {
    let refs: Vec<_> = (0..20).map(|i| double::remote(i).submit(ray)).collect::<Result<_, _>>()?;
    equal(ray.get(&refs)?, (0..20).map(|i| i * 2).collect::<Vec<u64>>())?;
    equal(ray.get(&refs[3..5])?, vec![6, 8])?;
    equal(ray.get(&refs[..0])?.len(), 0)
}

#[mobula::task]
fn sum(base: u64, parts: &[u64], factor: u64) -> u64 {
    (base + parts.iter().sum::<u64>()) * factor
}

pub fn a_list_of_references_becomes_a_vec(ray: &Ray) -> Result<()> {
    let parts: Vec<_> = (0..5).map(|i| double::remote(i).submit(ray)).collect::<Result<_, _>>()?;
    equal(sum::remote(ray.put(1)?, &parts, 2).submit(ray)?.get(ray)?, 42)?;
    equal(sum::remote(1, parts, ray.put(2)?).submit(ray)?.get(ray)?, 42)?;
    equal(sum::remote(1, Vec::<ObjectRef<u64>>::new(), 2).submit(ray)?.get(ray)?, 2)
}

#[derive(Serialize, Deserialize, Clone, Debug)]
struct Node {
    value: ObjectRef<u64>,
    next: Option<Box<Node>>,
}

#[mobula::task]
fn walk(ray: &Ray, node: &Node) -> mobula::Result<u64> {
    let rest = node.next.as_ref().map_or(Ok(0), |next| walk(ray, next))?;
    Ok(node.value.get(ray)? + rest)
}

#[mobula::task]
fn make(ray: &Ray, value: u64) -> mobula::Result<Node> {
    Ok(Node { value: ray.put(value)?, next: None })
}

pub fn references_inside_values_stay_references(ray: &Ray) -> Result<()> {
    let last = Node { value: double::remote(20).submit(ray)?, next: None };
    let first = Node { value: ray.put(2)?, next: Some(Box::new(last)) };
    equal(walk::remote(first).submit(ray)?.get(ray)?, 42)?;
    // The task that put the object is long done: the reference in its value keeps it.
    let made: Node = make::remote(7).submit(ray)?.get(ray)?;
    equal(made.value.get(ray)?, 7)
}

pub fn dropping_references_is_harmless(ray: &Ray) -> Result<()> {
    drop(double::remote(1).submit(ray)?);
    let object = ray.put(21)?;
    let call = double::remote(&object);
    drop(object);
    equal(call.submit(ray)?.get(ray)?, 42)
}

pub fn shared_get(ray: &Ray) -> Result<()> {
    let object = ray.put(vec![1, 2, 3])?;
    equal(&*object.get_shared(ray)?, &vec![1, 2, 3])
}
