//! Virtual environments, made once and kept.
//!
//! An environment with Ray takes half a minute and 300 MB to install, so it is made under the build folder on first
//! use and found again by every later run; `MOBULA_TEST_VENVS` names another folder, which outlives `cargo clean`.
//! Test processes run at the same time, so a lock beside the environment lets one of them build while the others
//! wait. Two marks tell what lies there: one written before anything else, one written last. Only the first: an
//! installation was cut off, and is done again. Neither: somebody else's environment, which is used when it fits and
//! never changed.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::places::target_dir;
use crate::{Error, Result};

mod interpreter;

/// Written into an environment before its packages: whatever lies there is ours.
const BEGUN: &str = "mobula-begun";
/// Written last: the list of requirements that are installed.
const DONE: &str = "mobula-done";

/// The versions of Ray that the project supports: the newest and the oldest.
pub const RAY_VERSIONS: [&str; 2] = ["2.60.0", "2.43.0"];

/// What an environment is called and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The name of its folder.
    pub name: String,
    /// Requirements as pip reads them.
    pub requirements: Vec<String>,
}

impl Spec {
    /// An environment called `name` with the given pip requirements.
    pub fn new(name: impl Into<String>, requirements: impl IntoIterator<Item = impl Into<String>>) -> Spec {
        Spec { name: name.into(), requirements: requirements.into_iter().map(Into::into).collect() }
    }

    /// The environment of a cluster's node: `ray[default]` of one version, nothing else.
    ///
    /// ```
    /// let spec = mobula_testkit::python::Spec::ray("2.60.0");
    /// assert_eq!(spec.name, "ray-2.60.0");
    /// assert_eq!(spec.requirements, ["ray[default]==2.60.0"]);
    /// ```
    #[must_use]
    pub fn ray(version: &str) -> Spec {
        Spec::new(format!("ray-{version}"), [format!("ray[default]=={version}")])
    }

    fn marker(&self) -> String {
        self.requirements.join("\n") + "\n"
    }
}

/// A Python interpreter with its packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    python: PathBuf,
}

impl Environment {
    /// Finds or makes the environment under the folder for environments: `MOBULA_TEST_VENVS`, else `python` in the
    /// build folder.
    ///
    /// # Errors
    ///
    /// When there is no Python ≥ 3.10, when it cannot make environments, when pip fails (its last lines are in the
    /// message), and when a folder that this crate did not make is in the way.
    pub fn ensure(spec: &Spec) -> Result<Environment> {
        let named = std::env::var_os("MOBULA_TEST_VENVS").filter(|folder| !folder.is_empty());
        Environment::ensure_in(&named.map_or_else(|| target_dir().join("python"), PathBuf::from), spec)
    }

    /// [`Environment::ensure`], under another folder.
    ///
    /// # Errors
    ///
    /// As [`Environment::ensure`].
    pub fn ensure_in(root: &Path, spec: &Spec) -> Result<Environment> {
        fs::create_dir_all(root).map_err(Error::io(format!("making {}", root.display())))?;
        // An interpreter is called by its absolute path from any folder.
        let root = std::path::absolute(root).map_err(Error::io(format!("finding {}", root.display())))?;
        let home = root.join(&spec.name);
        let environment = Environment::at(home.join("bin/python"));
        if environment.holds(&home, spec) {
            return Ok(environment);
        }
        let lock = root.join(format!("{}.lock", spec.name));
        let lock = File::create(&lock).map_err(Error::io(format!("opening {}", lock.display())))?;
        lock.lock().map_err(Error::io("waiting for another process's installation"))?;
        // Another process may have made it while this one waited.
        if environment.holds(&home, spec) {
            return Ok(environment);
        }
        let ours = home.join(BEGUN).exists() || home.join(DONE).exists();
        if home.exists() && !ours {
            return environment.adopt(&home, spec);
        }
        environment.install(&home, spec)?;
        Ok(environment)
    }

    /// The environment of an interpreter that is there already.
    pub fn at(python: impl Into<PathBuf>) -> Environment {
        Environment { python: python.into() }
    }

