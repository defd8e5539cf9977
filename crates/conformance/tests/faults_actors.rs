//! What a program sees when something dies: workers, actors, its driver, a node, a network. And what Ray's own report of
//! its memory shows when references go, or stay.
//!
//! The scenes are in `src/scenes`. Each comes to a place where it waits, and goes on when the test has done its damage.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use std::io::{BufRead, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use mobula_testkit::ray::{Builder, Cluster, hosts_can_be_made};
use mobula_testkit::{Process, TestCluster, environment, eventually, skip, watchdog};

const LIMIT: Duration = Duration::from_secs(400);
const SOON: Duration = Duration::from_secs(90);

fn nodes(count: usize) -> Option<Builder> {
    let python = environment()?;
    Some(Cluster::builder().python(&python).nodes(count).cpus_per_node(1).object_store_mb(100))
}

/// Five nodes, that all tests but the last share; the node that one of them kills is not missed by the others.
fn five_nodes() -> Option<Arc<Mutex<Cluster>>> {
    // Ends with the process: each node's guard sees to that.
    static CLUSTER: OnceLock<Arc<Mutex<Cluster>>> = OnceLock::new();
    let builder = nodes(5)?;
    Some(CLUSTER.get_or_init(|| Arc::new(Mutex::new(builder.start().unwrap()))).clone())
}

/// Another test's failure is its own.
fn lock(cluster: &Mutex<Cluster>) -> MutexGuard<'_, Cluster> {
    cluster.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// After how much silence a host counts as dead, and a connection as broken. What is killed shows at once, since its
/// connections close; where packets only vanish, a driver with Ray's own settings waits seven minutes for an answer.
const SILENCE: [(&str, &str); 5] = [
    ("RAY_health_check_period_ms", "1000"),
    ("RAY_health_check_timeout_ms", "4000"),
    ("RAY_health_check_failure_threshold", "4"),
    ("RAY_grpc_client_keepalive_time_ms", "2000"),
    ("RAY_grpc_client_keepalive_timeout_ms", "8000"),
];

/// A scene that plays.
struct Scene {
    program: Child,
    lines: Lines<BufReader<ChildStdout>>,
    said: String,
}

impl Scene {
    fn start(cluster: &TestCluster, name: &str) -> Scene {
        Scene::start_with(cluster, name, &[])
    }

    fn start_with(cluster: &TestCluster, name: &str, variables: &[(&str, &str)]) -> Scene {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mobula-conformance"));
        command.envs(cluster.variables()).env_remove("RAY_ADDRESS").envs(variables.iter().copied());
        command.args(["--address", &cluster.address, "--scene", name]);
        let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(program.stdout.take().unwrap()).lines();
        Scene { program, lines, said: String::new() }
    }

