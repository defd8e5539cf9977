//! A cluster that outlives the process which started it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::state::{Place, boot};
use crate::{Apart, Error, GUARD, Launch, Ports, Process, Python, Result, State, eventually};

/// How long a node may take to stop before its guard kills it, in seconds.
const GRACE: u64 = 10;
/// How long a guard may take for all of it.
const PATIENCE: Duration = Duration::from_secs(30);
/// What `ray start` says when it does not want to wait any longer, which on a busy machine is soon.
const GAVE_UP: &str = "timed out during startup";
/// How often nodes may give up while a cluster starts.
const RESTARTS: u32 = 4;

/// What a cluster should look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// How many nodes, the head included.
    pub nodes: usize,
    /// How many CPUs each node says it has.
    pub cpus: u32,
    /// Each node's object store in bytes.
    pub object_store: u64,
    /// How long the start may take.
    pub timeout: Duration,
}

/// The cluster of this user on this machine.
#[derive(Debug)]
pub struct LocalCluster;

impl LocalCluster {
    /// Starts a cluster and waits until all its nodes are alive, telling how many are. One of the same shape that is up
    /// already is left as it is.
    ///
    /// # Errors
    /// When another one is up, or a node does not start; what was started is then stopped again.
    pub fn up(python: &Python, shape: &Shape, mut tell: impl FnMut(usize)) -> Result<State> {
        let place = Place::lock()?;
        if let Some(state) = place.read() {
            let address = state.address.clone();
            match state.running() {
                0 => place.clear()?,
                n if n < state.nodes => {
                    return Err(Error::Broken { nodes: state.nodes, lost: state.nodes - n, address });
                }
                _ if (state.nodes, state.cpus) == (shape.nodes, shape.cpus) => return Ok(state),
                _ => return Err(Error::OtherUp { nodes: state.nodes, cpus: state.cpus, address }),
            }
        }
        let mut start = Start::prepare(&place, python, shape)?;
        let begin = Instant::now();
        let came = eventually(shape.timeout, || start.step(shape, &mut tell).transpose());
        let failed = match came {
            Some(Ok(())) => return Ok(start.state),
            Some(Err(error)) => error,
            None => start.late(begin.elapsed()),
        };
        stop(&start.state)?;
        place.clear()?;
        Err(failed)
    }

    /// Stops the cluster: every process of its nodes, and no other. Gives what was stopped; `None` where nothing was up.
    ///
    /// # Errors
    /// When something is left.
    pub fn down() -> Result<Option<State>> {
        let place = Place::lock()?;
        let Some(state) = place.read() else { return Ok(None) };
        stop(&state)?;
        place.clear()?;
        Ok(Some(state))
    }

    /// The token file of the cluster that is up, if it has one of its own and one of its addresses is `address`.
    #[must_use]
    pub fn token_of(address: &str) -> Option<PathBuf> {
        let state = Place::peek()?;
        let address = address.trim().trim_end_matches('/');
        let its = [&state.address, &state.client_address, &state.dashboard].contains(&&address.to_owned());
        state.token.filter(|_| its)
    }

    /// The cluster that is up, if there is one.
    ///
    /// # Errors
    /// When the folder of its state cannot be used.
    pub fn status() -> Result<Option<State>> {
        Ok(Place::lock()?.read().filter(|state| state.running() > 0))
    }
}

/// Ends all guards, which end their nodes.
fn stop(state: &State) -> Result<()> {
    let guards: Vec<Option<Process>> = (0..state.guards.len()).map(|node| state.guard(node)).collect();
    for guard in guards.iter().flatten() {
        guard.terminate();
    }
    for guard in guards.iter().flatten() {
        let ended = eventually(PATIENCE, || (!guard.is_alive()).then_some(()));
        if ended.is_none() {
            // The guard itself hangs: what it owns goes with it.
            let left = Process::descendants(guard.pid);
            guard.kill();
            for process in left {
                process.kill();
            }
        }
    }
    // A guard that was killed had to leave its node's processes to nobody.
    if state.boot == boot()
        && let Some(node) = guards.iter().position(Option::is_none)
    {
        let left = Process::mentioning(&state.root);
        if !left.is_empty() {
            return Err(Error::Orphans { node, pids: left.iter().map(|process| process.pid).collect() });
        }
    }
    // The last guard to end has removed it, unless it was killed.
    let _ = fs::remove_dir_all(&state.root);
    Ok(())
}

