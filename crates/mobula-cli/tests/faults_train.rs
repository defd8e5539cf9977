//! What a training survives. Each test has a cluster of its own, and breaks it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

mod support;

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mobula_testkit::python::Environment;
use mobula_testkit::ray::{Builder, Cluster};
use mobula_testkit::{Process, TestCluster, environment, eventually, watchdog};
use serde_json::Value;

use support::{MOBULA, Place};

const LIMIT: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_secs(180);
const ROUNDS: usize = 200;
const AGENT: &str = "mobula_trainer::agent::Agent";
const GLOBAL: &str = "mobula_trainer::global_net::GlobalNet";
const LEARNER: &str = "mobula_trainer::learner::Learner";

/// Quick to notice that a node has died.
fn small(python: &Environment, nodes: usize) -> Builder {
    let health = [("RAY_health_check_period_ms", "500"), ("RAY_health_check_failure_threshold", "3")];
    let builder = Cluster::builder().python(python).nodes(nodes).cpus_per_node(2).object_store_mb(100);
    health.into_iter().fold(builder, |builder, (name, value)| builder.env(name, value))
}

fn train(place: &Place, address: &str) -> Command {
    let mut command = training(place, address);
    command.args(["--mode", "average"]);
    command
}

/// In either mode, which is to follow.
fn training(place: &Place, address: &str) -> Command {
    let mut command = Command::new(MOBULA);
    // No average ends it before its time, and no test is won.
    let line = "train --rules textbook --agents 2 --num-cpus 1 --target-reward 1000 --run-dir run --json --max-rounds";
    command.args(line.split(' ')).arg(ROUNDS.to_string()).args(["--address", address]);
    command.current_dir(place.root()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts a training on the cluster and waits until it is under way.
fn start(place: &Place, cluster: &TestCluster) -> Child {
    begin(train(place, &cluster.address), place, cluster)
}

fn begin(mut command: Command, place: &Place, cluster: &TestCluster) -> Child {
    let child = command.envs(cluster.variables()).spawn().unwrap();
    let log = place.path("run").join("metrics.jsonl");
    let rounds = || fs::read_to_string(&log).map_or(0, |text| text.lines().count());
    eventually(SOON, || (rounds() >= 5).then_some(())).expect("the first rounds");
    assert!(rounds() < ROUNDS, "it ended too soon to be broken");
    child
}

/// The processes of actors of this type, with their nodes.
fn actors(cluster: &Cluster, nodes: usize, kind: &str) -> Vec<(usize, Process)> {
    let of =
        |node: usize| cluster.workers(node).into_iter().map(move |(process, title)| (node, process, title));
    let all = (0..nodes).flat_map(of).filter(|(_, _, title)| title.contains(kind));
    all.map(|(node, process, _)| (node, process)).collect()
}

/// The training's end, in success; what it said.
fn finish(child: Child) -> (Value, String) {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["rounds"], ROUNDS);
    (result, text)
}

#[test]
fn an_agent_that_is_killed_takes_the_global_weights_and_the_run_goes_on() {
    let Some(python) = environment() else { return };
    watchdog(LIMIT, move || {
        let place = Place::new();
        let cluster = small(&python, 2).start().unwrap();
        let child = start(&place, &cluster);
        let agents = actors(&cluster, 2, AGENT);
        assert_eq!(agents.len(), 2);
        assert!(agents[0].1.kill());
        let (_, text) = finish(child);
        assert!(text.contains("was started again and took the weights of round"), "{text}");
    });
}

#[test]
fn a_global_net_that_is_killed_gets_its_weights_back() {
    let Some(python) = environment() else { return };
    watchdog(LIMIT, move || {
        let place = Place::new();
        let output =
            train(&place, "local").env("MOBULA_NUM_CPUS", "4").arg("--checkpoint").arg("here.pth").output();
        assert!(output.unwrap().status.success());
        fs::rename(place.path("run"), place.path("here")).unwrap();
        let cluster = small(&python, 2).start().unwrap();
        let child = start(&place, &cluster);
        let global = actors(&cluster, 2, GLOBAL);
        assert_eq!(global.len(), 1);
        assert!(global[0].1.kill());
        finish(child);
        let same = fs::read(place.path("model_checkpoint.pth")).unwrap()
            == fs::read(place.path("here.pth")).unwrap();
        assert!(same, "other weights than those of a run that nobody broke");
    });
}

#[test]
fn a_learner_that_is_killed_takes_the_last_weights_and_the_run_goes_on() {
    let Some(python) = environment() else { return };
    watchdog(LIMIT, move || {
        let place = Place::new();
        let cluster = small(&python, 2).start().unwrap();
        let mut command = training(&place, &cluster.address);
        command.args(["--mode", "shared"]);
        let child = begin(command, &place, &cluster);
        let learner = actors(&cluster, 2, LEARNER);
        assert_eq!(learner.len(), 1);
        assert!(learner[0].1.kill());
        let (_, text) = finish(child);
        assert!(text.contains("the learner was started again and took the weights of round"), "{text}");
    });
}

#[test]
fn a_node_that_is_killed_takes_its_actors_with_it_and_the_run_goes_on() {
    let Some(python) = environment() else { return };
    watchdog(LIMIT, move || {
        let place = Place::new();
        let mut cluster = small(&python, 3).start().unwrap();
        let child = start(&place, &cluster);
        let everywhere = actors(&cluster, 3, "mobula_trainer::");
        let node =
            everywhere.iter().map(|(node, _)| *node).find(|node| *node != 0).expect("an actor off the head");
        cluster.kill_node(node);
        finish(child);
    });
}
