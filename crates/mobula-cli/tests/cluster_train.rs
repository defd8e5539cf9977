//! `mobula train` on a five-node cluster.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

mod support;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use mobula_testkit::{cluster, watchdog};
use support::{MOBULA, Place};

#[test]
fn a_cluster_and_this_process_train_the_same_bytes() {
    let Some(cluster) = cluster() else { return };
    watchdog(Duration::from_secs(300), move || {
        let place = Place::new();
        let kinds = [
            ("average", "--rules textbook --max-rounds 11"),
            ("shared", "--rules textbook --max-rounds 11 --mode shared"),
            // With tests after some rounds, by the Agents.
            ("fast", "--max-rounds 4 --round-steps 1000 --gate-reward=-1e9 --test-games 7"),
            ("fast-shared", "--max-rounds 6 --mode shared --gate-reward=-1e9 --test-games 7"),
        ];
        for (mode, parameters) in kinds {
            let train = |name: &str, more: &[&str]| {
                let line =
                    format!("train --agents 3 {parameters} --run-dir {name} --checkpoint {name}.pth --json");
                let mut command = Command::new(MOBULA);
                command
                    .args(line.split_whitespace())
                    .args(more)
                    .current_dir(place.root())
                    .stdin(Stdio::null());
                let output = command.envs(cluster.variables()).env_remove("RAY_ADDRESS").output().unwrap();
                assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
                let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
                let weights = fs::read(place.path(&format!("{name}.pth"))).unwrap();
                (weights, result["env_steps"].clone(), result["average_reward"].clone())
            };
            let here = train(&format!("here-{mode}"), &["--address", "local"]);
            let there = train(&format!("there-{mode}"), &["--address", &cluster.address, "--num-cpus", "1"]);
            assert!(here.0 == there.0, "other weights with {parameters}");
            assert_eq!((here.1, here.2), (there.1, there.2));
        }
    });
}
