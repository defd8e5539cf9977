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
    let cases: [(&[u8], &str); 6] = [
        (
            b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R.",
            "the pickle asks for os.system, and only tensors are read",
        ),
        (
            b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.",
            "the pickle asks for builtins.eval, and only tensors are read",
        ),
        (
            b"\x80\x02ctorch\nDoubleStorage\n.",
            "the pickle asks for torch.DoubleStorage, and only tensors are read",
        ),
        // INST, an older way to call anything.
        (b"(ios\nsystem\n.", "the pickle asks for opcode 0x69, and only tensors are read"),
        // A dict that is called, and one that contains itself.
        (
            b"\x80\x02})R.",
            "the pickle asks for a call of something that is no function of its own, and only tensors are read",
        ),
        (b"\x80\x02}q\0X\x01\0\0\0ah\0s.", "\"a\" is no tensor"),
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
        assert_eq!(sentence, "damaged: in the pickle, there is no state dict");
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
