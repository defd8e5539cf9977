//! `mobula status`.

use std::io::{self, Write};

use mobula::{Ray, Resources};

/// Show the cluster's nodes and what is free there.
#[derive(Debug, clap::Args)]
pub struct Status {}

impl Status {
    pub fn run(&self, ray: &Ray, json: bool) -> anyhow::Result<()> {
        let (nodes, total, free) = (ray.nodes()?, ray.cluster_resources()?, ray.available_resources()?);
        let mut out = io::stdout().lock();
        if json {
            let status = serde_json::json!({"nodes": nodes, "resources": total, "available": free});
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
        Ok(())
    }
}

fn list(resources: &Resources) -> String {
    let named = resources.iter().filter(|(name, _)| !name.starts_with("node:"));
    named.map(|(name, n)| format!("{} {name}", amount(name, *n))).collect::<Vec<_>>().join(", ")
}

fn amount(name: &str, n: f64) -> String {
    if name.contains("memory") { format!("{:.1} GiB", n / f64::from(1 << 30)) } else { n.to_string() }
}
