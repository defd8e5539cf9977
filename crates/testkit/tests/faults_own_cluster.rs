//! Clusters of a test's own: nodes die one by one, and nothing is left in the end, however the test ends.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mobula_testkit::python::Environment;
use mobula_testkit::ray::{Builder, Cluster};
use mobula_testkit::{Error, Process, environment, eventually, watchdog};

const LIMIT: Duration = Duration::from_secs(240);
const SOON: Duration = Duration::from_secs(60);

/// Small, and quick to notice that a node has died.
fn small(python: &Environment, nodes: usize) -> Builder {
    let health = [("RAY_health_check_period_ms", "500"), ("RAY_health_check_failure_threshold", "3")];
    let builder = Cluster::builder().python(python).nodes(nodes).cpus_per_node(1).object_store_mb(80);
    health.into_iter().fold(builder, |builder, (name, value)| builder.env(name, value))
}

/// Nothing of a cluster is left: no process, no file.
fn assert_gone(root: &Path, processes: &[Process]) {
    let gone = eventually(SOON, || {
        let left = processes.iter().any(Process::is_alive) || !Process::mentioning(root).is_empty();
        (!left && !root.exists()).then_some(())
    });
    let left: Vec<String> = processes.iter().filter(|p| p.is_alive()).map(Process::title).collect();
    assert!(gone.is_some(), "left of {}: {left:?}, {:?}", root.display(), Process::mentioning(root));
}

fn everything(cluster: &Cluster) -> Vec<Process> {
    (0..cluster.node_ids().len()).flat_map(|node| cluster.node_processes(node)).collect()
}

/// A detached actor on node 1, so that a worker with a title runs there after the driver has gone.
const DRIVER: &str = r#"
import os, ray
ray.init(address=os.environ["MOBULA_TEST_CLUSTER"], namespace="testkit", log_to_driver=False)
class Keeper:
    def ready(self):
        return os.getpid()
keeper = ray.remote(Keeper).options(name="keeper", lifetime="detached", resources={"node1": 1}).remote()
print(ray.get(keeper.ready.remote()))
"#;

#[test]
fn a_killed_node_leaves_the_others_alive_and_the_end_leaves_nothing() {
    let Some(python) = environment() else { return };
    watchdog(LIMIT, move || {
        let mut cluster = small(&python, 2).start().unwrap();
        let root = cluster.root().to_path_buf();
        assert!(cluster.session_dir().join("logs").is_dir());
        assert_ne!(cluster.node_ids()[0], cluster.node_ids()[1]);

        let output = cluster.python_command().args(["-c", DRIVER]).output().unwrap();
        let keeper: u32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        let workers = cluster.workers(1);
        let titled = workers.iter().find(|(process, _)| process.pid == keeper);
        assert!(titled.is_some_and(|(_, title)| title.contains("Keeper")), "{workers:?}");
        assert!(cluster.node_pids(1).contains(&keeper) && !cluster.node_pids(0).contains(&keeper));
        assert!(cluster.raylet(0).is_some() && cluster.raylet(0) != cluster.raylet(1));

        let processes = everything(&cluster);
        let head = cluster.node_processes(0);
        let lost = cluster.node_processes(1);
        cluster.kill_node(1);
        assert!(lost.iter().all(|process| !process.is_alive()));
        assert!(cluster.node_pids(1).is_empty() && cluster.raylet(1).is_none());
        assert!(cluster.raylet(0).is_some_and(|raylet| head.contains(&raylet)), "the head's raylet goes on");
        cluster.wait_for_nodes(1, SOON).unwrap();

        let processes = [processes, everything(&cluster)].concat();
        drop(cluster);
        assert_gone(&root, &processes);
    });
}

#[test]
fn two_clusters_live_at_the_same_time_and_a_stopped_node_leaves() {
    let Some(python) = environment() else { return };
    watchdog(LIMIT, move || {
        let (one, two) = std::thread::scope(|scope| {
            let two = scope.spawn(|| small(&python, 1).start().unwrap());
            (small(&python, 2).start().unwrap(), two.join().unwrap())
        });
        let mut one = one;
        assert_ne!(one.address, two.address);
        one.wait_for_nodes(2, SOON).unwrap();
        one.stop_node(1);
        assert!(one.node_pids(1).is_empty());
        one.wait_for_nodes(1, SOON).unwrap();
        two.wait_for_nodes(1, SOON).unwrap();
    });
}

#[test]
fn a_test_that_panics_leaves_nothing() {
    let Some(python) = environment() else { return };
    watchdog(LIMIT, move || {
        let cluster = small(&python, 1).start().unwrap();
        let (root, processes) = (cluster.root().to_path_buf(), everything(&cluster));
        let panicked = std::thread::spawn(move || {
            let _cluster = cluster;
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        assert_gone(&root, &processes);
    });
}

#[test]
#[ignore = "the program that the next test kills"]
fn an_owner_of_a_cluster() {
    let Some(python) = environment() else { return };
    let cluster = small(&python, 2).start().unwrap();
    println!("\nroot {}", cluster.root().display());
    loop {
        std::thread::park();
    }
}

#[test]
fn a_test_that_is_killed_leaves_nothing() {
    let Some(_) = environment() else { return };
    watchdog(LIMIT, || {
        let mut owner = Command::new(std::env::current_exe().unwrap());
        owner.args(["--ignored", "--exact", "an_owner_of_a_cluster", "--nocapture"]).stdout(Stdio::piped());
        let mut owner = owner.spawn().unwrap();
        let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
        let root = lines.find_map(|line| line.unwrap().strip_prefix("root ").map(PathBuf::from)).unwrap();
        let processes = Process::descendants(owner.id());
        assert!(processes.iter().any(|process| process.title().contains("raylet")));
        owner.kill().unwrap();
        owner.wait().unwrap();
        assert_gone(&root, &processes);
    });
}

#[test]
fn a_cluster_that_cannot_start_shows_its_log() {
    let Some(python) = environment() else { return };
    watchdog(LIMIT, move || {
        let error = small(&python, 1).object_store_mb(1).start().unwrap_err();
        let Error::NodeEnded { node: 0, ref log, .. } = error else { panic!("{error}") };
        assert!(log.contains("object store"), "{log}");
    });
}
