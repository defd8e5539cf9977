//! Every case, on a Ray cluster: the program attaches in each of the ways there are, and all cases hold.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use std::process::{Command, Stdio};
use std::time::Duration;

use mobula_conformance::CASES;
use mobula_testkit::{TestCluster, cluster, eventually, tasks_named, watchdog};

const LIMIT: Duration = Duration::from_secs(600);

/// The program, as one of this cluster's drivers.
fn program(cluster: &TestCluster) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mobula-conformance"));
    // No variable of another cluster of this machine.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RAY_")) {
        command.env_remove(name);
    }
    command.envs(cluster.variables()).stdin(Stdio::null());
    command
}

/// Runs all cases, and wants each of them to hold.
fn all_hold(command: &mut Command) {
    hold(command, "");
}

/// Runs the cases of this name.
fn hold(command: &mut Command, name: &str) {
    if !name.is_empty() {
        command.arg(name);
    }
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let printed = format!("{out}\n{err}");
    let wanted: Vec<_> = CASES.iter().filter(|case| case.name.contains(name)).collect();
    for case in &wanted {
        let held = out.lines().any(|line| line.starts_with(&format!("{} ... ok (", case.name)));
        assert!(held, "{} did not hold:\n{printed}", case.name);
    }
    assert!(out.contains(&format!("\n{} passed, 0 failed\n", wanted.len())), "{printed}");
    assert!(out.starts_with("This cluster consists of 5 nodes, 10 CPUs, "), "{printed}");
    assert_eq!(output.status.code(), Some(0), "{printed}");
}

#[test]
fn every_case_holds_by_the_heads_address() {
    let Some(cluster) = cluster() else { return };
    watchdog(LIMIT, move || all_hold(program(&cluster).args(["--address", &cluster.address])));
}

#[test]
fn every_case_holds_through_ray_client() {
    let Some(cluster) = cluster() else { return };
    watchdog(LIMIT, move || all_hold(program(&cluster).args(["--address", &cluster.client_address])));
}

/// What `auto` finds without help is whichever cluster of the machine was started last; Ray lets `RAY_ADDRESS` decide. Once
/// attached it is as by the head's address, so a few cases will do.
#[test]
fn a_cluster_is_found_by_itself() {
    let Some(cluster) = cluster() else { return };
    watchdog(LIMIT, move || {
        hold(
            program(&cluster).args(["--address", "auto"]).env("RAY_ADDRESS", &cluster.address),
            "references::",
        );
    });
}

#[test]
fn tasks_that_fail_are_failed_in_the_state_api_with_their_names_and_messages() {
    let Some(cluster) = cluster() else { return };
    watchdog(LIMIT, move || {
        let mut errors = program(&cluster);
        // RAY_ADDRESS alone says where to go.
        let output = errors.arg("errors::").env("RAY_ADDRESS", &cluster.address).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for (name, message) in [
            ("errors::fail", "failed: bad input: cannot read \"x\": invalid digit found in string"),
            ("errors::index", "panicked: index out of bounds: the len is 2 but the index is 5"),
        ] {
            let name = format!("mobula_conformance::cases::{name}");
            let mut seen = Vec::new();
            let found = eventually(Duration::from_secs(60), || {
                seen = tasks_named(&cluster, &name).unwrap();
                let told = |task: &&mobula_testkit::ray::TaskState| {
                    let text = task.error_message.as_deref().unwrap_or_default();
                    task.state == "FAILED" && text.contains(&format!("{name} {message}"))
                };
                seen.iter().find(told).map(drop)
            });
            assert!(found.is_some(), "{name} is not FAILED with its message: {seen:#?}");
        }
    });
}
