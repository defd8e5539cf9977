//! A job from its package to its exit code.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::carried::Carried;
use crate::client::Submission;
use crate::entry;
use crate::interrupt;
use crate::package::{Content, PACKAGE_LIMIT, Package};
use crate::runtime_env::UserEnv;
use crate::tail::{Sink, Tail};
use crate::{Client, Details, Error, Result, Status, results};

/// How often the job's state is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long the dashboard may be away while a job runs.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a job may take to start, and how long where packages are to be installed for it: Ray's own limit.
const PENDING: [Duration; 2] = [Duration::from_secs(300), Duration::from_secs(900)];
/// After how long it is told what a job waits for.
const TELL: Duration = Duration::from_secs(15);
/// How long a job that was told to stop may take: Ray kills it after three seconds.
const STOP: Duration = Duration::from_secs(30);

/// A file of the program's package.
#[derive(Debug, Clone)]
pub enum File {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A copy of this file.
    Copy(PathBuf),
}

/// A program on its way to a cluster.
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// What the job is called in the dashboard: part of its id.
    pub name: String,
    /// The program's package: files by their paths in it, such as `mobula_host/__init__.py`.
    pub package: BTreeMap<String, File>,
    /// The Python module in it that is the driver.
    pub module: String,
    /// The build of the program's library.
    pub build: String,
    /// The program's arguments, its name first.
    pub arguments: Vec<OsString>,
    /// Variables of the driver and of all workers.
    pub variables: BTreeMap<String, String>,
    /// The user's runtime environment, Ray's in JSON, to be merged with the job's.
    pub runtime_env: Option<String>,
    /// Whether the job may wait for nodes without an end.
    pub waits_for_nodes: bool,
    /// Files and folders that travel with the job.
    pub inputs: Vec<PathBuf>,
    /// Files and folders that the program writes, and that come back.
    pub outputs: Vec<PathBuf>,
    /// The file with the cluster's token; else it is looked for where Ray does.
    pub token_file: Option<PathBuf>,
}

/// Runs a job on the cluster with this dashboard, and gives the program's exit code; 130 where Ctrl-C stopped it, 143
/// where SIGTERM did.
///
/// What the program prints on standard output appears on this process's, all else on standard error. SIGINT and SIGTERM
/// are taken over for the rest of the process.
///
/// # Errors
/// What kept the job from being started, watched, or brought home. A job that fails by itself is no error: it has an exit
/// code.
pub fn run(address: &str, job: &Job) -> Result<u8> {
    check_outputs(&job.outputs)?;
    let user_env = UserEnv::parse(job.runtime_env.as_deref())?;
    let carried = Carried::of(job)?;
    interrupt::install();
    let client = Client::with_token(address, job.token_file.as_deref())?;
    let mut program = Package::new("the program");
    for (name, file) in &job.package {
        let content = match file {
            File::Bytes(bytes) => Content::Bytes(bytes.clone()),
            File::Copy(path) => Content::Path(path.clone()),
        };
        program.add(name.clone(), content);
    }
    let id = id(&job.name);
    let entrypoint = entry::line(&job.module, &id);
    let mut modules = Vec::new();
    for package in [Some(&program), Some(&carried.spec), carried.files.as_ref()].into_iter().flatten() {
        modules.push(ship(&client, package)?.into());
    }
    let patience = PENDING[usize::from(user_env.installs())];
    let submission = Submission {
        entrypoint: &entrypoint,
        submission_id: &id,
        runtime_env: user_env.merge(modules, job.variables.clone(), |package| ship(&client, package))?,
        // The driver waits; the tasks do the work.
        entrypoint_num_cpus: 0,
        metadata: BTreeMap::from([("program", job.name.as_str())]),
    };
    interrupt::watch();
    client.submit(&submission)?;
    eprintln!("job {id} on Ray {}, {}/#/jobs/{id}", client.ray_version, client.address());
    let patience = (!job.waits_for_nodes).then_some(patience);
    let code =
        Watch { client: &client, job: &id, outputs: &job.outputs, patience, tails: Vec::new() }.run()?;
    // As where the program finds the files itself: what it could not read is told of, and the exit code says so.
    mobula_inputs::warnings(&carried.left_out).iter().for_each(|warning| eprintln!("{warning}"));
    match mobula_inputs::lacks(&carried.left_out) {
        Some(message) if code == 0 => {
            eprintln!("error: {message}\n\nhint: {}", mobula_inputs::LACKS_HINT);
            Ok(1)
        }
        _ => Ok(code),
    }
}

/// A mistake here would show only after the work is done.
fn check_outputs(outputs: &[PathBuf]) -> Result<()> {
    for path in outputs {
        let parent = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let fail = |cause| Error::Unwritable { path: path.clone(), cause };
        if !std::fs::metadata(parent).map_err(fail)?.is_dir() {
            return Err(fail(std::io::ErrorKind::NotADirectory.into()));
        }
    }
    Ok(())
}

/// Sees to it that the cluster has the package; gives its URI.
fn ship(client: &Client, package: &Package) -> Result<String> {
    let name = package.name()?;
    if !client.has_package(&name)? {
        client.upload(&name, package.what(), &package.zip(PACKAGE_LIMIT)?)?;
    }
    Ok(format!("gcs://{name}"))
}

/// A name that no other job has.
fn id(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let random = RandomState::new();
    let number = random.hash_one((std::process::id(), std::time::SystemTime::now()));
    format!("{name}-{:012x}", number & 0xffff_ffff_ffff)
}

/// How the watch over a job ended.
enum Ended {
    /// With the job.
    Details(Details),
    /// With this exit code, before the job did.
    Code(u8),
}

