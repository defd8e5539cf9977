//! The recorded Gymnasium episodes, bit for bit.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use std::fs::File;
use std::path::PathBuf;

use lunar_lander::Width;
use lunar_lander::trace::{Reader, verify, verify_batch};

/// `shared/lunar_lander/trace.bin`, or `None` with a sentence when the directory is absent.
fn fixture() -> Option<PathBuf> {
    let root = std::env::var_os("MOBULA_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = root.join("lunar_lander/trace.bin");
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is absent", path.display());
    None
}

#[test]
fn fixture_matches_in_every_bit() {
    let Some(path) = fixture() else { return };
    let reader = Reader::new(File::open(path).unwrap()).unwrap();
    let report = verify(reader.form().options(), reader).unwrap();
    assert!(report.is_exact(), "{report:#?}");
    assert_eq!((report.episodes, report.records), (60, 12_551));
}

#[test]
fn batch_matches_in_every_bit_at_every_width() {
    let Some(path) = fixture() else { return };
    let reader = Reader::new(File::open(path).unwrap()).unwrap();
    let options = reader.form().options();
    let recordings: Vec<_> = reader.collect::<Result<_, _>>().unwrap();
    for width in Width::ALL.into_iter().filter(|width| width.is_supported()) {
        // More environments than the widest vector has lanes.
        let report = verify_batch(options, &recordings, 48, width).unwrap();
        assert!(report.is_exact(), "{width:?}: {report:#?}");
        assert_eq!((report.episodes, report.records), (60, 12_551));
    }
}

/// Few environments leave lanes empty: every policy's first episode, one and five at a time.
#[test]
fn small_batches_match_in_every_bit() {
    let Some(path) = fixture() else { return };
    let reader = Reader::new(File::open(path).unwrap()).unwrap();
    let options = reader.form().options();
    let mut recordings: Vec<_> = reader.collect::<Result<_, _>>().unwrap();
    recordings.dedup_by_key(|recording| recording.policy);
    for count in [1, 5] {
        let report = verify_batch(options, &recordings, count, Width::best()).unwrap();
        assert!(report.is_exact(), "{count} environments: {report:#?}");
        assert_eq!(report.episodes, 5);
    }
}
