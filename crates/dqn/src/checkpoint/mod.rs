//! Checkpoints: a network's weights in a file that PyTorch, or anything that knows safetensors, opens.
//!
//! The name's ending chooses the format to write, `.pth` (or `.pt`) or `.safetensors`; the first bytes tell
//! which one is read. Nothing in a file is trusted: sizes are bounded before memory is taken, and the reader
//! of PyTorch's pickles (`pickle.rs`) knows how to build tensors and nothing else. A file is written beside
//! its place and moved there, so that a reader sees the old one or the new one, whole.

mod pickle;
mod pth;
mod safe;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use crate::config::{ACTIONS, MAX_HIDDEN, STATE};
use crate::error::{CheckpointError, Error};
use crate::weights::{Weights, shapes};

/// More than the largest network's checkpoint has.
const MAX_BYTES: u64 = 72 << 20;

/// A tensor on its way in.
#[derive(Debug, PartialEq)]
struct Loaded {
    name: String,
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// The bytes of a checkpoint for a file of this name.
///
/// # Errors
///
/// The name ends in neither `.pth`, `.pt` nor `.safetensors`.
pub fn encode(weights: &Weights, path: &Path) -> Result<Vec<u8>, CheckpointError> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("pth" | "pt") => pth::write(weights),
        Some("safetensors") => safe::write(weights),
        _ => Err(CheckpointError::Extension),
    }
}

/// The weights in a checkpoint's bytes.
///
/// # Errors
///
/// The bytes are no checkpoint, damaged, want more than tensors, or hold those of another network.
pub fn decode(bytes: &[u8]) -> Result<Weights, CheckpointError> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(CheckpointError::TooLarge(bytes.len() as u64, MAX_BYTES));
    }
    if bytes.starts_with(b"PK") {
        assemble(pth::read(bytes)?)
    } else if bytes.get(8) == Some(&b'{') {
        assemble(safe::read(bytes)?)
    } else {
        Err(CheckpointError::Unknown)
    }
}

/// Writes a checkpoint, all or nothing.
///
/// ```
/// let directory = tempfile::tempdir()?;
/// let weights = dqn::Weights::initial([64, 64], 1)?;
/// for name in ["model.pth", "model.safetensors"] {
///     let path = directory.path().join(name);
///     dqn::checkpoint::save(&weights, &path)?;
///     assert_eq!(dqn::checkpoint::load(&path)?, weights);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The name's ending is unknown, or the file system refuses.
pub fn save(weights: &Weights, path: &Path) -> Result<(), Error> {
    let named = |problem| Error::Checkpoint { path: path.to_owned(), problem };
    let bytes = encode(weights, path).map_err(named)?;
    write_atomically(path, &bytes).map_err(|error| named(error.into()))
}

/// Reads a checkpoint.
///
/// # Errors
///
/// The file cannot be read, or see [`decode`].
pub fn load(path: &Path) -> Result<Weights, Error> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        decode(&bytes)
    };
    read().map_err(|problem| Error::Checkpoint { path: path.to_owned(), problem })
}

/// Replaces a file's content: the bytes go to a new file in the same directory, to the disk, and then to
/// their name.
///
/// # Errors
///
/// The file system refuses; an earlier file is still there then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".checkpoint-");
    // As any new file: what the user's mask leaves.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The new name is on the disk once the directory is; where directories cannot be opened, as they may.
    if let Ok(directory) = fs::File::open(directory) {
        directory.sync_all().ok();
    }
    Ok(())
}

/// The network whose tensors these are, in any order.
fn assemble(mut loaded: Vec<Loaded>) -> Result<Weights, CheckpointError> {
    let no = |sentence: String| Err(CheckpointError::Tensors(sentence));
    let mut ordered = Vec::new();
    for (name, ..) in shapes([1, 1]) {
        let Some(at) = loaded.iter().position(|tensor| tensor.name == name) else {
            return no(format!("tensor {name} is missing"));
        };
        ordered.push(loaded.swap_remove(at));
    }
    if let Some(tensor) = loaded.first() {
        return no(format!("tensor {:?} is not one of the network's", shorten(&tensor.name)));
    }
    let rows = |i: usize| ordered[i].shape.first().copied().unwrap_or(0);
    let hidden = [rows(0), rows(2)];
    if hidden.iter().any(|size| !(1..=MAX_HIDDEN).contains(size)) {
        return no(format!("hidden layers {hidden:?}, each must be from 1 to {MAX_HIDDEN}"));
    }
    let mut values = Vec::new();
    for (tensor, (name, shape, rank)) in ordered.into_iter().zip(shapes(hidden)) {
        if tensor.shape != shape[..rank] {
            return no(format!(
                "tensor {name} has shape {:?}, expected {:?} in a network {STATE}-{}-{}-{ACTIONS}",
                tensor.shape,
                &shape[..rank],
                hidden[0],
                hidden[1]
            ));
        }
        values.extend(tensor.values);
    }
    Weights::new(hidden, values).map_err(|error| CheckpointError::Tensors(error.to_string()))
}

/// A name from a file, short enough for a sentence.
fn shorten(name: &str) -> String {
    let mut short: String = name.chars().take(60).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_too_few_too_many_or_misshapen_is_named() {
        let weights = Weights::initial([3, 5], 1).unwrap();
        let tensors = || -> Vec<Loaded> {
            weights.tensors(|tensors| {
                let load = |tensor: &crate::Tensor<'_>| Loaded {
                    name: tensor.name.to_owned(),
                    shape: tensor.shape.to_vec(),
                    values: tensor.values.to_vec(),
                };
                tensors.iter().rev().map(load).collect()
            })
        };
        assert_eq!(assemble(tensors()).unwrap(), weights);
        let sentence = |change: fn(&mut Vec<Loaded>)| {
            let mut changed = tensors();
            change(&mut changed);
            assemble(changed).unwrap_err().to_string()
        };
        assert_eq!(sentence(|all| drop(all.remove(1))), "tensor fc3.weight is missing");
        assert_eq!(
            sentence(|all| {
                all.push(Loaded { name: "fc4.bias".to_owned(), shape: vec![1], values: vec![0.0] });
            }),
            r#"tensor "fc4.bias" is not one of the network's"#
        );
        assert_eq!(
            sentence(|all| all[3].shape = vec![5, 4]),
            "tensor fc2.weight has shape [5, 4], expected [5, 3] in a network 8-3-5-4"
        );
    }

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.pth");
        let [first, second] = [1, 2].map(|seed| Weights::initial([4, 4], seed).unwrap());
        save(&first, &path).unwrap();
        save(&second, &path).unwrap();
        assert_eq!(load(&path).unwrap(), second);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        let nowhere = directory.path().join("no/such/model.pth");
        assert!(save(&first, &nowhere).unwrap_err().to_string().contains("no/such/model.pth"));
        let unknown = save(&first, &directory.path().join("model.zip")).unwrap_err().to_string();
        assert!(unknown.ends_with("the name must end in .pth (or .pt) or .safetensors"), "{unknown}");
    }
}
