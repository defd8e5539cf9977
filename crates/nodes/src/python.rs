//! The Ray that a Python interpreter has.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::{Error, Result};

/// An interpreter with Ray.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    /// The interpreter.
    pub program: PathBuf,
    /// The command `ray` that belongs to it.
    pub ray: PathBuf,
    /// The version of Ray.
    pub ray_version: String,
}

#[derive(Deserialize)]
struct Found {
    ray: PathBuf,
    version: Option<String>,
}

impl Python {
    /// Asks an interpreter for its Ray.
    ///
    /// # Errors
    /// [`Error::NoPython`], [`Error::NoRay`].
    pub fn find(program: &Path) -> Result<Python> {
        let script = "import importlib.metadata as m, json, os, sysconfig\n\
                      try: version = m.version('ray')\n\
                      except m.PackageNotFoundError: version = None\n\
                      print(json.dumps({'ray': os.path.join(sysconfig.get_path('scripts'), 'ray'), 'version': version}))";
        let output = Command::new(program)
            .args(["-c", script])
            .output()
            .map_err(|cause| Error::NoPython { python: program.into(), cause })?;
        let found: Option<Found> = serde_json::from_slice(&output.stdout).ok();
        match found {
            Some(Found { ray, version: Some(ray_version) }) if ray.is_file() => {
                Ok(Python { program: program.into(), ray, ray_version })
            }
            _ => Err(Error::NoRay(program.into())),
        }
    }

    /// A command of this environment: its programs come first on the `PATH`, so that a job's driver is its Python.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut path = self.ray.parent().unwrap_or(Path::new("")).as_os_str().to_owned();
        if let Some(rest) = std::env::var_os("PATH") {
            path.push(":");
            path.push(rest);
        }
        let mut command = Command::new(program);
        command.env("PATH", path);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interpreter_that_is_not_there_or_has_no_ray_is_named() {
        let error = Python::find(Path::new("/nonexistent/python")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/python"), "{error}");
        // A program that answers, and knows nothing of Ray.
        let error = Python::find(Path::new("/bin/echo")).unwrap_err();
        assert!(matches!(error, Error::NoRay(_)) && error.hint().contains("pip install"), "{error}");
    }
}
