//! Checkpoints of all kinds: PyTorch's own, damaged ones, and those that want too much.

#![allow(clippy::unwrap_used)] // helpers of tests, outside a test function

use std::io::{Cursor, Read, Write};
use std::path::Path;

use dqn::checkpoint::{decode, encode};
use dqn::{CheckpointError, Weights};
use proptest::prelude::*;

/// Written by PyTorch, see `tests/python/record.py`.
const TORCH: &[u8] = include_bytes!("fixtures/torch.pth");
const TORCH_SAFE: &[u8] = include_bytes!("fixtures/torch.safetensors");

fn pth() -> Vec<u8> {
    encode(&Weights::initial([6, 5], 1).unwrap(), Path::new("a.pth")).unwrap()
}

/// A PyTorch file with another pickle.
fn with_pickle(pickle: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file("archive/data.pkl", options).unwrap();
    archive.write_all(pickle).unwrap();
    archive.finish().unwrap().into_inner()
}

fn pickle_of(pth: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(pth)).unwrap();
    let mut pickle = Vec::new();
    // The first entry, whatever the archive's root is called.
    archive.by_index(0).unwrap().read_to_end(&mut pickle).unwrap();
    pickle
}

#[test]
fn pytorchs_own_file_is_read() {
    let weights = decode(TORCH).unwrap();
    assert_eq!(weights.hidden(), [6, 5]);
    // The recorder saved the same weights as safetensors, by code that shares nothing with the pickles.
    assert_eq!(decode(TORCH_SAFE).unwrap(), weights);
}

#[test]
fn what_is_written_is_read_and_the_same_weights_are_the_same_bytes() {
    for hidden in [[64, 64], [1, 1], [300, 17]] {
        let weights = Weights::initial(hidden, 5).unwrap();
        for name in ["a.pth", "a.pt", "a.safetensors"] {
            let bytes = encode(&weights, Path::new(name)).unwrap();
            assert_eq!(decode(&bytes).unwrap(), weights);
            assert_eq!(encode(&weights, Path::new(name)).unwrap(), bytes);
        }
    }
}

#[test]
fn malicious_pickles_are_refused_by_name() {
    let cases: [(&[u8], &str); 9] = [
        (
            b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R.",
            "the pickle asks for os.system, and only tensors are read",
        ),
        (
            b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.",
            "the pickle asks for builtins.eval, and only tensors are read",
        ),
        // Another program's whole model, where the state dict is what can be read.
        (b"\x80\x02c__main__\nNet\n.", "the pickle asks for __main__.Net, and only tensors are read"),
        (b"\x80\x02ctorch\nDoubleStorage\n.", "there is a function, and no state dict"),
        (b"\x80\x02]G\x3f\xf0\0\0\0\0\0\0a.", "there is a list of 1, and no state dict"),
        (b"\x80\x02}X\x02\0\0\0lrG\0\0\0\0\0\0\0\0s.", "there is a dict of \"lr\", and no state dict"),
        // INST, an older way to call anything.
        (b"(ios\nsystem\n.", "the pickle asks for opcode 0x69, and only tensors are read"),
        // A dict that is called, and one that contains itself.
        (
            b"\x80\x02})R.",
            "the pickle asks for a call of something that is no function of its own, and only tensors are read",
        ),
        (b"\x80\x02}q\0X\x01\0\0\0ah\0s.", "there is a dict of \"a\", and no state dict"),
    ];
    for (pickle, sentence) in cases {
        assert_eq!(decode(&with_pickle(pickle)).unwrap_err().to_string(), sentence);
    }
}

#[test]
fn a_pickle_that_grows_by_sharing_or_nests_deep_stays_small() {
    // Tuples of pairs of the tuple before: 2^200,000 items, were they copied.
    let mut pairs = b"\x80\x02)".to_vec();
    let mut deep = pairs.clone();
    deep.extend([0x85; 200_000]);
    (0..200_000).for_each(|_| pairs.extend(b"q\0h\0\x86"));
    for mut pickle in [pairs, deep] {
        pickle.push(b'.');
        let sentence = decode(&with_pickle(&pickle)).unwrap_err().to_string();
        assert!(sentence.ends_with(", and no state dict"), "{sentence}");
    }
}

