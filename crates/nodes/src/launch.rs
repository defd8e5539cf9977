//! The command that starts one node.

use std::ffi::OsString;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Ports;

/// How nodes of one machine keep their sockets apart.
///
/// Nodes that share a session folder number their sockets by looking at what is there, so that two which start at the
/// same time take the same name, and one dies. How to prevent that depends on the version of Ray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart {
    /// Newer: each node has a folder of its own.
    Folders,
    /// Older: one folder for all, and a name for each socket.
    Sockets,
}

impl Apart {
    /// What a Ray offers, by its own help: `ray` is its command, which is run with `start --help`.
    ///
    /// # Errors
    /// When the command cannot be run.
    pub fn of(mut ray: Command) -> io::Result<Apart> {
        let output = ray.args(["start", "--help"]).output()?;
        let sockets = String::from_utf8_lossy(&output.stdout).contains("--raylet-socket-name");
        Ok(if sockets { Apart::Sockets } else { Apart::Folders })
    }
}

/// What all nodes of a cluster have in common.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The command `ray`.
    pub ray: PathBuf,
    /// How many CPUs each node says it has.
    pub cpus: u32,
    /// Each node's object store in bytes.
    pub object_store: u64,
    /// Variables of every process of the cluster.
    pub variables: Vec<(OsString, OsString)>,
    /// The head's address, where each node is a host of its own with the next one; `None`: one host, 127.0.0.1.
    pub first_host: Option<Ipv4Addr>,
}

impl Launch {
    /// The address of node `index`.
    #[must_use]
    pub fn host(&self, index: usize) -> Ipv4Addr {
        let next = |first: Ipv4Addr| Ipv4Addr::from_bits(first.to_bits().saturating_add(index as u32));
        self.first_host.map_or(Ipv4Addr::LOCALHOST, next)
    }

    /// `ray start` for node `index`, whose files go to `folder`; `apart` is `None` for the head.
    ///
    /// Node `i` has the custom resource `node<i>` (1000 units), by which a task can be sent to it.
    #[must_use]
    pub fn command(&self, ports: &Ports, index: usize, folder: &Path, apart: Option<Apart>) -> Command {
        let mut ray = Command::new(&self.ray);
        ray.args(["start", "--block", "--disable-usage-stats"]);
        ray.arg(format!("--node-ip-address={}", self.host(index)));
        // 0: the system chooses. The default, one fixed range, would be the same for every node of the machine.
        ray.args(["--min-worker-port=0", "--max-worker-port=0"]);
        ray.arg(format!("--num-cpus={}", self.cpus));
        ray.arg(format!("--object-store-memory={}", self.object_store));
        ray.arg(format!("--dashboard-agent-listen-port={}", ports.agent(index)));
        ray.arg(format!("--resources={{\"node{index}\": 1000}}"));
        let folder = folder.display();
        match apart {
            None => {
                ray.args(["--head", "--include-dashboard=true", "--dashboard-host=127.0.0.1"]);
                ray.arg(format!("--port={}", ports.gcs()));
                ray.arg(format!("--ray-client-server-port={}", ports.client()));
                ray.arg(format!("--dashboard-port={}", ports.dashboard()));
                // Where the system is to choose, Ray 2.60 tells its client server port 0, and no driver that comes through
                // `ray://` with a runtime environment gets in.
                ray.arg(format!("--runtime-env-agent-port={}", ports.runtime_env_agent()));
                ray.arg(format!("--temp-dir={folder}"));
            }
            Some(apart) => {
                ray.arg(format!("--address={}:{}", self.host(0), ports.gcs()));
                match apart {
                    Apart::Folders => ray.arg(format!("--temp-dir={folder}")),
                    Apart::Sockets => {
                        ray.arg(format!("--raylet-socket-name={folder}/raylet"));
                        ray.arg(format!("--plasma-store-socket-name={folder}/plasma"));
                        // The nodes share one folder of logs: the head's monitor reads all of it.
                        ray.arg("--include-log-monitor=false")
                    }
                };
            }
        }
        ray.env("RAY_USAGE_STATS_ENABLED", "0");
        ray.envs(self.variables.iter().map(|(name, value)| (name, value)));
        ray
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(index: usize, apart: Option<Apart>) -> Vec<String> {
        let launch = Launch {
            ray: "ray".into(),
            cpus: 2,
            object_store: 100_000_000,
            variables: Vec::new(),
            first_host: None,
        };
        let ray = launch.command(&Ports::reserve().unwrap(), index, Path::new("/t/1"), apart);
        ray.get_args().map(|word| word.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_head_has_the_dashboard_and_workers_join_it() {
        let (head, worker) = (words(0, None), words(1, Some(Apart::Folders)));
        assert!(
            head.contains(&"--head".to_owned()) && head.contains(&"--resources={\"node0\": 1000}".to_owned())
        );
        assert!(!worker.contains(&"--head".to_owned()));
        assert!(worker.iter().any(|word| word.starts_with("--address=127.0.0.1:")));
    }

    #[test]
    fn workers_are_kept_apart_in_the_way_their_ray_knows() {
        let (folders, sockets) = (words(1, Some(Apart::Folders)), words(1, Some(Apart::Sockets)));
        assert!(folders.contains(&"--temp-dir=/t/1".to_owned()));
        assert!(sockets.contains(&"--raylet-socket-name=/t/1/raylet".to_owned()));
        assert!(!sockets.iter().any(|word| word.starts_with("--temp-dir")));
    }
}
