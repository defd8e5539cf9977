//! Every case, embedded.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use mobula::{LocalConfig, Ray};
use mobula_conformance::CASES;

#[test]
fn every_case_holds_embedded() {
    let ray = Ray::local(LocalConfig::with_cpus(2.0));
    let failed: Vec<String> = CASES
        .iter()
        .filter_map(|case| (case.body)(&ray).err().map(|error| format!("{}: {error:#}", case.name)))
        .collect();
    assert!(!CASES.is_empty());
    assert!(failed.is_empty(), "{} of {} cases failed:\n{}", failed.len(), CASES.len(), failed.join("\n"));
}
