//! `mobula status`.

use std::io::{self, Write};

use mobula::{Ray, Resources};
use mobula_jobs::{Actor, Client};

/// Show the cluster's nodes, what is in use there, and its actors.
#[derive(Debug, clap::Args)]
pub struct Status {}

impl Status {
    pub fn run(&self, ray: &Ray, json: bool) -> anyhow::Result<()> {
        let (nodes, total, free) = (ray.nodes()?, ray.cluster_resources()?, ray.available_resources()?);
        let actors = match actors(ray) {
            Ok(actors) => actors,
            Err(error) => {
                eprintln!("note: the actors are not known: {error}\n\nhint: {}", error.hint());
                None
            }
        };
        let mut out = io::stdout().lock();
        if json {
            let status =
                serde_json::json!({"nodes": nodes, "resources": total, "available": free, "actors": actors});
            return Ok(writeln!(out, "{status}")?);
        }
        writeln!(out, "{:<7} {:<20} {:<16} RESOURCES", "STATE", "HOST", "ADDRESS")?;
        for node in &nodes {
            let state = if node.alive { "alive" } else { "dead" };
            writeln!(out, "{state:<7} {:<20} {:<16} {}", node.hostname, node.address, list(&node.resources))?;
        }
        writeln!(out, "\nin use:")?;
        for (name, all) in total.iter().filter(|(name, _)| !name.starts_with("node:")) {
            let used = all - free.get(name).unwrap_or(&0.0);
            writeln!(out, "  {} of {} {name}", amount(name, used), amount(name, *all))?;
        }
        let Some(actors) = actors else { return Ok(()) };
        if actors.is_empty() {
            return Ok(writeln!(out, "\nno actor is alive")?);
        }
        writeln!(out, "\n{:<10} {:<40} {:<20} {:>8} NODE", "STATE", "ACTOR", "NAME", "PROCESS")?;
        for actor in &actors {
            let name = actor.name.as_deref().filter(|name| !name.is_empty()).unwrap_or("-");
            let state = actor.state.to_lowercase();
            let pid = actor.pid.map_or("-".into(), |pid| pid.to_string());
            let node = nodes.iter().find(|node| Some(&node.id) == actor.node_id.as_ref());
            let node = node.map_or("-", |node| &node.address);
            writeln!(out, "{state:<10} {:<40} {name:<20} {pid:>8} {node}", actor.class_name)?;
        }
        Ok(())
    }
}

/// The actors that are alive or will be, as the dashboard lists them; `None` where there is no dashboard.
fn actors(ray: &Ray) -> mobula_jobs::Result<Option<Vec<Actor>>> {
    let Ok(Some(dashboard)) = ray.dashboard() else { return Ok(None) };
    Client::connect(&dashboard)?.actors().map(Some)
}

fn list(resources: &Resources) -> String {
    let named = resources.iter().filter(|(name, _)| !name.starts_with("node:"));
    named.map(|(name, n)| format!("{} {name}", amount(name, *n))).collect::<Vec<_>>().join(", ")
}

fn amount(name: &str, n: f64) -> String {
    if name.contains("memory") { format!("{:.1} GiB", n / f64::from(1 << 30)) } else { n.to_string() }
}
