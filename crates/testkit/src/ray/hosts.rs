//! Hosts of their own on one machine, as far as the network goes: a namespace for each node but the head, and a bridge that
//! all are plugged into. Everything is named after this process, and what one that was killed has left is taken away by
//! the next.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use crate::{Error, Result};

const PREFIX: &str = "mbl";

/// Whether this process may make network namespaces, and has the command for it.
#[must_use]
pub fn hosts_can_be_made() -> bool {
    rustix::process::geteuid().is_root()
        && Command::new("ip").arg("-V").output().is_ok_and(|output| output.status.success())
}

/// A bridge with the head's address, and a namespace for each other node.
#[derive(Debug)]
pub(super) struct Hosts {
    first: Ipv4Addr,
    nodes: usize,
}

impl Hosts {
    pub(super) fn new(nodes: usize) -> Result<Hosts> {
        remove_left_overs();
        // A network that no other process has.
        let [.., high, low] = std::process::id().to_be_bytes();
        let hosts = Hosts { first: Ipv4Addr::new(10, 192 | (high & 63), low, 1), nodes };
        let bridge = bridge(std::process::id());
        ip(&["link", "add", &bridge, "type", "bridge"])?;
        ip(&["addr", "add", &format!("{}/24", hosts.first), "dev", &bridge])?;
        ip(&["link", "set", &bridge, "up"])?;
        for node in 1..nodes {
            let (space, cable) = (space(node), cable(node));
            let address = Ipv4Addr::from_bits(hosts.first.to_bits() + node as u32);
            ip(&["netns", "add", &space])?;
            ip(&["link", "add", &cable, "type", "veth", "peer", "name", "eth0", "netns", &space])?;
            ip(&["link", "set", &cable, "master", &bridge, "up"])?;
            ip(&["-n", &space, "addr", "add", &format!("{address}/24"), "dev", "eth0"])?;
            ip(&["-n", &space, "link", "set", "eth0", "up"])?;
            ip(&["-n", &space, "link", "set", "lo", "up"])?;
        }
        Ok(hosts)
    }

    /// The head's address; node `i` has the `i`th after it.
    pub(super) fn first(&self) -> Ipv4Addr {
        self.first
    }

    /// The same command, in the node's namespace.
    pub(super) fn inside(&self, node: usize, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", &space(node)]);
        inside.arg(command.get_program()).args(command.get_args());
        inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        inside
    }

    pub(super) fn cut_off(&self, node: usize) -> Result<()> {
        ip(&["link", "set", &cable(node), "down"])
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for node in 1..self.nodes {
            let _ = ip(&["netns", "del", &space(node)]);
        }
        let _ = ip(&["link", "del", &bridge(std::process::id())]);
    }
}

fn space(node: usize) -> String {
    format!("{PREFIX}{}-{node}", std::process::id())
}

/// Names of interfaces have 15 bytes at most.
fn cable(node: usize) -> String {
    format!("{PREFIX}{}v{node}", std::process::id())
}

fn bridge(process: u32) -> String {
    format!("{PREFIX}{process}b")
}

/// Namespaces of processes that have gone without taking them away.
fn remove_left_overs() {
    for entry in std::fs::read_dir("/run/netns").into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-'));
        let Some(process) = owner.and_then(|(process, _)| process.parse::<u32>().ok()) else { continue };
        if !Path::new("/proc").join(process.to_string()).exists() {
            let _ = ip(&["netns", "del", &name]);
            let _ = ip(&["link", "del", &bridge(process)]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    let what = format!("ip {}", arguments.join(" "));
    let output = Command::new("ip").args(arguments).output().map_err(Error::io(&what))?;
    if output.status.success() {
        return Ok(());
    }
    let output_text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Command { what, status: output.status.to_string(), output: output_text })
}