    /// Waits until the scene has come to this place, where it stays.
    fn comes_to(&mut self, place: &str) {
        let wanted = format!("at {place}");
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            self.said += &format!("{line}\n");
            if line == wanted {
                return;
            }
        }
        panic!("the scene did not come to {place}:\n{}", self.said);
    }

    fn goes_on(&mut self) {
        self.program.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// What the scene has said, when it has ended well.
    fn ends(mut self) -> String {
        for line in self.lines.by_ref() {
            self.said += &format!("{}\n", line.unwrap());
        }
        let status = self.program.wait().unwrap();
        assert!(status.success() && self.said.ends_with("the end\n"), "{status}:\n{}", self.said);
        self.said.clone()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// The worker that runs this task or method, on whichever node.
fn worker(cluster: &Cluster, runs: &str) -> Process {
    let found = eventually(SOON, || {
        let mut workers = (0..cluster.node_ids().len()).flat_map(|node| cluster.workers(node));
        workers.find(|(_, title)| title.contains(runs)).map(|(process, _)| process)
    });
    found.unwrap_or_else(|| panic!("no worker runs {runs}"))
}

/// Plays a scene, and at each of these places, named after what runs there, kills the worker. What the scene has said.
fn killing(cluster: &Cluster, scene: &str, places: &[&str]) -> String {
    let mut scene = Scene::start(cluster, scene);
    for place in places {
        scene.comes_to(place);
        assert!(worker(cluster, place).kill());
        scene.goes_on();
    }
    scene.ends()
}

#[test]
fn a_task_whose_worker_is_killed_fails_or_runs_again() {
    let Some(cluster) = five_nodes() else { return };
    watchdog(LIMIT, move || {
        let said = killing(&lock(&cluster), "worker_dies", &["lost", "again"]);
        assert!(said.contains("a worker process died: "), "{said}");
    });
}

#[test]
fn an_actor_that_is_killed_fails_its_calls_with_its_name() {
    let Some(cluster) = five_nodes() else { return };
    watchdog(LIMIT, move || {
        let said = killing(&lock(&cluster), "actor_dies", &["Counter.sleep"]);
        assert_eq!(said.matches("an actor died: ").count(), 2, "{said}");
        assert!(said.contains("actors::Counter"), "{said}");
    });
}

#[test]
fn an_actor_that_is_killed_and_may_restart_does_the_call_again() {
    let Some(cluster) = five_nodes() else { return };
    watchdog(LIMIT, move || {
        killing(&lock(&cluster), "actor_restarts", &["Phoenix.slow_at_first"]);
    });
}

#[test]
fn a_detached_actor_is_found_again_after_its_driver_was_killed() {
    let Some(cluster) = five_nodes() else { return };
    watchdog(LIMIT, move || {
        let cluster = lock(&cluster);
        let mut first = Scene::start(&cluster, "driver_dies");
        first.comes_to("killed");
        first.program.kill().unwrap();
        first.program.wait().unwrap();
        Scene::start(&cluster, "driver_returns").ends();
    });
}

#[test]
fn what_a_killed_node_held_is_made_again_or_named() {
    let Some(cluster) = five_nodes() else { return };
    watchdog(LIMIT, move || {
        let mut cluster = lock(&cluster);
        let mut scene = Scene::start(&cluster, "node_dies");
        scene.comes_to("made");
        cluster.kill_node(1);
        scene.goes_on();
        let said = scene.ends();
        assert!(said.contains("an object was lost: ") && said.contains("an actor died: "), "{said}");
    });
}

/// A line of `ray memory --stats-only`: how much the object stores hold in MiB, and in how many objects.
fn plasma(cluster: &TestCluster) -> (f64, u64, String) {
    let ray = cluster.python.with_file_name("ray");
    let output = Command::new(ray)
        .args(["memory", "--stats-only", "--address", &cluster.address])
        .envs(cluster.variables())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let used = text.lines().find_map(|line| {
        let words: Vec<_> = line.strip_prefix("Plasma memory usage ")?.split(' ').collect();
        Some((words.first()?.parse().ok()?, words.get(2)?.parse().ok()?))
    });
    let (mib, objects) = used.unwrap_or_else(|| panic!("{text}"));
    (mib, objects, text)
}

/// The driver's own: the program's library, as long as the driver lives.
const LIBRARY: u64 = 1;

#[test]
fn objects_whose_references_are_dropped_leave_the_object_store() {
    let Some(cluster) = five_nodes() else { return };
    watchdog(LIMIT, move || {
        let cluster = lock(&cluster);
        // Detached actors and objects of other tests may hold something.
        let (_, before, _) = plasma(&cluster);
        let mut scene = Scene::start(&cluster, "many_puts");
        scene.comes_to("dropped");
        let mut report = plasma(&cluster);
        let gone = eventually(SOON, || {
            report = plasma(&cluster);
            (report.1 <= before + LIBRARY).then_some(())
        });
        assert!(gone.is_some(), "{} objects before; {}", before, report.2);
        // A hundred times the store went through it: nothing of that was moved to disk, the library at most.
        let spilled = report.2.lines().find_map(|line| line.strip_prefix("Spilled ")?.split(", ").nth(1));
        let count = spilled.and_then(|objects| objects.split(' ').next()?.parse().ok()).unwrap_or(0_u64);
        assert!(count <= LIBRARY, "{}", report.2);
        scene.goes_on();
        scene.ends();
    });
}

#[test]
fn references_inside_a_value_keep_their_objects_until_they_are_dropped() {
    let Some(cluster) = five_nodes() else { return };
    watchdog(LIMIT, move || {
        let cluster = lock(&cluster);
        let (_, before, _) = plasma(&cluster);
        let mut scene = Scene::start(&cluster, "nested");
        scene.comes_to("held");
        let (mib, held, report) = plasma(&cluster);
        assert!(held >= before + 20 && mib >= 19.0, "{before} objects before; {report}");
        scene.goes_on();
        scene.comes_to("dropped");
        let mut left = 0;
        let gone = eventually(SOON, || {
            left = plasma(&cluster).1;
            (left <= before + LIBRARY).then_some(())
        });
        assert!(gone.is_some(), "{left} objects, {before} before");
        scene.goes_on();
        scene.ends();
    });
}

#[test]
fn a_node_without_network_counts_as_dead_and_its_task_runs_elsewhere() {
    let Some(builder) = nodes(2) else { return };
    if !hosts_can_be_made() {
        skip!("network namespaces want root and `ip`");
    }
    watchdog(LIMIT, move || {
        let builder = SILENCE.iter().fold(builder.hosts(), |builder, (name, value)| builder.env(name, value));
        let cluster = builder.start().unwrap();
        let mut scene = Scene::start_with(&cluster, "node_is_cut_off", &SILENCE);
        scene.comes_to("running");
        cluster.cut_off(1).unwrap();
        scene.goes_on();
        let said = scene.ends();
        assert!(said.contains("an actor died: ") || said.contains("a node died: "), "{said}");
    });
}
