//! The shared cluster answers: a Python driver runs tasks on it, and the state API tells about them.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use std::time::Duration;

use mobula_testkit::ray::list_nodes;
use mobula_testkit::{cluster, eventually, tasks_named, watchdog};

const DRIVER: &str = r#"
import os, ray
ray.init(address=os.environ["MOBULA_TEST_CLUSTER"], log_to_driver=False)
where = ray.remote(lambda: ray.get_runtime_context().get_node_id())
for node in ("node0", "node4"):
    print(node, ray.get(where.options(resources={node: 1}).remote()))
fail = ray.remote(lambda: 1 / 0).options(name="smoke::fails", max_retries=0)
try:
    ray.get(fail.remote())
except ray.exceptions.RayTaskError:
    print("failed as it should")
print("version", ray.__version__)
"#;

#[test]
fn a_driver_runs_tasks_on_chosen_nodes_and_sees_them_fail() {
    let Some(cluster) = cluster() else { return };
    watchdog(Duration::from_secs(180), move || {
        let output = cluster.python_command().args(["-c", DRIVER]).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(printed.contains("failed as it should"), "{printed}");
        assert!(printed.contains(&format!("version {}", cluster.ray_version)), "{printed}");

        let nodes = list_nodes(&cluster).unwrap();
        let alive: Vec<_> = nodes.iter().filter(|node| node.is_alive()).collect();
        assert_eq!(alive.len(), 5);
        for line in printed.lines().filter(|line| line.starts_with("node")) {
            let (resource, id) = line.split_once(' ').unwrap();
            let node = alive.iter().find(|node| node.node_id == id).unwrap();
            assert!(node.resources_total.contains_key(resource), "{line} is not {node:?}");
        }

        // As its driver tells it. What the worker adds, its process for one, is lost when it ends too soon.
        let mut seen = Vec::new();
        let failed = eventually(Duration::from_secs(60), || {
            seen = tasks_named(&cluster, "smoke::fails").unwrap();
            let told = |text: &String| text.contains("ZeroDivisionError");
            seen.iter()
                .any(|task| task.state == "FAILED" && task.error_message.as_ref().is_some_and(told))
                .then_some(())
        });
        assert!(failed.is_some(), "no report of a failed task: {seen:#?}");
    });
}
