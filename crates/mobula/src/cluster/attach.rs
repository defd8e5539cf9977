//! How a program gets into Ray: it becomes a Python process, which loads the host and the library.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::package::START;
use crate::address::Address;
use crate::program::Definition;

/// Where the new process finds what to run: on the command line it would fill every list of processes.
const SOURCE: &str = "MOBULA_START";

/// Nothing is imported from the current folder: a user's `json.py` is not Python's.
const RUN: &str = "import sys; sys.path[:1] = sys.path[:1] if sys.path[:1] != [''] else []; import os; \
                   exec(os.environ.pop('MOBULA_START')); launch()";

/// Why a program could not become a driver.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The executable's library is missing.
    #[error("the program's library is missing: {}\n\nhint: `cargo build` puts it beside the executable; keep the two \
             together, or name it in MOBULA_LIBRARY", .0.display())]
    NoLibrary(PathBuf),
    /// The library that is there was built from something else.
    #[error("the program's library does not belong to this executable: {}\n\nhint: `cargo build` makes both anew; keep \
             the two together", .0.display())]
    OtherLibrary(PathBuf),
    /// There is no interpreter.
    #[error(
        "Python cannot be started as `{0}`: {1}\n\nhint: a Ray cluster needs Python with `pip install \
             \"ray[default]\"`; name it in MOBULA_PYTHON, or activate its virtual environment"
    )]
    NoPython(String, io::Error),
    /// Nobody listens there.
    #[error(
        "no Ray cluster answers at {address}: {cause}\n\nhint: is it running (`ray status`), and is this its {what}?"
    )]
    NoAnswer {
        /// Host and port.
        address: String,
        /// What the connection said.
        cause: io::Error,
        /// What should be listening.
        what: &'static str,
    },
    /// The SDK was built without the feature `jobs`.
    #[error(
        "{0} is a dashboard's address, and this program was built without the feature `jobs` of mobula\n\nhint: attach \
             with HOST:PORT from a machine of the cluster, or with ray://HOST:10001 from elsewhere"
    )]
    Jobs(String),
}

/// Replaces this process by the program's driver. Comes back only where that fails.
pub fn attach(definition: &Definition, address: &Address, token_file: Option<&Path>) -> AttachError {
    match try_attach(definition, address, token_file) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

fn try_attach(
    definition: &Definition,
    address: &Address,
    token_file: Option<&Path>,
) -> Result<Infallible, AttachError> {
    let address = match address {
        Address::Local | Address::Auto => "auto".to_string(),
        Address::Head(head) => answers(head, "GCS port, 6379 unless said otherwise")?,
        Address::Client(server) => {
            format!("ray://{}", answers(server, "Ray Client port, 10001 unless said otherwise")?)
        }
        Address::Jobs(url) => return Err(AttachError::Jobs(url.clone())),
    };
    let library = library(definition)?;
    let python = python();
    let mut command = Command::new(&python);
    if let Some(file) = token_file {
        command.env("RAY_AUTH_MODE", "token").env("RAY_AUTH_TOKEN_PATH", file);
    }
    let error = command
        .env(SOURCE, START)
        .args([OsStr::new("-c"), OsStr::new(RUN), library.as_os_str()])
        .args([address.as_str(), definition.build])
        .args(std::env::args_os())
        .exec();
    Err(AttachError::NoPython(python.display().to_string(), error))
}

/// Ray takes half a minute to find out that nobody listens.
fn answers(address: &str, what: &'static str) -> Result<String, AttachError> {
    let connect = || {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for at in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&at, Duration::from_secs(5)) {
                Ok(_) => return Ok(()),
                Err(e) => last = e,
            }
        }
        Err(last)
    };
    match connect() {
        Ok(()) => Ok(address.into()),
        Err(cause) => Err(AttachError::NoAnswer { address: address.into(), cause, what }),
    }
}

/// The library of this very build: `cargo build` puts it beside the executable, `cargo test` only among the dependencies,
/// where an older one may be left beside.
pub(super) fn library(definition: &Definition) -> Result<PathBuf, AttachError> {
    let file =
        format!("{}{}{}", std::env::consts::DLL_PREFIX, definition.library, std::env::consts::DLL_SUFFIX);
    let places = match std::env::var_os("MOBULA_LIBRARY") {
        Some(path) => vec![PathBuf::from(path)],
        None => {
            let exe = std::env::current_exe().unwrap_or_default();
            let folder = exe.parent().unwrap_or(Path::new("."));
            vec![folder.join(&file), folder.join("deps").join(&file), folder.join("..").join(&file)]
        }
    };
    let mut found = None;
    for path in &places {
        let Ok(bytes) = std::fs::read(path) else { continue };
        if memchr::memmem::find(&bytes, definition.build.as_bytes()).is_some() {
            return Ok(path.clone());
        }
        found.get_or_insert(path);
    }
    Err(match found {
        Some(path) => AttachError::OtherLibrary(path.clone()),
        None => AttachError::NoLibrary(places[0].clone()),
    })
}

/// The interpreter that drivers run in: `MOBULA_PYTHON`, else the active virtual environment's, else `python3`.
pub fn python() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(python) = set("MOBULA_PYTHON") {
        return python;
    }
    let active = set("VIRTUAL_ENV").or_else(|| set("CONDA_PREFIX")).map(|folder| folder.join("bin/python"));
    active.filter(|python| python.is_file()).unwrap_or_else(|| "python3".into())
}
