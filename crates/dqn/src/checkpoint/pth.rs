//! PyTorch's file: a zip archive with a pickle that names tensors, and one file of numbers for each.
//!
//! As `torch.save(model.state_dict(), path)` writes since PyTorch 1.6. The pickle is written here opcode by
//! opcode; `torch.load(path, weights_only=True)` opens it.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::pickle::{self, Described};
use super::{Loaded, MAX_BYTES, MAX_FILE, shorten};
use crate::error::CheckpointError;
use crate::floats::to_bytes;
use crate::weights::{Tensor, Weights};

/// The directory of all entries. PyTorch writes the file's name here and reads any.
const ROOT: &str = "archive";
/// Entries of an archive: six tensors, what an optimizer has beside them, and a dozen small files.
const MAX_ENTRIES: usize = 1024;
const MAX_PICKLE: u64 = 1 << 20;

fn damaged(error: impl std::fmt::Display) -> CheckpointError {
    CheckpointError::Damaged(error.to_string())
}

pub(super) fn write(weights: &Weights) -> Result<Vec<u8>, CheckpointError> {
    // PyTorch maps tensors at multiples of 64 bytes. The entries bear no time: equal weights, equal bytes.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .with_alignment(64);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut entry = |name: &str, bytes: &[u8]| -> Result<(), CheckpointError> {
        archive.start_file(format!("{ROOT}/{name}"), options).map_err(damaged)?;
        Ok(archive.write_all(bytes)?)
    };
    weights.tensors(|tensors| {
        entry("data.pkl", &pickled(&tensors))?;
        entry("byteorder", b"little")?;
        for (key, tensor) in tensors.iter().enumerate() {
            entry(&format!("data/{key}"), &to_bytes(tensor.values))?;
        }
        entry("version", b"3\n")
    })?;
    Ok(archive.finish().map_err(damaged)?.into_inner())
}

/// The pickle of an `OrderedDict` of tensors whose storages are files `0`, `1`, ….
fn pickled(tensors: &[Tensor<'_>]) -> Vec<u8> {
    let mut out = vec![0x80, 2];
    out.extend(b"ccollections\nOrderedDict\n)R(");
    for (key, tensor) in tensors.iter().enumerate() {
        string(&mut out, tensor.name);
        out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        string(&mut out, "storage");
        out.extend(b"ctorch\nFloatStorage\n");
        string(&mut out, &key.to_string());
        string(&mut out, "cpu");
        integer(&mut out, tensor.values.len());
        // The end of the storage's tuple, the storage itself, and the tensor's offset in it.
        out.extend(b"tQ");
        integer(&mut out, 0);
        out.push(b'(');
        tensor.shape.iter().for_each(|&size| integer(&mut out, size));
        out.extend(b"t(");
        for axis in 0..tensor.shape.len() {
            integer(&mut out, tensor.shape[axis + 1..].iter().product());
        }
        // Needs no gradient, has no hooks.
        out.extend(b"t\x89ccollections\nOrderedDict\n)RtR");
    }
    out.extend(b"u.");
    out
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

fn integer(out: &mut Vec<u8>, value: usize) {
    out.push(b'J');
    out.extend((value as u32).to_le_bytes());
}

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Loaded>, CheckpointError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if archive.len() > MAX_ENTRIES {
        return Err(damaged(format!("{} entries are more than a network has", archive.len())));
    }
    let root_of = |name: &str| name.strip_suffix("data.pkl").map(str::to_owned);
    let Some(root) = archive.file_names().find_map(|name| root_of(&name.ok()?)) else {
        return Err(damaged("there is no data.pkl in the archive"));
    };
    let big = entry(&mut archive, &format!("{root}byteorder"), 16).is_ok_and(|order| order == b"big");
    let described = pickle::read(&entry(&mut archive, &format!("{root}data.pkl"), MAX_PICKLE)?)?;
    let mut loaded = Vec::new();
    let mut total = 0;
    for Described { name, key, kind, offset, shape, strides } in described {
        let count = shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size));
        total += count.unwrap_or(usize::MAX).min(MAX_BYTES as usize) as u64;
        if total * 4 > MAX_BYTES {
            return Err(CheckpointError::TooLarge(total * 4, MAX_BYTES));
        }
        let storage = entry(&mut archive, &format!("{root}data/{key}"), MAX_FILE)?;
        let numbers = places(offset, &shape, &strides).map(|place| kind.at(&storage, place?, big));
        let Some(values) = numbers.collect() else {
            let name = shorten(&name);
            return Err(damaged(format!(
                "tensor {name:?} reaches beyond its storage of {} bytes",
                storage.len()
            )));
        };
        loaded.push(Loaded { name, shape, values });
    }
    Ok(loaded)
}

/// Where the numbers of a tensor are in its storage, row by row; `None` for what no storage has.
fn places<'a>(
    offset: usize,
    shape: &'a [usize],
    strides: &'a [usize],
) -> impl Iterator<Item = Option<usize>> + 'a {
    let mut index = vec![0; shape.len()];
    let mut is_over = shape.contains(&0);
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let mut steps =
            index.iter().zip(strides).map(|(&at, &stride): (&usize, &usize)| at.checked_mul(stride));
        let place = steps.try_fold(offset, |sum, step| sum.checked_add(step?));
        // The last dimension first.
        is_over = true;
        for (at, &size) in index.iter_mut().zip(shape).rev() {
            *at += 1;
            if *at < size {
                is_over = false;
                break;
            }
            *at = 0;
        }
        Some(place)
    })
}

/// The content of an entry of at most `limit` bytes; its checksum is compared at the end of reading.
fn entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    name: &str,
    limit: u64,
) -> Result<Vec<u8>, CheckpointError> {
    let file = archive.by_name(name).map_err(|error| damaged(format!("{:?}: {error}", shorten(name))))?;
    if file.size() > limit {
        return Err(CheckpointError::TooLarge(file.size(), limit));
    }
    let mut content = Vec::new();
    file.take(limit + 1).read_to_end(&mut content).map_err(damaged)?;
    if content.len() as u64 > limit {
        return Err(CheckpointError::TooLarge(content.len() as u64, limit));
    }
    Ok(content)
}
