//! Whether workers can read the driver's files.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Result;
use mobula::{Error, Ray};
use serde::{Deserialize, Serialize};

/// What a file looks like from one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Look {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

fn look(path: PathBuf) -> Option<Look> {
    let about = fs::metadata(&path).ok()?;
    Some(Look { path, length: about.len(), modified: about.modified().ok() })
}

#[mobula::task(num_cpus = 0)]
fn sees(files: &[Look]) -> bool {
    files.iter().all(|file| look(file.path.clone()).as_ref() == Some(file))
}

/// Asks a node of every machine but this one whether it sees the same files, by length and time of change.
pub(crate) fn on_all_nodes(ray: &Ray, files: &[(PathBuf, u64)]) -> Result<bool> {
    if ray.is_local() {
        return Ok(true);
    }
    let here = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut machines: Vec<mobula::Node> = ray.nodes()?.into_iter().filter(|node| node.alive).collect();
    machines.sort_by(|a, b| a.hostname.cmp(&b.hostname));
    machines.dedup_by(|a, b| a.hostname == b.hostname);
    machines.retain(|node| node.hostname != here.trim());
    if machines.is_empty() {
        return Ok(true);
    }
    let Some(looks) = files.iter().map(|(path, _)| look(path.clone())).collect::<Option<Vec<Look>>>() else {
        return Ok(false);
    };
    let looks = ray.put(looks)?;
    let answers = machines.iter().map(|node| sees::remote(&looks).node_affinity(&node.id, false).submit(ray));
    let answers = answers.collect::<mobula::Result<Vec<_>>>()?;
    match ray.get(&answers) {
        Ok(answers) => Ok(answers.into_iter().all(|sees| sees)),
        // A node that has just died sees nothing; the maps will run elsewhere.
        Err(Error::NodeDied(_) | Error::WorkerCrashed(_) | Error::Unschedulable(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
