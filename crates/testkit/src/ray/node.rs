//! One node: a guard process with `ray start --block` under it.

use std::fs::File;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::python::Environment;
use crate::{Error, Process, Result, eventually};

/// How long a node may take to stop before the guard kills it.
const GRACE: Duration = Duration::from_secs(10);
/// How long the guard may take for all of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running node.
#[derive(Debug)]
pub(super) struct Node {
    guard: Child,
    log: PathBuf,
}

impl Node {
    /// Starts `ray` (the arguments after the program's name included in `command`) under a guard.
    pub(super) fn start(environment: &Environment, root: &Path, index: usize, ray: &Command) -> Result<Node> {
        let log = root.join(format!("{index}.log"));
        let out = File::create(&log).map_err(Error::io(format!("making {}", log.display())))?;
        let err = out.try_clone().map_err(Error::io("sharing a log file"))?;
        let mut command = environment.command();
        super::shared::without_ray_variables(&mut command);
        command.args(["-I", "-S"]).arg(root.join("guard.py")).arg(root).arg(GRACE.as_secs().to_string());
        command.arg(ray.get_program()).args(ray.get_args());
        for (name, value) in ray.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        // A group of its own: Ctrl-C in a terminal is for the test, and reaches the node through the closed pipe.
        command.process_group(0).stdin(Stdio::piped()).stdout(out).stderr(err);
        let guard =
            command.spawn().map_err(Error::io(format!("starting {}", environment.python().display())))?;
        Ok(Node { guard, log })
    }

    /// Every process of the node, parents first; the guard is none of them.
    pub(super) fn processes(&self) -> Vec<Process> {
        Process::descendants(self.guard.id())
    }

    /// How the node ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.guard.try_wait().ok().flatten()
    }

    /// The end of what `ray start` printed.
    pub(super) fn log_tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    /// Begins to stop the node; [`Node::wait`] waits for the end.
    pub(super) fn begin_stop(&mut self) {
        drop(self.guard.stdin.take());
    }

    /// Waits until the node has stopped; kills what has not in time.
    pub(super) fn wait(&mut self) -> Option<ExitStatus> {
        eventually(PATIENCE, || self.ended()).or_else(|| {
            // The guard itself hangs: the machine is in trouble, but nothing may be left behind.
            self.kill();
            self.guard.kill().ok()?;
            self.guard.wait().ok()
        })
    }

    /// Kills every process of the node, as if its power had been cut, and waits until they are gone.
    pub(super) fn kill(&mut self) {
        // `ray start` and the raylet come first in the list, so nothing starts new processes for long.
        let _ = eventually(PATIENCE, || {
            let left = self.processes();
            left.iter().for_each(|process| {
                process.kill();
            });
            left.is_empty().then_some(())
        });
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.begin_stop();
        self.wait();
    }
}

/// The guard's status in words: a node killed by a signal ends its guard with the signal's number.
pub(super) fn describe(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) => format!("killed by signal {signal}"),
        None => status.to_string(),
    }
}
