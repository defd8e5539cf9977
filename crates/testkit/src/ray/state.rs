//! What the cluster says about itself: Ray's state API, as `ray list tasks` and `ray list nodes` read it, from the
//! dashboard over HTTP. (The command takes a second to start; the request takes milliseconds.)

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::TestCluster;
use crate::{Error, Result};

/// As many entries as Ray gives at most in one answer.
const LIMIT: u32 = 10_000;

/// One attempt of a task, as the state API knows it.
///
/// Workers report once a second, so a state is a little behind: wait for it with [`eventually`](crate::eventually).
#[derive(Debug, Clone, Deserialize)]
pub struct TaskState {
    /// The task's number in the cluster.
    pub task_id: String,
    /// 0 for the first attempt; each retry is an entry of its own.
    #[serde(default)]
    pub attempt_number: u32,
    /// What the task is called: its `name` option, else the function's name.
    #[serde(default)]
    pub name: String,
    /// The function or class that runs.
    #[serde(default)]
    pub func_or_class_name: Option<String>,
    /// Such as `PENDING_NODE_ASSIGNMENT`, `RUNNING`, `FINISHED`, `FAILED`.
    #[serde(default)]
    pub state: String,
    /// `NORMAL_TASK`, `ACTOR_CREATION_TASK` or `ACTOR_TASK`.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// The job (driver) it belongs to.
    #[serde(default)]
    pub job_id: Option<String>,
    /// The actor that runs it.
    #[serde(default)]
    pub actor_id: Option<String>,
    /// The node it ran on.
    #[serde(default)]
    pub node_id: Option<String>,
    /// The process it ran in.
    #[serde(default)]
    pub worker_pid: Option<u32>,
    /// Which kind of error ended it, such as `TASK_EXECUTION_EXCEPTION`.
    #[serde(default)]
    pub error_type: Option<String>,
    /// The error's text, with the remote traceback.
    #[serde(default)]
    pub error_message: Option<String>,
    /// Everything else that this version of Ray tells.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

/// A node, as the state API knows it.
#[derive(Debug, Clone, Deserialize)]
pub struct NodeState {
    /// The node's number in the cluster.
    pub node_id: String,
    /// `ALIVE` or `DEAD`.
    pub state: String,
    /// Whether it is the head.
    #[serde(default)]
    pub is_head_node: bool,
    /// Its resources, by name.
    #[serde(default)]
    pub resources_total: BTreeMap<String, f64>,
}

impl NodeState {
    /// Whether the cluster counts on it.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.state == "ALIVE"
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    result: bool,
    msg: String,
    data: Option<Data<T>>,
}

#[derive(Deserialize)]
struct Data<T> {
    result: Rows<T>,
}

#[derive(Deserialize)]
struct Rows<T> {
    result: Vec<T>,
}

/// The tasks of this name that the cluster has, or had, with their details.
///
/// Ray picks them out: of all tasks it would leave some out once there are more than it lists.
///
/// # Errors
///
/// When the dashboard does not answer.
pub fn tasks_named(cluster: &impl AsRef<TestCluster>, name: &str) -> Result<Vec<TaskState>> {
    let filter = [("filter_keys", "name"), ("filter_predicates", "="), ("filter_values", name)];
    list(cluster.as_ref(), "tasks", filter, Duration::from_secs(30))
}

/// All nodes that the cluster has, or had.
///
/// # Errors
///
/// When the dashboard does not answer.
pub fn list_nodes(cluster: &impl AsRef<TestCluster>) -> Result<Vec<NodeState>> {
    list(cluster.as_ref(), "nodes", [], Duration::from_secs(30))
}

fn list<'a, T: DeserializeOwned>(
    cluster: &TestCluster,
    what: &str,
    filter: impl IntoIterator<Item = (&'a str, &'a str)>,
    limit: Duration,
) -> Result<Vec<T>> {
    let url = format!(
        "{}/api/v0/{what}?detail=true&limit={LIMIT}&timeout={}",
        cluster.dashboard_url,
        limit.as_secs()
    );
    let fail = |message: String| Error::State { url: url.clone(), message };
    // A proxy named in the environment is for the world outside.
    let agent = ureq::Agent::config_builder().timeout_global(Some(limit)).proxy(None).build().new_agent();
    let mut request = agent.get(&url).query_pairs(filter);
    if let Some(file) = &cluster.token {
        let token = std::fs::read_to_string(file).map_err(|error| fail(error.to_string()))?;
        request = request.header("Authorization", format!("Bearer {}", token.trim()));
    }
    let mut response = request.call().map_err(|error| fail(error.to_string()))?;
    let body = response.body_mut().with_config().limit(1 << 30).read_to_string();
    read(&body.map_err(|error| fail(error.to_string()))?).map_err(fail)
}

fn read<T: DeserializeOwned>(body: &str) -> Result<Vec<T>, String> {
    let answer: Answer<T> = serde_json::from_str(body).map_err(|error| format!("{error} in {body:.200}"))?;
    match answer.data {
        Some(data) if answer.result => Ok(data.result.result),
        _ => Err(answer.msg),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_task_is_read() {
        // As Ray 2.43 and 2.60 answer, shortened.
        let body = r#"{"result": true, "msg": "", "data": {"result": {"total": 1, "result": [
            {"task_id": "c8", "attempt_number": 0, "name": "boom", "state": "FAILED", "type": "NORMAL_TASK",
             "actor_id": null, "worker_pid": 41, "error_type": "TASK_EXECUTION_EXCEPTION",
             "error_message": "ValueError: no", "events": []}], "warnings": null}}}"#;
        let tasks: Vec<TaskState> = read(body).unwrap();
        assert_eq!(tasks.len(), 1);
        let task = &tasks[0];
        assert_eq!((task.name.as_str(), task.state.as_str(), task.worker_pid), ("boom", "FAILED", Some(41)));
        assert_eq!(task.error_message.as_deref(), Some("ValueError: no"));
        assert!(task.more.contains_key("events"));
    }

    #[test]
    fn a_refusal_is_an_error_with_its_words() {
        let body = r#"{"result": false, "msg": "Max limit exceeded", "data": null}"#;
        assert_eq!(read::<NodeState>(body).unwrap_err(), "Max limit exceeded");
        assert!(read::<NodeState>("<html>").unwrap_err().contains("<html>"));
    }

    #[test]
    fn a_dashboard_that_is_not_there_is_an_error_with_its_address() {
        let nowhere = TestCluster {
            address: String::new(),
            client_address: String::new(),
            dashboard_url: "http://127.0.0.1:1".into(),
            python: "python3".into(),
            ray_version: String::new(),
            token: None,
        };
        let error = list::<NodeState>(&nowhere, "nodes", [], Duration::from_secs(5)).unwrap_err();
        assert!(error.to_string().contains("http://127.0.0.1:1/api/v0/nodes"), "{error}");
    }
}
