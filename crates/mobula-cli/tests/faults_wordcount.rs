//! What a job survives, and versions of Ray that it does not run with. Each test has a cluster of its own, and breaks it.
//!
//! A process is caught in a map task by stopping it: once it stands still and is still in that task, the map phase
//! cannot end before the test has done what it wants to do.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

mod support;

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mobula_testkit::python::{Environment, Spec};
use mobula_testkit::ray::{Builder, Cluster, TaskState};
use mobula_testkit::{Process, TestCluster, environment, eventually, tasks_named, watchdog};

use support::{MOBULA, Place, Run, run};

const LIMIT: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_secs(180);
const MAP: &str = "mobula_cli::wordcount::job::count";
const REDUCE: &str = "mobula_cli::wordcount::job::merge_counts";

/// Quick to notice that a node has died.
fn small(python: &Environment, nodes: usize) -> Builder {
    let health = [("RAY_health_check_period_ms", "500"), ("RAY_health_check_failure_threshold", "3")];
    let builder = Cluster::builder().python(python).nodes(nodes).cpus_per_node(2).object_store_mb(100);
    health.into_iter().fold(builder, |builder, (name, value)| builder.env(name, value))
}

/// Some text, with what an embedded run makes of it: words enough for buckets that live in a node's object store. Ray
/// keeps values up to 100 KiB with the driver, where a node's death does not reach them.
fn text() -> (Place, String) {
    let place = Place::new();
    let text: String =
        (0..200_000_u64).map(|n| format!("word{} ΟΔΟΣ{} the\n", n * n % 99_991, n % 20_011)).collect();
    (0..16).for_each(|file| place.put(&format!("text/{file}"), &text));
    place.wordcount("text --output embedded").ok();
    let expected = place.read("embedded");
    (place, expected)
}

