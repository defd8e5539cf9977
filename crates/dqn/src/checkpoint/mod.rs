//! Checkpoints: a network's weights in a file that PyTorch, or anything that knows safetensors, opens.
//!
//! The name's ending chooses the format to write, `.pth` (or `.pt`) or `.safetensors`; the first bytes tell
//! which one is read. Nothing in a file is trusted: sizes are bounded before memory is taken, and the reader
//! of PyTorch's pickles (`pickle.rs`) knows how to build tensors and nothing else. A file is written as every
//! result is (`mobula_outputs`): a reader sees the old one or the new one, whole.

mod elements;
mod pickle;
mod pth;
mod safe;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{CheckpointError, Error};
use crate::sizes::Sizes;
use crate::weights::{Weights, shapes};

/// More than the largest network's checkpoint has.
const MAX_BYTES: u64 = 72 << 20;

/// The same in numbers twice as long, with what an optimizer keeps beside them.
const MAX_FILE: u64 = 6 * MAX_BYTES;

/// How PyTorch's files began before they were archives: a pickled number.
const OLD_PYTORCH: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/// A tensor on its way in.
#[derive(Debug, PartialEq)]
struct Loaded {
    name: String,
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// The bytes of a checkpoint for a file of this name, or for the file that a link of this name leads to. What is no
/// file, such as a pipe or `-`, gets PyTorch's format.
///
/// # Errors
///
/// The name ends in neither `.pth`, `.pt` nor `.safetensors`.
pub fn encode(weights: &Weights, path: &Path) -> Result<Vec<u8>, CheckpointError> {
    let by_ending = |path: &Path| match path.extension()?.to_str()? {
        "pth" | "pt" => Some(pth::write(weights)),
        "safetensors" => Some(safe::write(weights)),
        _ => None,
    };
    let stream = || mobula_outputs::is_stream(path).then(|| pth::write(weights));
    by_ending(path)
        .or_else(|| by_ending(&mobula_outputs::target(path)?))
        .or_else(stream)
        .unwrap_or(Err(CheckpointError::Extension))
}

/// The weights in a checkpoint's bytes.
///
/// # Errors
///
/// The bytes are no checkpoint, damaged, want more than tensors, or hold those of another network.
pub fn decode(bytes: &[u8]) -> Result<Weights, CheckpointError> {
    if bytes.len() as u64 > MAX_FILE {
        return Err(CheckpointError::TooLarge(bytes.len() as u64, MAX_FILE));
    }
    if bytes.starts_with(b"PK") {
        assemble(pth::read(bytes)?)
    } else if bytes.get(8) == Some(&b'{') {
        assemble(safe::read(bytes)?)
    } else if bytes.starts_with(OLD_PYTORCH) {
        Err(CheckpointError::Tensors(
            "this is PyTorch's format from before 1.6: torch.save(torch.load(f), f) writes it anew"
                .to_owned(),
        ))
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
    mobula_outputs::write(path, &bytes).map_err(|error| named(error.into()))
}

/// Reads a checkpoint.
///
/// # Errors
///
/// The file cannot be read, or see [`decode`].
pub fn load(path: &Path) -> Result<Weights, Error> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
        decode(&bytes)
    };
    read().map_err(|problem| Error::Checkpoint { path: path.to_owned(), problem })
}

/// The network whose tensors these are, in any order.
fn assemble(mut loaded: Vec<Loaded>) -> Result<Weights, CheckpointError> {
    let no = |sentence: String| Err(CheckpointError::Tensors(sentence));
    let mut ordered = Vec::new();
    for (name, ..) in shapes([1, 1]) {
        let Some(at) = loaded.iter().position(|tensor| tensor.name == name) else {
            return no(format!("tensor {name} is missing{}", instead(&ordered, &loaded)));
        };
        ordered.push(loaded.swap_remove(at));
    }
    if let Some(tensor) = loaded.first() {
        return no(format!("tensor {:?} is not one of the network's", shorten(&tensor.name)));
    }
    let rows = |i: usize| ordered[i].shape.first().copied().unwrap_or(0);
    let columns = |i: usize| ordered[i].shape.get(1).copied().unwrap_or(0);
    let sizes = Sizes { observation: columns(0), hidden: [rows(0), rows(2)], actions: rows(4) };
    if let Err(error) = sizes.check() {
        return no(format!("a network {sizes}: {error}"));
    }
    let mut values = Vec::new();
    for (tensor, (name, shape, rank)) in ordered.into_iter().zip(shapes(sizes)) {
        if tensor.shape != shape[..rank] {
            return no(format!(
                "tensor {name} has shape {:?}, expected {:?} in a network {sizes}",
                tensor.shape,
                &shape[..rank],
            ));
        }
        values.extend(tensor.values);
    }
    Weights::new(sizes, values).map_err(|error| CheckpointError::Tensors(error.to_string()))
}

/// The names of what is there.
fn instead(found: &[Loaded], rest: &[Loaded]) -> String {
    let names: Vec<String> = found.iter().chain(rest).take(12).map(|tensor| shorten(&tensor.name)).collect();
    let more = if found.len() + rest.len() > 12 { ", …" } else { "" };
    if names.is_empty() {
        ": there is none at all".to_owned()
    } else {
        format!(": there are {}{more}", names.join(", "))
    }
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
    use std::fs;

    const MISSING: &str =
        "tensor fc3.weight is missing: there are fc1.weight, fc1.bias, fc2.weight, fc2.bias, fc3.bias";

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
        assert_eq!(sentence(|all| drop(all.remove(1))), MISSING);
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
        let [link, pipe] = ["link", "pipe"].map(|name| directory.path().join(name));
        std::os::unix::fs::symlink("model.pth", &link).unwrap();
        save(&first, &link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(load(&path).unwrap(), first);
        // What is no file has no ending either.
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || load(&pipe).unwrap()
        });
        save(&second, &pipe).unwrap();
        assert_eq!(reader.join().unwrap(), second);
        let unknown = save(&first, &directory.path().join("model.zip")).unwrap_err().to_string();
        assert!(unknown.ends_with("the name must end in .pth (or .pt) or .safetensors"), "{unknown}");
    }
}
