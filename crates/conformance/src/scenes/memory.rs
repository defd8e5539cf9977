//! References that go, and references that stay: the test looks into Ray's own report of its memory.

use anyhow::Result;
use mobula::{Blob, ObjectRef, Ray};

use super::at;
use crate::check::equal;

const PUTS: usize = 10_000;
const BYTES: usize = 1_000_000;

/// A hundred times what fits into the object store.
pub fn many_puts(ray: &Ray) -> Result<()> {
    let blob = Blob::from(vec![1_u8; BYTES]);
    for n in 0..PUTS {
        let object = ray.put(blob.clone())?;
        if n % 1000 == 0 {
            equal(object.get(ray)?.len(), BYTES)?;
        }
    }
    at("dropped")
}

/// Puts objects, and returns the references alone.
#[mobula::task]
fn puts(ray: &Ray, n: u8) -> Result<Vec<ObjectRef<Blob>>> {
    Ok((0..n).map(|i| ray.put(vec![i; BYTES].into())).collect::<mobula::Result<_>>()?)
}

pub fn nested(ray: &Ray) -> Result<()> {
    let outer = puts::remote(20).submit(ray)?;
    let inner = outer.get(ray)?.clone();
    drop(outer);
    at("held")?;
    for (i, object) in inner.iter().enumerate() {
        equal(object.get(ray)?.first().copied(), Some(i as u8))?;
    }
    drop(inner);
    at("dropped")
}