/// Starts a job on the cluster.
fn start(place: &Place, cluster: &TestCluster, line: &str) -> Child {
    let mut command = Command::new(MOBULA);
    command.current_dir(place.root()).env_clear().env("PATH", "").env("TMPDIR", place.path("tmp"));
    command.envs(cluster.variables()).args([
        "wordcount",
        "text",
        "--output",
        "all",
        "--address",
        &cluster.address,
    ]);
    command.args(line.split(' ')).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Stops a process of the node in the middle of a map task.
fn catch(cluster: &Cluster, node: usize, job: &mut Child) -> Process {
    let caught = catch_in(MAP, cluster, &[node], job);
    caught.expect("the job ended before a process was caught in a map task").1
}

/// Stops a process in the middle of such a task, on one of these nodes; `None` when the job ended before.
fn catch_in(task: &str, cluster: &Cluster, nodes: &[usize], job: &mut Child) -> Option<(usize, Process)> {
    let begin = Instant::now();
    let inside = |title: &str| title.starts_with("ray::") && title.contains(task);
    loop {
        for &node in nodes {
            for (process, title) in cluster.workers(node) {
                if inside(&title) && process.suspend() {
                    if inside(&process.title()) {
                        return Some((node, process));
                    }
                    // It had come to the task's end.
                    process.resume();
                }
            }
        }
        if job.try_wait().unwrap().is_some() {
            return None;
        }
        assert!(begin.elapsed() < SOON, "no {task} on nodes {nodes:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The job's end, in success and with the right bytes.
fn finish(place: &Place, job: Child, expected: &str) {
    let output = job.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }.ok();
    assert!(place.read("all") == expected, "another output than the embedded run's");
    place.assert_no_temporary_files();
}

fn maps(cluster: &Cluster) -> Vec<TaskState> {
    tasks_named(cluster, MAP).unwrap()
}

/// The attempts in a few words each.
fn list(maps: &[TaskState]) -> String {
    let tell = |task: &TaskState| {
        let (id, attempt, state, node) = (&task.task_id, task.attempt_number, &task.state, &task.node_id);
        format!("{id} attempt {attempt} {state} on {node:?} {:?}", task.error_type)
    };
    maps.iter().map(tell).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_worker_that_is_killed_in_a_map_task_costs_no_word() {
    let Some(python) = environment() else { return };
    watchdog(LIMIT, move || {
        let (place, expected) = text();
        let cluster = small(&python, 1).start().unwrap();
        let mut job = start(&place, &cluster, "--map-tasks 8 --reduce-tasks 3");
        let caught = catch(&cluster, 0, &mut job);
        assert!(caught.kill());
        finish(&place, job, &expected);
        // The state API shows the attempt that died, and another one of the same task.
        let again = eventually(SOON, || {
            let maps = maps(&cluster);
            let died = maps.iter().find(|task| task.error_type.as_deref() == Some("WORKER_DIED"))?;
            maps.iter().any(|task| task.task_id == died.task_id && task.state == "FINISHED").then_some(())
        });
        assert!(again.is_some(), "{}", list(&maps(&cluster)));
    });
}

#[test]
fn a_node_that_is_killed_with_results_of_maps_on_it_costs_no_word() {
    let Some(python) = environment() else { return };
    watchdog(LIMIT, move || {
        let (place, expected) = text();
        let mut cluster = small(&python, 3).start().unwrap();
        let mut job = start(&place, &cluster, "--map-tasks 24 --reduce-tasks 3");
        catch(&cluster, 1, &mut job);
        // The process that stands still holds the map phase open until the node has results to lose as well.
        let node = cluster.node_ids()[1].to_owned();
        let lost = eventually(SOON, || {
            let done = |task: &TaskState| task.state == "FINISHED" && task.node_id.as_ref() == Some(&node);
            maps(&cluster).into_iter().find(done)
        });
        let Some(lost) = lost else { panic!("no map has ended on {node}:\n{}", list(&maps(&cluster))) };
        assert!(job.try_wait().unwrap().is_none());
        cluster.kill_node(1);
        finish(&place, job, &expected);
        // What was lost was computed again, elsewhere.
        let again = eventually(SOON, || {
            let same =
                |task: &TaskState| task.task_id == lost.task_id && task.node_id.as_ref() != Some(&node);
            maps(&cluster).into_iter().find(|task| same(task) && task.state == "FINISHED")
        });
        assert!(again.is_some(), "no second attempt of {}:\n{}", lost.task_id, list(&maps(&cluster)));
        cluster.wait_for_nodes(2, SOON).unwrap();
    });
}

#[test]
fn a_node_that_is_killed_in_a_reduce_task_costs_no_word() {
    let Some(python) = environment() else { return };
    watchdog(LIMIT, move || {
        let (place, expected) = text();
        let mut cluster = small(&python, 3).start().unwrap();
        // A reduce task is over soon, and may be over before it is seen.
        let caught = (0..10).find_map(|_| {
            let mut job = start(&place, &cluster, "--map-tasks 12 --reduce-tasks 16");
            let caught = catch_in(REDUCE, &cluster, &[1, 2], &mut job);
            caught.map(|(node, _)| (node, job))
        });
        let (node, job) = caught.expect("no process was caught in a reduce task");
        cluster.kill_node(node);
        finish(&place, job, &expected);
        cluster.wait_for_nodes(2, SOON).unwrap();
    });
}

#[test]
fn a_version_of_ray_that_is_too_old_is_named() {
    let Some(_) = environment() else { return };
    watchdog(LIMIT, || {
        let old = "2.42.1";
        let python =
            Environment::ensure(&Spec::new(format!("ray-{old}-driver"), [format!("ray=={old}")])).unwrap();
        let place = Place::with(&[("text", "a")]);
        // The version is looked at before anything is attached: somebody who listens is enough.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut command = place.mobula("wordcount text --output all --address");
        command.arg(listener.local_addr().unwrap().to_string()).env("MOBULA_PYTHON", python.python());
        let told = run(&mut command).error(1);
        told.says(&["Ray 2.42.1 is too old", "2.43 or newer"], "pip install --upgrade \"ray[default]\"");
        place.assert_no_temporary_files();
        assert_eq!(place.names("."), ["text", "tmp"]);
    });
}
