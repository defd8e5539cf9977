//! How a program gets into Ray from a machine without Python: as a Ray job, by way of the dashboard.
//!
//! The package is the host's files and the library; `job.py` of the host is the driver there.

use std::error::Error;
use std::path::Path;

use crate::files::Declared;
use crate::program::Definition;

type AnyError = Box<dyn Error + Send + Sync>;

/// Runs the program on the cluster with this dashboard; its exit code.
#[cfg(feature = "jobs")]
pub fn submit(
    definition: &Definition,
    url: &str,
    files: Declared,
    token_file: Option<&Path>,
) -> Result<u8, AnyError> {
    use std::collections::BTreeMap;

    use mobula_jobs::{File, Job};

    use super::attach::library;
    use super::package::{HOST, LIBRARY, PACKAGE};

    /// What the driver and the workers should know of this process's environment.
    const PASSED_ON: [&str; 3] = ["MOBULA_WAIT_FOR_NODES", "RUST_BACKTRACE", "RUST_LOG"];

    let host = HOST.map(|(name, source)| (name, File::Bytes(source.into())));
    let package = host.into_iter().chain([(LIBRARY, File::Copy(library(definition)?))]);
    let variables = PASSED_ON.iter().filter_map(|name| Some(((*name).into(), std::env::var(name).ok()?)));
    let job = Job {
        name: definition.name.split(' ').next().unwrap_or_default().into(),
        package: package.map(|(name, file)| (format!("{PACKAGE}/{name}"), file)).collect(),
        module: format!("{PACKAGE}.job"),
        build: definition.build.into(),
        arguments: std::env::args_os().collect(),
        variables: variables.collect::<BTreeMap<_, _>>(),
        runtime_env: std::env::var_os("MOBULA_RUNTIME_ENV").map(|text| text.to_string_lossy().into_owned()),
        waits_for_nodes: std::env::var_os("MOBULA_WAIT_FOR_NODES").is_some_and(|value| !value.is_empty()),
        inputs: files.inputs,
        outputs: files.outputs,
        token_file: token_file.map(Path::to_path_buf),
    };
    Ok(mobula_jobs::run(url, &job)?)
}

/// What to do about an error of a job's way.
#[cfg(feature = "jobs")]
pub fn hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    Some(error.downcast_ref::<mobula_jobs::Error>()?.hint())
}

/// There are no jobs in this build.
#[cfg(not(feature = "jobs"))]
pub fn submit(_: &Definition, url: &str, files: Declared, _: Option<&Path>) -> Result<u8, AnyError> {
    let Declared { inputs: _, outputs: _ } = files;
    Err(super::attach::AttachError::Jobs(url.into()).into())
}

/// There are no jobs in this build.
#[cfg(not(feature = "jobs"))]
pub fn hint(_: &(dyn Error + 'static)) -> Option<&'static str> {
    None
}
