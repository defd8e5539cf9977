//! Rust tasks and actors called from Python, on a Ray cluster: the package `python/mobula` and this crate's library.
//!
//! The promises themselves stand in `python/callers.py`, which the cluster's own interpreter runs.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use std::path::{Path, PathBuf};
use std::time::Duration;

use mobula_testkit::{cluster, repository, watchdog};

const LIMIT: Duration = Duration::from_secs(600);

/// A library that this build made: `cargo build` puts it beside the executable, `cargo test` only among the dependencies.
fn library(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_mobula-conformance")).parent().unwrap();
    let places = [folder.to_path_buf(), folder.join("deps")];
    let found = places.map(|place| place.join(name));
    let found = found.into_iter().filter(|path| path.is_file());
    found.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).expect("the library was built")
}

/// Runs the promises with `RAY_ADDRESS` at this address.
fn all_hold(address: impl FnOnce(&mobula_testkit::TestCluster) -> String + Send + 'static) {
    let Some(cluster) = cluster() else { return };
    watchdog(LIMIT, move || {
        let tests = repository().join("crates/conformance/tests/python/callers.py");
        let mut python = cluster.python_command();
        python.arg("-B").arg(&tests);
        python.args(["libmobula_conformance.so", "libinverted_index.so"].map(library));
        python.env("PYTHONPATH", repository().join("python")).env("RAY_ADDRESS", address(&cluster));
        let output = python.output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{out}\n{err}");
        // Each of them ran.
        let cases: Vec<String> = std::fs::read_to_string(&tests)
            .unwrap()
            .lines()
            .filter_map(|line| Some(line.strip_prefix("def case_")?.split_once('(')?.0.to_string()))
            .collect();
        assert!(!cases.is_empty());
        for case in cases {
            assert!(out.contains(&format!("case_{case} ... ok\n")), "{case} did not run:\n{out}\n{err}");
        }
    });
}

#[test]
fn python_calls_tasks_and_actors() {
    all_hold(|cluster| cluster.address.clone());
}

#[test]
fn python_calls_tasks_and_actors_through_ray_client() {
    all_hold(|cluster| cluster.client_address.clone());
}
