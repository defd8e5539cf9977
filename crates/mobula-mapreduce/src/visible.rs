//! Whether workers can read the driver's files.
//!
//! Every node is asked: neither its name nor its address says whether it sees the same file system.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use mobula::{Error, Ray};
use mobula_inputs::File;
use serde::{Deserialize, Serialize};

/// What a file looks like from one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Look {
    #[serde(with = "mobula_inputs::path_bytes")]
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

/// Asks every node whether it sees the same files, by length and time of change; `place` says where a file is.
pub(crate) fn on_all_nodes(ray: &Ray, files: &[File], place: impl Fn(&Path) -> PathBuf) -> Result<bool> {
    if ray.is_local() {
        return Ok(true);
    }
    for file in files {
        // What such a file says depends on who reads it.
        if file.is_unmeasured()? {
            return Ok(false);
        }
    }
    let looks = files.iter().map(|file| look(place(&file.path))).collect::<Option<Vec<Look>>>();
    let Some(looks) = looks else { return Ok(false) };
    let looks = ray.put(looks)?;
    let nodes: Vec<mobula::Node> = ray.nodes()?.into_iter().filter(|node| node.alive).collect();
    let answers = nodes.iter().map(|node| sees::remote(&looks).node_affinity(&node.id, false).submit(ray));
    let answers = answers.collect::<mobula::Result<Vec<_>>>()?;
    match ray.get(&answers) {
        Ok(answers) => Ok(answers.into_iter().all(|sees| sees)),
        // A node that has just died sees nothing; the maps will run elsewhere.
        Err(Error::NodeDied(_) | Error::WorkerCrashed(_) | Error::Unschedulable(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