    /// Its interpreter.
    #[must_use]
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// The folder of its programs, such as `ray`.
    #[must_use]
    pub fn bin(&self) -> &Path {
        self.python.parent().unwrap_or(Path::new(""))
    }

    /// A command that runs the interpreter away from the variables that would lead it to other packages.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.python);
        self.isolate(&mut command);
        command
    }

    /// Gives `command` this environment's programs, and takes away what would lead Python elsewhere.
    pub fn isolate(&self, command: &mut Command) {
        let mut path = OsString::from(self.bin());
        if let Some(rest) = std::env::var_os("PATH") {
            path.push(":");
            path.push(rest);
        }
        command.env("PATH", path).env_remove("PYTHONPATH").env_remove("PYTHONHOME").env_remove("VIRTUAL_ENV");
    }

    /// The version of an installed package.
    ///
    /// # Errors
    ///
    /// When the package is not installed or the interpreter does not run.
    pub fn version_of(&self, package: &str) -> Result<String> {
        let script = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))";
        let what = format!("asking {} for the version of {package}", self.python.display());
        let output = run(self.command().args(["-c", script, package]), &what)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Whether the finished environment is there, with these requirements and an interpreter that starts. (The system's
    /// Python, to which it links, may have gone since.)
    fn holds(&self, home: &Path, spec: &Spec) -> bool {
        let marked = fs::read_to_string(home.join(DONE)).is_ok_and(|done| done == spec.marker());
        marked && self.command().args(["-c", ""]).status().is_ok_and(|status| status.success())
    }

    /// Takes an environment that somebody else made, when pip finds every requirement in it.
    fn adopt(&self, home: &Path, spec: &Spec) -> Result<Environment> {
        // Without an index and without a real run, pip succeeds only when nothing is missing.
        let mut pip = self.command();
        pip.args(["-m", "pip", "install", "--quiet", "--dry-run", "--no-index", "--no-input"]);
        pip.args(&spec.requirements).env_remove("PIP_FIND_LINKS").stdin(Stdio::null());
        match pip.output() {
            Ok(output) if output.status.success() => Ok(self.clone()),
            _ => Err(Error::Foreign { path: home.to_path_buf(), requirements: spec.requirements.join(" ") }),
        }
    }

    fn install(&self, home: &Path, spec: &Spec) -> Result<()> {
        let interpreter = interpreter::find()?;
        let note = |path: PathBuf, text: &str| {
            fs::write(&path, text).map_err(Error::io(format!("writing {}", path.display())))
        };
        if home.exists() {
            fs::remove_dir_all(home).map_err(Error::io(format!("removing {}", home.display())))?;
        }
        fs::create_dir_all(home).map_err(Error::io(format!("making {}", home.display())))?;
        note(home.join(BEGUN), "")?;
        let mut venv = Command::new(&interpreter);
        venv.args(["-m", "venv"]).arg(home).env_remove("PYTHONPATH").env_remove("PYTHONHOME");
        // Installing pip takes most of the time.
        if spec.requirements.is_empty() {
            venv.arg("--without-pip");
        }
        run(&mut venv, &format!("making the environment {}", home.display()))?;
        if !spec.requirements.is_empty() {
            let mut pip = self.command();
            pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
            run(pip.args(&spec.requirements), &format!("installing {}", spec.requirements.join(" ")))?;
        }
        note(home.join(DONE), &spec.marker())
    }
}

/// Runs a program to its end; its last lines become the error.
fn run(command: &mut Command, what: &str) -> Result<Output> {
    let output = command.stdin(Stdio::null()).output().map_err(Error::io(what))?;
    if output.status.success() {
        return Ok(output);
    }
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    let lines: Vec<&str> = printed.lines().collect();
    let tail = lines[lines.len().saturating_sub(20)..].join("\n");
    Err(Error::Command { what: what.to_owned(), status: output.status.to_string(), output: tail })
}

#[cfg(test)]
mod tests;
