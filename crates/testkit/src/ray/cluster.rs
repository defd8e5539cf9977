//! A running cluster: looking at it, taking it apart, ending it.

use std::collections::HashMap;
use std::fs::File;
use std::net::{Ipv4Addr, TcpStream};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mobula_nodes::{Apart, GUARD, Ports};
use tempfile::TempDir;

use super::builder::Builder;
use super::hosts::Hosts;
use super::node::{Node, describe};
use super::{NodeState, TestCluster, list_nodes};
use crate::python::Environment;
use crate::{Error, Process, Result, eventually};

/// What `ray start` says when it does not want to wait any longer.
const GAVE_UP: &str = "timed out during startup";
/// How often nodes may give up while a cluster starts.
const RESTARTS: u32 = 4;

/// A running cluster of its own, ended when it is dropped.
///
/// Node `i` has the custom resource `node<i>` (1000 units), by which a task can be sent to it.
/// It dereferences to [`TestCluster`], which says where it is.
///
/// ```no_run
/// use mobula_testkit::python::{Environment, Spec};
/// use mobula_testkit::ray::Cluster;
///
/// # fn main() -> Result<(), mobula_testkit::Error> {
/// let python = Environment::ensure(&Spec::ray("2.60.0"))?;
/// let mut cluster = Cluster::builder().python(&python).nodes(3).start()?;
/// println!("{}", cluster.address);
/// cluster.kill_node(2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Cluster {
    // Dropped in this order: nodes first, their folder and ports last.
    nodes: Vec<Node>,
    hosts: Option<Hosts>,
    ids: Vec<Option<String>>,
    place: TestCluster,
    environment: Environment,
    apart: Option<Apart>,
    /// How many more times a node may be started again.
    restarts: u32,
    root: TempDir,
    ports: Ports,
    _lock: File,
}

impl Cluster {
    /// Five nodes with two CPUs and a 150 MB object store each, unless told otherwise.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Ray's identifiers of the nodes, by index.
    #[must_use]
    pub fn node_ids(&self) -> Vec<&str> {
        self.ids.iter().map(|id| id.as_deref().unwrap_or_default()).collect()
    }

    /// Every process of node `node`, parents first: `ray start`, the raylet, its agents, the workers; on node 0 the
    /// GCS and the dashboard as well. Empty for a node that has ended.
    #[must_use]
    pub fn node_processes(&self, node: usize) -> Vec<Process> {
        self.nodes.get(node).map(Node::processes).unwrap_or_default()
    }

    /// The numbers of [`Cluster::node_processes`].
    #[must_use]
    pub fn node_pids(&self, node: usize) -> Vec<u32> {
        self.node_processes(node).iter().map(|process| process.pid).collect()
    }

    /// The worker processes of node `node` with their titles: `ray::` and the task or actor method that runs,
    /// `ray::IDLE` in between.
    #[must_use]
    pub fn workers(&self, node: usize) -> Vec<(Process, String)> {
        let titled = self.node_processes(node).into_iter().map(|process| (process, process.title()));
        titled.filter(|(_, title)| is_worker(title)).collect()
    }

    /// The process that is node `node` to Ray.
    #[must_use]
    pub fn raylet(&self, node: usize) -> Option<Process> {
        self.node_processes(node).into_iter().find(|process| {
            let title = process.title();
            title.split(' ').next().is_some_and(|program| program.ends_with("/raylet"))
        })
    }