/// A job that was submitted.
struct Watch<'a> {
    client: &'a Client,
    job: &'a str,
    outputs: &'a [PathBuf],
    /// How long it may take to start.
    patience: Option<Duration>,
    tails: Vec<Tail>,
}

impl Watch<'_> {
    fn run(mut self) -> Result<u8> {
        let details = match self.until_ended()? {
            Ended::Details(details) => details,
            Ended::Code(code) => return Ok(code),
        };
        let exit = details.driver_exit_code;
        let node = details.driver_node_id.clone();
        // What was printed comes first, whatever else is to be told.
        let log = self.print_rest();
        match (details.status, exit) {
            (Status::Stopped, _) if let Some(code) = interrupt::wished() => return Ok(code),
            (Status::Stopped, _) => return Err(Error::Stopped(self.job.into())),
            (Status::Failed, None) => {
                let message = details.message.unwrap_or_else(|| "Ray does not say why".into());
                return Err(Error::NotStarted { job: self.job.into(), message: message.trim().into() });
            }
            _ => {}
        }
        let code = exit.unwrap_or(i32::from(details.status != Status::Succeeded));
        let brought = self.bring(node.as_deref().unwrap_or_default(), log);
        match (brought, exit_code(code)) {
            // A program that failed has said why; what is missing then is no news.
            (Ok(()) | Err(_), failed) if failed != 0 => Ok(failed),
            (Ok(()), code) => Ok(code),
            (Err(error), _) => Err(error),
        }
    }

    /// Follows the job until nothing will change any more, or it does not stop.
    fn until_ended(&mut self) -> Result<Ended> {
        let begun = Instant::now();
        let mut heard = Instant::now();
        let mut tell = TELL;
        let mut stopping: Option<Instant> = None;
        let mut last = (Status::Pending, String::new());
        loop {
            match self.client.details(self.job) {
                Ok(details) if details.status.is_final() => {
                    self.follow(&details);
                    return Ok(Ended::Details(details));
                }
                Ok(details) => {
                    heard = Instant::now();
                    self.follow(&details);
                    let message = details.message.unwrap_or_else(|| "Ray does not say what for".into());
                    last = (details.status, message.trim().to_owned());
                }
                Err(error) if heard.elapsed() > PATIENCE => {
                    let (address, job) = (self.client.address().into(), self.job.into());
                    return Err(Error::Lost { address, job, cause: error.to_string() });
                }
                Err(_) => {}
            }
            let (status, message) = &last;
            let waits = *status == Status::Pending && stopping.is_none();
            if waits && begun.elapsed() > tell {
                tell *= 4;
                eprintln!("job {} is {}: {message}", self.job, status.word());
            }
            if waits && self.patience.is_some_and(|patience| begun.elapsed() > patience) {
                self.client.stop(self.job)?;
                let (seconds, message) = (begun.elapsed().as_secs(), message.clone());
                return Err(Error::Waiting { job: self.job.into(), status: status.word(), seconds, message });
            }
            match (stopping, interrupt::wished()) {
                (None, Some(_)) => {
                    stopping = Some(Instant::now());
                    self.client.stop(self.job)?;
                }
                (Some(since), Some(code)) if since.elapsed() > STOP => {
                    eprintln!("job {} was told to stop, and is still {}: {message}", self.job, status.word());
                    return Ok(Ended::Code(code));
                }
                _ => {}
            }
            let until = Instant::now() + LOOK;
            while Instant::now() < until && (stopping.is_some() || interrupt::wished().is_none()) {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }

    /// Begins to print once it is known where the driver runs.
    fn follow(&mut self, details: &Details) {
        let Some(node) = &details.driver_node_id else { return };
        if self.tails.is_empty() {
            let log = format!("job-driver-{}.log", self.job);
            self.tails.push(Tail::start(self.client, node, log, Sink::Stderr));
            let stdout = format!("{}/stdout", results::folder(self.job));
            self.tails.push(Tail::start(self.client, node, stdout, Sink::Stdout));
        }
    }

    /// Prints what is left of the log and of standard output; gives the latter's length.
    fn print_rest(&self) -> Result<u64, String> {
        let mut length = Err("it never began".to_owned());
        for tail in &self.tails {
            length = match tail.finish() {
                Ok(copied) => copied.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
        }
        length
    }

    /// Brings everything here that the program made.
    fn bring(&self, node: &str, stdout: Result<u64, String>) -> Result<()> {
        let manifest = results::manifest(self.client, node, self.job)?;
        if stdout != Ok(manifest.stdout) {
            let cause = stdout.map_or_else(|e| e, |n| format!("{n} of {} bytes came", manifest.stdout));
            return Err(Error::Result { job: self.job.into(), what: "its standard output".into(), cause });
        }
        for written in &manifest.outputs {
            results::fetch(self.client, node, self.job, written, self.outputs)?;
        }
        Ok(())
    }
}

/// As a shell has it: 128 and the signal for a program that was killed.
fn exit_code(code: i32) -> u8 {
    let code = if code < 0 { 128 - code } else { code };
    u8::try_from(code).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_a_shell() {
        assert_eq!([0, 1, 255, -9, 256].map(exit_code), [0, 1, 255, 137, 1]);
    }

    #[test]
    fn ids_are_fit_for_a_url_and_never_the_same() {
        let (one, two) = (id("wordcount 0.1"), id("wordcount 0.1"));
        assert_ne!(one, two);
        assert!(one.starts_with("wordcount-0-1-") && one.is_ascii(), "{one}");
    }

    #[test]
    fn an_output_without_a_folder_is_refused_at_once() {
        let error = check_outputs(&["/nonexistent/folder/all".into()]).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/folder/all"), "{error}");
        check_outputs(&["all".into(), "/dev/null".into()]).unwrap();
    }
}