#[test]
fn sizes_that_no_file_has_take_no_memory() {
    let mut pickle = pickle_of(&pth());
    // The first shape is [6, 8]: make it as large as the format can say.
    let at = pickle.windows(6).position(|bytes| bytes == [b'(', b'J', 6, 0, 0, 0]).unwrap();
    pickle[at + 2..at + 6].copy_from_slice(&i32::MAX.to_le_bytes());
    let error = decode(&with_pickle(&pickle)).unwrap_err();
    assert!(matches!(error, CheckpointError::TooLarge(..)), "{error}");
}

#[test]
fn other_files_are_told_apart() {
    assert!(matches!(decode(b""), Err(CheckpointError::Unknown)));
    assert!(matches!(decode(b"GIF89a, not weights"), Err(CheckpointError::Unknown)));
    assert!(matches!(decode(b"PK\x03\x04"), Err(CheckpointError::Damaged(_))));
}

/// How a test file differs from what this crate writes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Plain,
    /// Column by column: `w.t().contiguous().t()`.
    Transposed,
    /// Of `nn.Parameter`s.
    Parameters,
    /// All in one storage.
    Shared,
    /// One thing of several, beside numbers and lists.
    Nested,
}

/// A file as `torch.save` writes it, of these weights as numbers of another kind.
fn torch_file(weights: &Weights, form: Form, storage: &str, number: fn(f32) -> Vec<u8>) -> Vec<u8> {
    let text = |out: &mut Vec<u8>, text: &str| {
        out.push(b'X');
        out.extend((text.len() as u32).to_le_bytes());
        out.extend(text.as_bytes());
    };
    let integers = |out: &mut Vec<u8>, all: &[usize]| {
        out.push(b'(');
        for n in all {
            out.push(b'J');
            out.extend((*n as u32).to_le_bytes());
        }
        out.push(b't');
    };
    let (mut pickle, mut files) = (b"\x80\x02".to_vec(), vec![Vec::new()]);
    if form == Form::Nested {
        pickle.extend(b"}(");
        text(&mut pickle, "epoch");
        pickle.extend(b"\x8a\x02\x10\x27");
        text(&mut pickle, "losses");
        pickle.extend(b"](G\x3f\xb9\x99\x99\x99\x99\x99\x9aNe");
        text(&mut pickle, "state_dict");
    }
    pickle.extend(b"ccollections\nOrderedDict\n)R(");
    weights.tensors(|tensors| {
        for tensor in &tensors {
            let columns = tensor.shape.get(1).copied().unwrap_or(1);
            let (mut values, mut strides) = (tensor.values.to_vec(), vec![columns, 1]);
            strides.drain(..2 - tensor.shape.len());
            if form == Form::Transposed && tensor.shape.len() == 2 {
                let rows = tensor.shape[0];
                values = (0..values.len()).map(|at| tensor.values[at % rows * columns + at / rows]).collect();
                strides = vec![1, rows];
            }
            if form != Form::Shared {
                files.push(Vec::new());
            }
            let key = files.len() - 1;
            let offset = files[key].len() / number(0.0).len();
            files[key].extend(values.into_iter().flat_map(number));
            text(&mut pickle, tensor.name);
            if form == Form::Parameters {
                pickle.extend(b"ctorch._utils\n_rebuild_parameter\n(");
            }
            pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
            text(&mut pickle, "storage");
            pickle.extend(format!("ctorch\n{storage}\n").bytes());
            text(&mut pickle, &key.to_string());
            text(&mut pickle, "cuda:0");
            pickle.extend(b"K\0tQJ");
            pickle.extend((offset as u32).to_le_bytes());
            integers(&mut pickle, tensor.shape);
            integers(&mut pickle, &strides);
            pickle.extend(b"\x89ccollections\nOrderedDict\n)RtR");
            if form == Form::Parameters {
                pickle.extend(b"\x88ccollections\nOrderedDict\n)RtR");
            }
        }
    });
    pickle.extend(if form == Form::Nested { &b"uu."[..] } else { b"u." });
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    let mut entry = |name: String, bytes: &[u8]| {
        archive.start_file(name, options).unwrap();
        archive.write_all(bytes).unwrap();
    };
    entry("model/data.pkl".into(), &pickle);
    files.iter().enumerate().for_each(|(key, bytes)| entry(format!("model/data/{key}"), bytes));
    archive.finish().unwrap().into_inner()
}

