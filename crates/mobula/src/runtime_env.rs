//! What a task's or an actor's process needs to find where it runs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Error, Result};

/// Ray's runtime environment, for one task or actor: environment variables, pip packages, a working directory.
///
/// The program itself, library and host, is always there. On the local engine tasks are threads of one process, so its
/// environment is the process's own: variables are read with [`Ray::env_var`](crate::Ray::env_var) on either engine, which finds
/// those given here first, and packages, which concern Python alone, are not looked at.
///
/// ```
/// use mobula::{LocalConfig, Ray, RuntimeEnv};
///
/// #[mobula::task]
/// fn greeting(ray: &Ray) -> Option<String> {
///     ray.env_var("GREETING")
/// }
///
/// let ray = Ray::local(LocalConfig::default());
/// let call = greeting::remote().runtime_env(RuntimeEnv::new().env_var("GREETING", "hello"));
/// assert_eq!(call.submit(&ray)?.get(&ray)?.as_deref(), Some("hello"));
/// # Ok::<(), mobula::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RuntimeEnv {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) env_vars: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) pip: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) working_dir: Option<String>,
}

impl RuntimeEnv {
    /// One that asks for nothing.
    pub fn new() -> Self {
        RuntimeEnv::default()
    }

    /// An environment variable.
    pub fn env_var(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env_vars.insert(name.into(), value.into());
        self
    }

    /// A Python package, as pip takes it: `"numpy==2.1"`. For Rust code that calls Python programs.
    pub fn pip(mut self, requirement: impl Into<String>) -> Self {
        self.pip.push(requirement.into());
        self
    }

    /// The folder that becomes the process's current directory ([`Ray::working_dir`](crate::Ray::working_dir)): on the local
    /// engine any; on a cluster the URI of a zip that Ray brings to the node. A folder of the driver's machine can be brought
    /// there for the whole job only: `MOBULA_RUNTIME_ENV='{"working_dir": "…"}'`, Ray's runtime environment in JSON.
    pub fn working_dir(mut self, folder: impl Into<String>) -> Self {
        self.working_dir = Some(folder.into());
        self
    }

    pub(crate) fn validate(&self) -> Result<()> {
        for name in self.env_vars.keys() {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(Error::Invalid(format!(
                    "`{name}` cannot be the name of an environment variable"
                )));
            }
        }
        if let Some(folder) = &self.working_dir
            && !folder.contains("://")
            && !std::path::Path::new(folder).is_dir()
        {
            return Err(Error::Invalid(format!("working_dir = {folder}: there is no such folder")));
        }
        Ok(())
    }
}
