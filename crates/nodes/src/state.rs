//! What is written down about the cluster that is up, so that another process can stop it.
//!
//! The file lies in `mobula` of the user's runtime folder (`XDG_RUNTIME_DIR`), else cache folder (`XDG_CACHE_HOME`,
//! `~/.cache`); `MOBULA_CLUSTER_DIR` names another. It is written anew after each node that is started, so that what was
//! begun can be stopped however its start ended.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use mobula_jobs::Client;
use serde::{Deserialize, Serialize};

use crate::{Error, Process, Result};

/// The cluster that is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The start of this machine that its processes belong to.
    pub boot: String,
    /// The folder with all that is the cluster's own.
    pub root: PathBuf,
    /// `host:port` for drivers.
    pub address: String,
    /// `ray://host:port`.
    pub client_address: String,
    /// `http://host:port`.
    pub dashboard: String,
    /// The interpreter that runs it.
    pub python: PathBuf,
    /// Its version of Ray.
    pub ray_version: String,
    /// The file with the token that its nodes ask for, where that is not the user's own.
    #[serde(default)]
    pub token: Option<PathBuf>,
    /// How many nodes it has or is to have.
    pub nodes: usize,
    /// How many CPUs each of them has.
    pub cpus: u32,
    /// The guards of the nodes that were started: number and start of the process.
    pub guards: Vec<(u32, u64)>,
}

impl State {
    /// Node `node`'s guard, unless it has ended.
    pub(crate) fn guard(&self, node: usize) -> Option<Process> {
        let (pid, started) = *self.guards.get(node)?;
        let process = Process::find(pid)?;
        (self.boot == boot() && process.started == started).then_some(process)
    }

    /// The cluster's dashboard.
    ///
    /// # Errors
    /// When it does not answer, or refuses the token.
    pub fn client(&self) -> mobula_jobs::Result<Client> {
        Client::with_token(&self.dashboard, self.token.as_deref())
    }

    /// How many of the nodes that were started still run.
    #[must_use]
    pub fn running(&self) -> usize {
        (0..self.guards.len()).filter(|node| self.guard(*node).is_some()).count()
    }
}

/// The place of the state file, locked against others who start or stop a cluster.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    _lock: File,
}

impl Place {
    /// Waits for others who are at it.
    pub fn lock() -> Result<Place> {
        let folder = own_folder();
        fs::create_dir_all(&folder).map_err(Error::io(format!("make {}", folder.display())))?;
        let path = folder.join("cluster.lock");
        let lock = File::create(&path).and_then(|file| file.lock().map(|()| file));
        let lock = lock.map_err(Error::io(format!("lock {}", path.display())))?;
        Ok(Place { folder, _lock: lock })
    }

    fn path(&self) -> PathBuf {
        self.folder.join(STATE)
    }

    /// What is written down just now, without waiting for anybody.
    pub fn peek() -> Option<State> {
        read_in(&own_folder())
    }

    /// The cluster that was started last and not stopped. A file that cannot be read is none.
    pub fn read(&self) -> Option<State> {
        read_in(&self.folder)
    }

    pub fn write(&self, state: &State) -> Result<()> {
        let fail = |cause| Error::Io { what: format!("write {}", self.path().display()), cause };
        let text = serde_json::to_vec_pretty(state).map_err(|error| fail(error.into()))?;
        mobula_outputs::write(&self.path(), &text).map_err(fail)
    }

    pub fn clear(&self) -> Result<()> {
        match fs::remove_file(self.path()) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Io { what: format!("remove {}", self.path().display()), cause })
            }
            _ => Ok(()),
        }
    }
}

/// The state file's name.
const STATE: &str = "cluster.json";

/// What the state file in this folder says, if it can be read.
fn read_in(folder: &Path) -> Option<State> {
    serde_json::from_slice(&fs::read(folder.join(STATE)).ok()?).ok()
}

fn own_folder() -> PathBuf {
    folder(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
}

fn folder(variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let set = |name: &str| variable(name).map(PathBuf::from);
    if let Some(folder) = set("MOBULA_CLUSTER_DIR") {
        return folder;
    }
    let base = set("XDG_RUNTIME_DIR").or_else(|| set("XDG_CACHE_HOME"));
    let base = base.or_else(|| Some(set("HOME")?.join(".cache"))).unwrap_or_else(std::env::temp_dir);
    base.join("mobula")
}

/// Which start of the machine this is: process numbers and start times begin anew with each.
pub fn boot() -> String {
    let text = fs::read_to_string(Path::new("/proc/sys/kernel/random/boot_id")).unwrap_or_default();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_users() {
        let with = |all: &[(&str, &str)]| {
            folder(|name| all.iter().find(|(other, _)| *other == name).map(|(_, value)| value.into()))
        };
        let all = [
            ("HOME", "/h"),
            ("XDG_CACHE_HOME", "/c"),
            ("XDG_RUNTIME_DIR", "/r"),
            ("MOBULA_CLUSTER_DIR", "/m"),
        ];
        assert_eq!(with(&all), Path::new("/m"));
        assert_eq!(with(&all[..3]), Path::new("/r/mobula"));
        assert_eq!(with(&all[..2]), Path::new("/c/mobula"));
        assert_eq!(with(&all[..1]), Path::new("/h/.cache/mobula"));
    }

    #[test]
    fn a_number_that_another_process_has_now_is_no_guard() {
        let me = Process::find(std::process::id()).unwrap();
        let mut state = State {
            boot: boot(),
            root: "/r".into(),
            address: String::new(),
            client_address: String::new(),
            dashboard: String::new(),
            python: "python3".into(),
            ray_version: String::new(),
            token: None,
            nodes: 2,
            cpus: 1,
            guards: vec![(me.pid, me.started), (me.pid, me.started + 1)],
        };
        assert_eq!((state.guard(0), state.guard(1), state.running()), (Some(me), None, 1));
        state.boot = "another".into();
        assert_eq!(state.running(), 0);
    }
}