/// `torch.load` and `load_state_dict` take all of these, and they were refused.
#[test]
fn what_pytorch_reads_is_read() {
    let weights = Weights::initial([6, 5], 1).unwrap();
    let single = |value: f32| value.to_le_bytes().to_vec();
    for form in [Form::Plain, Form::Transposed, Form::Parameters, Form::Shared, Form::Nested] {
        assert_eq!(decode(&torch_file(&weights, form, "FloatStorage", single)).unwrap(), weights, "{form:?}");
    }
    let double = |value: f32| f64::from(value).to_le_bytes().to_vec();
    assert_eq!(decode(&torch_file(&weights, Form::Transposed, "DoubleStorage", double)).unwrap(), weights);
    // The upper half of a number is one of 16 bits, and exact where it comes back.
    let upper = |value: f32| value.to_le_bytes()[2..].to_vec();
    let short = decode(&torch_file(&weights, Form::Plain, "BFloat16Storage", upper)).unwrap();
    assert_eq!(decode(&torch_file(&short, Form::Plain, "FloatStorage", single)).unwrap(), short);
    let near = |a: &Weights, b: &Weights| {
        a.tensors(|a| {
            b.tensors(|b| {
                a.iter().zip(&b).all(|(a, b)| {
                    a.values.iter().zip(b.values).all(|(a, b)| (a - b).abs() <= b.abs() / 100.0)
                })
            })
        })
    };
    assert!(near(&short, &weights) && short != weights);
    // Beyond its storage, by its strides.
    let cut = torch_file(&weights, Form::Transposed, "DoubleStorage", single);
    let error = decode(&cut).unwrap_err().to_string();
    assert!(error.contains("reaches beyond its storage"), "{error}");
    let old =
        decode(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.").unwrap_err().to_string();
    assert!(old.contains("before 1.6"), "{old}");
}

#[test]
fn safetensors_of_other_numbers_are_read() {
    use safetensors::tensor::{Dtype, TensorView, serialize};
    let weights = Weights::initial([6, 5], 1).unwrap();
    let file = |dtype, number: fn(f32) -> Vec<u8>| {
        weights.tensors(|tensors| {
            let bytes: Vec<Vec<u8>> = tensors
                .iter()
                .map(|tensor| tensor.values.iter().copied().flat_map(number).collect())
                .collect();
            let views = tensors.iter().zip(&bytes).map(|(tensor, bytes)| {
                (tensor.name, TensorView::new(dtype, tensor.shape.to_vec(), bytes).unwrap())
            });
            serialize(views, None).unwrap()
        })
    };
    assert_eq!(decode(&file(Dtype::F64, |value| f64::from(value).to_le_bytes().to_vec())).unwrap(), weights);
    assert!(decode(&file(Dtype::BF16, |value| value.to_le_bytes()[2..].to_vec())).is_ok());
    let complex =
        decode(&file(Dtype::C64, |value| [value, 0.0].into_iter().flat_map(f32::to_le_bytes).collect()));
    let error = complex.unwrap_err().to_string();
    assert!(error.contains("C64"), "{error}");
}

#[test]
fn every_truncation_is_refused() {
    let safe = encode(&Weights::initial([6, 5], 1).unwrap(), Path::new("a.safetensors")).unwrap();
    for whole in [&pth()[..], &safe, TORCH] {
        for length in 0..whole.len() {
            assert!(decode(&whole[..length]).is_err(), "{length} of {}", whole.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Flipped bits are refused, or leave weights that fit their shape; nothing panics.
    #[test]
    fn flipped_bits_never_panic(which in 0..3usize, flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8u32), 1..4)) {
        let mut bytes = match which {
            0 => pth(),
            1 => TORCH.to_vec(),
            _ => TORCH_SAFE.to_vec(),
        };
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        drop(decode(&bytes));
    }

    /// The same inside the pickle, where the archive's checksum does not help.
    #[test]
    fn flipped_bits_in_the_pickle_never_panic(torch: bool, flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut pickle = pickle_of(if torch { TORCH } else { Box::leak(pth().into_boxed_slice()) });
        for (at, byte) in flips {
            let at = at.index(pickle.len());
            pickle[at] = byte;
        }
        drop(decode(&with_pickle(&pickle)));
    }
}