/// A cluster on its way up.
struct Start<'a> {
    place: &'a Place,
    python: &'a Python,
    launch: Launch,
    ports: Ports,
    apart: Option<Apart>,
    restarts: u32,
    alive: usize,
    state: State,
    /// Keeps the guards from removing the folder, whose logs are wanted if the start fails.
    _lock: File,
}

impl<'a> Start<'a> {
    fn prepare(place: &'a Place, python: &'a Python, shape: &Shape) -> Result<Start<'a>> {
        let ports = Ports::reserve_usual().map_err(Error::io("choose ports for the cluster"))?;
        // Ray's socket names take 75 bytes after this folder's, and 107 are allowed in all.
        let base = Some(std::env::temp_dir()).filter(|folder| folder.as_os_str().len() <= 12);
        let base = base.unwrap_or_else(|| PathBuf::from("/tmp"));
        let root = tempfile::Builder::new().prefix("mobula-ray-").tempdir_in(base);
        let root = root.map_err(Error::io("make the cluster's folder"))?.keep();
        let prepared = fs::write(root.join("guard.py"), GUARD).and_then(|()| {
            let lock = File::create(root.join("lock"))?;
            lock.lock_shared()?;
            Ok(lock)
        });
        let lock = prepared.map_err(Error::io(format!("write to {}", root.display())))?;
        let token = own_token(&root)?;
        let state = State {
            boot: boot(),
            root,
            address: format!("127.0.0.1:{}", ports.gcs()),
            client_address: format!("ray://127.0.0.1:{}", ports.client()),
            dashboard: format!("http://127.0.0.1:{}", ports.dashboard()),
            python: python.program.clone(),
            ray_version: python.ray_version.clone(),
            token: token.clone(),
            nodes: shape.nodes,
            cpus: shape.cpus,
            guards: Vec::new(),
        };
        let launch = Launch {
            ray: python.ray.clone(),
            cpus: shape.cpus,
            object_store: shape.object_store,
            variables: token.map(|file| authentication(&file)).unwrap_or_default(),
            first_host: None,
        };
        let (apart, restarts, alive) = (None, RESTARTS, 0);
        Ok(Start { place, python, launch, ports, apart, restarts, alive, state, _lock: lock })
    }

    /// Takes the next step; `Some` when every node is alive. As in the tests' clusters, no more nodes start at a time than
    /// there are cores, and one that gave up waiting is started again.
    fn step(&mut self, shape: &Shape, tell: &mut impl FnMut(usize)) -> Result<Option<()>> {
        if self.state.guards.is_empty() {
            self.start(0)?;
        }
        for node in 0..self.state.guards.len() {
            if self.state.guard(node).is_some() {
                continue;
            }
            let log = self.log(node);
            // Workers that know the old head cannot join a new one, so a head that gave up is the end.
            if node == 0 || self.restarts == 0 || !log.contains(GAVE_UP) {
                return Err(Error::NodeEnded { node, log });
            }
            self.restarts -= 1;
            self.start(node)?;
        }
        if TcpStream::connect((Ipv4Addr::LOCALHOST, self.ports.gcs())).is_err() {
            return Ok(None);
        }
        let alive = self.state.client().and_then(|client| client.nodes());
        let alive = alive.map_or(0, |nodes| nodes.iter().filter(|node| node.state == "ALIVE").count());
        if alive > self.alive {
            self.alive = alive;
            tell(alive);
        }
        let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
        while self.state.guards.len() < shape.nodes && self.state.guards.len() <= self.alive + cores {
            self.start(self.state.guards.len())?;
        }
        Ok((alive >= shape.nodes).then_some(()))
    }

    fn start(&mut self, node: usize) -> Result<()> {
        let root = self.state.root.clone();
        let folder = root.join(node.to_string());
        if folder.exists() {
            // Of a node that gave up: its sockets would be in the way.
            fs::remove_dir_all(&folder).map_err(Error::io("remove a node's folder"))?;
        }
        fs::create_dir_all(&folder).map_err(Error::io("make a node's folder"))?;
        let apart = match (node, self.apart) {
            (0, _) => None,
            (_, Some(known)) => Some(known),
            (_, None) => {
                let found = Apart::of(self.python.command(&self.python.ray));
                Some(found.map_err(Error::io("ask ray for its options"))?)
            }
        };
        self.apart = apart;
        let ray = self.launch.command(&self.ports, node, &folder, apart);
        let log = log_path(&root, node);
        let out = File::create(&log).map_err(Error::io(format!("make {}", log.display())))?;
        let err = out.try_clone().map_err(Error::io("share a log file"))?;
        let mut guard = self.python.command(&self.python.program);
        // An address of this process would be taken for the head's.
        guard.env_remove("RAY_ADDRESS");
        guard.args(["-I", "-S"]).arg(root.join("guard.py")).arg("--detach").arg(&root).arg(GRACE.to_string());
        guard.arg(ray.get_program()).args(ray.get_args());
        for (name, value) in ray.get_envs().filter_map(|(name, value)| Some((name, value?))) {
            guard.env(name, value);
        }
        guard.current_dir("/").stdin(Stdio::null()).stdout(out).stderr(err);
        let mut child =
            guard.spawn().map_err(|cause| Error::NoPython { python: self.python.program.clone(), cause })?;
        let started = Process::find(child.id()).map_or(0, |process| process.started);
        let identity = (child.id(), started);
        // Collected when it ends, should that be before this process does.
        std::thread::spawn(move || child.wait());
        match self.state.guards.get_mut(node) {
            Some(guard) => *guard = identity,
            None => self.state.guards.push(identity),
        }
        self.place.write(&self.state)
    }

    /// The end of what a node's `ray start` printed.
    fn log(&self, node: usize) -> String {
        let text = fs::read(log_path(&self.state.root, node)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    fn late(&self, waited: Duration) -> Error {
        let node = self.state.guards.len().saturating_sub(1);
        Error::Late {
            seconds: waited.as_secs(),
            alive: self.alive,
            wanted: self.state.nodes,
            node,
            log: self.log(node),
        }
    }
}

/// A token for a cluster whose user has none and has not said that there should be none: in its folder, for its user alone.
fn own_token(root: &Path) -> Result<Option<PathBuf>> {
    let disabled = std::env::var_os("RAY_AUTH_MODE").is_some_and(|mode| !mode.eq_ignore_ascii_case("token"));
    if disabled || mobula_jobs::token()?.is_some() {
        return Ok(None);
    }
    let path = root.join("auth_token");
    let mut random = [0; 32];
    let made =
        File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut random)).and_then(|()| {
            let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
            let mut options = File::options();
            options.write(true).create_new(true).mode(0o600).open(&path)?.write_all(text.as_bytes())
        });
    made.map_err(Error::io(format!("make {}", path.display())))?;
    Ok(Some(path))
}

/// By which Ray's processes know the token.
fn authentication(token: &Path) -> Vec<(OsString, OsString)> {
    vec![("RAY_AUTH_MODE".into(), "token".into()), ("RAY_AUTH_TOKEN_PATH".into(), token.into())]
}

fn log_path(root: &Path, node: usize) -> PathBuf {
    root.join(format!("{node}.log"))
}
