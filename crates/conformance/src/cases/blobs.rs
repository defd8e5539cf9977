//! Raw bytes.

use anyhow::Result;
use mobula::{Blob, Ray};
use serde::{Deserialize, Serialize};

use crate::check::equal;

fn bytes(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * 31 % 251) as u8).collect()
}

#[mobula::task]
fn echo(blob: Blob) -> Blob {
    blob
}

pub fn blobs_come_back(ray: &Ray) -> Result<()> {
    for n in [0, 1, 1024, 65_535, 65_536, 200_000, 5_000_000] {
        let blob = Blob::from(bytes(n));
        equal(&*echo::remote(blob.clone()).submit(ray)?.get(ray)?, &*blob)?;
        equal(&*ray.put(blob.clone())?.get(ray)?, &*blob)?;
    }
    Ok(())
}

#[mobula::task]
fn append(blob: &Blob, byte: u8) -> Blob {
    [blob, &[byte][..]].concat().into()
}

pub fn a_blob_passes_through_many_tasks(ray: &Ray) -> Result<()> {
    let mut object = ray.put(Blob::from(bytes(300_000)))?;
    for byte in 0..4 {
        object = append::remote(echo::remote(object).submit(ray)?, byte).submit(ray)?;
    }
    equal(&*object.get(ray)?, &*[bytes(300_000), vec![0, 1, 2, 3]].concat())
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Parcel {
    label: String,
    parts: Vec<Blob>,
}

#[mobula::task]
fn reverse(mut parcel: Parcel) -> Parcel {
    parcel.parts.reverse();
    parcel
}

#[mobula::task]
fn lengths(parcels: &[Parcel], last: Parcel) -> Vec<usize> {
    parcels.iter().chain([&last]).flat_map(|p| &p.parts).map(|b| b.len()).collect()
}

pub fn blobs_inside_values(ray: &Ray) -> Result<()> {
    let parcel = |sizes: &[usize]| Parcel {
        label: format!("{sizes:?}"),
        parts: sizes.iter().map(|n| Blob::from(bytes(*n))).collect(),
    };
    let there = parcel(&[10, 100_000, 3, 2_000]);
    let back = reverse::remote(there.clone()).submit(ray)?;
    equal(back.get(ray)?, reverse(there))?;
    let others = vec![ray.put(parcel(&[5_000]))?, back];
    let all = lengths::remote(others, parcel(&[7, 9_000])).submit(ray)?.get(ray)?;
    equal(all, vec![5_000, 2_000, 3, 100_000, 10, 7, 9_000])
}