    /// Cuts node `node`'s power: every process of it gets SIGKILL, and is gone when this returns. The rest of the
    /// cluster finds out by itself; [`Cluster::wait_for_nodes`] waits for that.
    pub fn kill_node(&mut self, node: usize) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.kill();
            node.wait();
        }
    }

    /// Stops node `node` as `ray stop` would, and waits for its end.
    pub fn stop_node(&mut self, node: usize) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.begin_stop();
            node.wait();
        }
    }

    /// Pulls node `node`'s network cable: it goes on, but reaches nobody, and nobody reaches it.
    ///
    /// # Errors
    ///
    /// Where the nodes are not [hosts of their own](Builder::hosts), for the head, or when `ip` fails.
    pub fn cut_off(&self, node: usize) -> Result<()> {
        match &self.hosts {
            Some(hosts) if node > 0 => hosts.cut_off(node),
            _ => Err(Error::NoHost { node }),
        }
    }

    /// Waits until the cluster counts `wanted` nodes as alive.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`] after `limit`.
    pub fn wait_for_nodes(&self, wanted: usize, limit: Duration) -> Result<()> {
        let mut alive = 0;
        let reached = eventually(limit, || {
            alive = list_nodes(self).ok()?.iter().filter(|node| node.is_alive()).count();
            (alive == wanted).then_some(())
        });
        reached.ok_or(Error::Timeout { waited: limit, alive, wanted, log: String::new() })
    }

    /// The folder of Ray's session on the head: `logs` is in it.
    #[must_use]
    pub fn session_dir(&self) -> PathBuf {
        let latest = self.folder(0).join("session_latest");
        latest.canonicalize().unwrap_or(latest)
    }

    /// The folder that holds everything of this cluster, and is removed with it. Its name occurs in the command lines
    /// of the cluster's processes and nowhere else.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Makes the folder, takes the ports; no process yet.
    pub(super) fn prepare(builder: &Builder, environment: Environment) -> Result<Cluster> {
        let ports = Ports::reserve().map_err(Error::io("choosing ports for a cluster"))?;
        // Ray's socket names take 75 bytes after this folder's, and 107 are allowed in all.
        let base = Some(std::env::temp_dir()).filter(|folder| folder.as_os_str().len() <= 12);
        let base = base.unwrap_or_else(|| PathBuf::from("/tmp"));
        let root = tempfile::Builder::new().prefix("mobula-ray-").tempdir_in(base);
        let root = root.map_err(Error::io("making the cluster's folder"))?;
        let write = |name: &str, text: &str| {
            std::fs::write(root.path().join(name), text).map_err(Error::io(format!("writing {name}")))
        };
        write("guard.py", GUARD)?;
        write("lock", "")?;
        let lock = File::open(root.path().join("lock")).map_err(Error::io("opening the lock"))?;
        lock.lock_shared().map_err(Error::io("locking the cluster's folder"))?;
        // Ray before 2.52 knows of no token, and does not look at it.
        let token = root.path().join("token");
        if builder.token {
            let text = root.path().file_name().unwrap_or_default().to_string_lossy().repeat(3);
            write("token", &text)?;
            private(&token)?;
        }
        let hosts = builder.hosts.then(|| Hosts::new(builder.nodes)).transpose()?;
        let head = hosts.as_ref().map_or(Ipv4Addr::LOCALHOST, Hosts::first);
        let place = TestCluster {
            address: format!("{head}:{}", ports.gcs()),
            client_address: format!("ray://127.0.0.1:{}", ports.client()),
            dashboard_url: format!("http://127.0.0.1:{}", ports.dashboard()),
            python: environment.python().to_path_buf(),
            ray_version: environment.version_of("ray")?,
            token: builder.token.then_some(token),
        };
        let (nodes, ids) = (Vec::with_capacity(builder.nodes), vec![None; builder.nodes]);
        Ok(Cluster {
            nodes,
            hosts,
            ids,
            place,
            environment,
            apart: None,
            restarts: RESTARTS,
            root,
            ports,
            _lock: lock,
        })
    }

    /// Takes the next step towards `shape`; `Some` when every node is alive.
    ///
    /// A node gives up when it has not joined within 30 s, which on a busy machine is little for half a dozen Python
    /// processes. So no more nodes start at a time than there are cores, and one that gave up is started again.
    pub(super) fn come_up(&mut self, shape: &Builder) -> Result<Option<()>> {
        if self.nodes.is_empty() {
            let head = self.launch(shape, 0)?;
            self.nodes.push(head);
        }
        for index in 0..self.nodes.len() {
            let Some(status) = self.nodes[index].ended() else { continue };
            let log = self.nodes[index].log_tail();
            if self.restarts == 0 || !log.contains(GAVE_UP) {
                return Err(Error::NodeEnded { node: index, status: describe(status), log });
            }
            self.restarts -= 1;
            if index == 0 {
                // Workers that know the old head cannot join a new one.
                self.nodes.iter_mut().for_each(Node::begin_stop);
                self.nodes.clear();
                return Ok(None);
            }
            self.nodes[index] = self.launch(shape, index)?;
        }
        if TcpStream::connect(&self.place.address).is_err() {
            return Ok(None);
        }
        let alive = self.identify();
        // The head counts as starting until it is alive, but workers have much to do before they need it.
        let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
        while self.nodes.len() < shape.nodes && self.nodes.len() - alive <= cores {
            let worker = self.launch(shape, self.nodes.len())?;
            self.nodes.push(worker);
        }
        Ok((alive == shape.nodes).then_some(()))
    }

    fn launch(&mut self, shape: &Builder, index: usize) -> Result<Node> {
        let apart = match (index, self.apart) {
            (0, _) => None,
            (_, Some(known)) => Some(known),
            (_, None) => {
                let mut ray = Command::new(self.environment.bin().join("ray"));
                self.environment.isolate(&mut ray);
                Some(Apart::of(ray).map_err(Error::io("asking ray for its options"))?)
            }
        };
        self.apart = apart;
        let folder = self.folder(index);
        if folder.exists() {
            // Of a node that gave up: its sockets would be in the way.
            std::fs::remove_dir_all(&folder).map_err(Error::io("removing a node's folder"))?;
        }
        std::fs::create_dir_all(&folder).map_err(Error::io("making a node's folder"))?;
        let first = self.hosts.as_ref().map(Hosts::first);
        let launch = shape.launch(&self.environment, self.place.authentication(), first);
        let mut ray = launch.command(&self.ports, index, &folder, apart);
        if let Some(hosts) = &self.hosts
            && index > 0
        {
            ray = hosts.inside(index, &ray);
        }
        Node::start(&self.environment, self.root.path(), index, &ray)
    }

    fn folder(&self, index: usize) -> PathBuf {
        self.root.path().join(index.to_string())
    }

    /// Learns the nodes' identifiers and says how many nodes are alive.
    fn identify(&mut self) -> usize {
        let alive: Vec<NodeState> = list_nodes(self).unwrap_or_default();
        let mut ids = HashMap::new();
        for node in alive.iter().filter(|node| node.is_alive()) {
            let mark =
                node.resources_total.keys().find_map(|name| name.strip_prefix("node")?.parse::<usize>().ok());
            ids.extend(mark.map(|mark| (mark, node.node_id.clone())));
        }
        for (index, id) in self.ids.iter_mut().enumerate() {
            *id = ids.remove(&index);
        }
        self.ids.iter().flatten().count()
    }

    /// The error of a start that takes too long.
    pub(super) fn late(&self, waited: Duration, wanted: usize) -> Error {
        let logs = self
            .nodes
            .iter()
            .enumerate()
            .map(|(index, node)| format!("\nnode {index}, the end of its log:\n{}", node.log_tail()));
        Error::Timeout { waited, alive: self.ids.iter().flatten().count(), wanted, log: logs.collect() }
    }
}

