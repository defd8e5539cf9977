//! What a cluster should look like, and the order in which it comes up.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mobula_nodes::{Launch, Ports};

use super::Cluster;
use crate::python::Environment;
use crate::{Error, Result, eventually};

/// What a [`Cluster`] should look like; made by [`Cluster::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    python: Option<Environment>,
    pub(super) nodes: usize,
    pub(super) cpus: u32,
    /// Bytes.
    pub(super) object_store: u64,
    timeout: Duration,
    pub(super) variables: Vec<(OsString, OsString)>,
    pub(super) hosts: bool,
    pub(super) token: bool,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder {
            python: None,
            nodes: 5,
            cpus: 2,
            object_store: 150_000_000,
            timeout: Duration::from_secs(180),
            variables: Vec::new(),
            hosts: false,
            token: true,
        }
    }
}

impl Builder {
    /// The environment to start Ray from. Default: `MOBULA_PYTHON`, which `cargo xtask test` sets.
    pub fn python(mut self, environment: &Environment) -> Self {
        self.python = Some(environment.clone());
        self
    }

    /// How many nodes, the head included (1 to 28). Default 5.
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes.clamp(1, Ports::MOST_NODES);
        self
    }

    /// How many CPUs each node says it has. Default 2.
    pub fn cpus_per_node(mut self, cpus: u32) -> Self {
        self.cpus = cpus;
        self
    }

    /// Each node's object store in megabytes (10⁶ bytes; Ray wants at least 79). Default 150.
    pub fn object_store_mb(mut self, megabytes: u64) -> Self {
        self.object_store = megabytes * 1_000_000;
        self
    }

    /// How long the start may take. Default 180 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets a variable in every process of the cluster, such as one of Ray's `RAY_…` settings.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Starts nodes that ask nobody for a token, as Ray before 2.59 does by default.
    pub fn without_token(mut self) -> Self {
        self.token = false;
        self
    }

    /// Makes each node but the head a host of its own on a network of their own, that [`Cluster::cut_off`] can take it from.
    /// Wants root and `ip`: see [`hosts_can_be_made`](super::hosts_can_be_made).
    pub fn hosts(mut self) -> Self {
        self.hosts = true;
        self
    }

    /// What the nodes have in common.
    pub(super) fn launch(
        &self,
        environment: &Environment,
        authentication: Vec<(&'static str, String)>,
        first_host: Option<Ipv4Addr>,
    ) -> Launch {
        let mut variables: Vec<_> =
            authentication.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        // Nodes of Ray 2.43 share a folder on one machine, and each unpacks a job's files there anew: who looks at that
        // moment does not find them, and Ray's three tries of a second each are not enough for large ones.
        variables.push(("RUNTIME_ENV_RETRY_TIMES".into(), "20".into()));
        variables.extend(self.variables.iter().cloned());
        let ray = environment.bin().join("ray");
        Launch { ray, cpus: self.cpus, object_store: self.object_store, variables, first_host }
    }

    /// Starts the nodes and waits until all of them are alive.
    ///
    /// # Errors
    ///
    /// When a node ends or is not alive in time (with the end of its log), when there is no environment.
    pub fn start(&self) -> Result<Cluster> {
        let environment = match &self.python {
            Some(environment) => environment.clone(),
            None => crate::environment()
                .ok_or_else(|| Error::NoPython { tried: "MOBULA_PYTHON, which is not set".to_owned() })?,
        };
        let begin = Instant::now();
        let mut cluster = Cluster::prepare(self, environment)?;
        let ready = eventually(self.timeout, || cluster.come_up(self).transpose());
        ready.ok_or_else(|| cluster.late(begin.elapsed(), self.nodes))??;
        Ok(cluster)
    }
}