impl Deref for Cluster {
    type Target = TestCluster;

    fn deref(&self) -> &TestCluster {
        &self.place
    }
}

impl AsRef<TestCluster> for Cluster {
    fn as_ref(&self) -> &TestCluster {
        &self.place
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // All at once: each takes a second or two.
        self.nodes.iter_mut().for_each(Node::begin_stop);
        for node in &mut self.nodes {
            node.wait();
        }
        // A guard that was itself killed leaves its node's processes without a parent. They are recognised by the
        // folder, whose name no other process can have.
        for process in Process::mentioning(self.root.path()) {
            process.kill();
        }
    }
}

/// Makes a file its owner's alone.
fn private(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, mode).map_err(Error::io(format!("protecting {}", path.display())))
}

/// Whether a title is that of a process which runs tasks: newer versions of Ray title their agents in the same way,
/// and all of them the workers that move objects to disk and back.
fn is_worker(title: &str) -> bool {
    let Some(name) = title.strip_prefix("ray::") else { return false };
    let serves = ["DashboardAgent", "RuntimeEnvAgent", "SpillWorker", "RestoreWorker"];
    !serves.iter().any(|kind| name.ends_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_without_ray_is_an_error_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let none = crate::python::Spec::new("empty", Vec::<String>::new());
        let python = Environment::ensure_in(folder.path(), &none).unwrap();
        let message = Cluster::builder().python(&python).start().unwrap_err().to_string();
        assert!(message.contains("the version of ray"), "{message}");
    }

    #[test]
    fn titles_tell_workers_from_the_nodes_own_processes() {
        assert!(
            is_worker("ray::IDLE") && is_worker("ray::wordcount::count") && is_worker("ray::Keeper.ready()")
        );
        assert!(
            !is_worker("ray::DashboardAgent")
                && !is_worker("ray::IDLE_SpillWorker")
                && !is_worker("/bin/raylet")
        );
    }
}
