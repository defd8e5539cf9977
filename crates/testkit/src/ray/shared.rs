//! How a test reaches a cluster, and the one that all `cluster_*` tests share.

use std::path::PathBuf;
use std::process::Command;

use crate::python::Environment;
use crate::report_skip;

/// Where a running cluster is, and the Python that fits it.
///
/// [`Cluster`](super::Cluster) dereferences to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCluster {
    /// `host:port`, as a driver on the same machine attaches.
    pub address: String,
    /// `ray://host:port`, through Ray Client.
    pub client_address: String,
    /// `http://host:port` of the dashboard, where jobs are submitted and states listed.
    pub dashboard_url: String,
    /// The interpreter of the environment that the nodes run in.
    pub python: PathBuf,
    /// The version of Ray, such as `2.60.0`.
    pub ray_version: String,
    /// The file with the token that the cluster asks for; `None` for one that asks for none.
    pub token: Option<PathBuf>,
}

/// One variable for each field, in the order of the fields.
const VARIABLES: [&str; 6] = [
    "MOBULA_TEST_CLUSTER",
    "MOBULA_TEST_CLUSTER_CLIENT",
    "MOBULA_TEST_CLUSTER_DASHBOARD",
    "MOBULA_PYTHON",
    "MOBULA_TEST_RAY_VERSION",
    "MOBULA_TEST_CLUSTER_TOKEN",
];

/// The cluster that this test run shares; `None`, with the reason printed, in a plain `cargo test`.
///
/// ```
/// fn counts_on_a_cluster() {
///     let Some(cluster) = mobula_testkit::cluster() else { return };
///     println!("attach to {}", cluster.address);
/// }
/// ```
#[must_use]
pub fn cluster() -> Option<TestCluster> {
    let values = VARIABLES.map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let cluster = TestCluster::from_values(values);
    if cluster.is_none() {
        report_skip(format_args!("no cluster ({} is not set; `cargo xtask test` starts one)", VARIABLES[0]));
    }
    cluster
}

impl TestCluster {
    fn from_values(values: [Option<String>; 6]) -> Option<TestCluster> {
        let [address, client_address, dashboard_url, python, ray_version, token] = values;
        Some(TestCluster {
            address: address?,
            client_address: client_address?,
            dashboard_url: dashboard_url?,
            python: python?.into(),
            ray_version: ray_version?,
            token: token.map(PathBuf::from),
        })
    }

    /// The variables by which [`cluster`] finds this cluster in another process, and those that its drivers need.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let python = self.python.display().to_string();
        let values = [&self.address, &self.client_address, &self.dashboard_url, &python, &self.ray_version];
        let mut variables: Vec<_> = VARIABLES.into_iter().zip(values.map(String::clone)).collect();
        let token = self.token.as_ref().map(|file| file.display().to_string());
        variables.extend(token.iter().map(|file| (VARIABLES[5], file.clone())));
        variables.extend(self.authentication());
        variables.push(("RAY_USAGE_STATS_ENABLED", "0".to_owned()));
        variables
    }

    /// What a process needs to get in. Without a token its mode is named too: a file in the home directory would switch
    /// authentication on there, and not in the cluster.
    #[must_use]
    pub fn authentication(&self) -> Vec<(&'static str, String)> {
        match &self.token {
            Some(file) => vec![
                ("RAY_AUTH_MODE", "token".to_owned()),
                ("RAY_AUTH_TOKEN_PATH", file.display().to_string()),
            ],
            None => vec![("RAY_AUTH_MODE", "disabled".to_owned())],
        }
    }

    /// The nodes' Python environment.
    #[must_use]
    pub fn environment(&self) -> Environment {
        Environment::at(&self.python)
    }

    /// A command that runs the cluster's Python as a driver of this cluster would: no variable of the machine's other
    /// clusters is passed on.
    #[must_use]
    pub fn python_command(&self) -> Command {
        let mut command = self.environment().command();
        without_ray_variables(&mut command);
        command.envs(self.variables());
        command
    }
}

impl AsRef<TestCluster> for TestCluster {
    fn as_ref(&self) -> &TestCluster {
        self
    }
}

/// Takes every variable away that configures Ray.
pub(super) fn without_ray_variables(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RAY_") {
            command.env_remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> TestCluster {
        TestCluster {
            address: "127.0.0.1:20000".into(),
            client_address: "ray://127.0.0.1:20001".into(),
            dashboard_url: "http://127.0.0.1:20002".into(),
            python: "/somewhere/bin/python".into(),
            ray_version: "2.60.0".into(),
            token: Some("/somewhere/token".into()),
        }
    }

    #[test]
    fn a_cluster_is_found_again_through_its_variables() {
        let variables = example().variables();
        let values =
            VARIABLES.map(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, v)| v.clone()));
        assert_eq!(TestCluster::from_values(values), Some(example()));
    }

    #[test]
    fn a_cluster_with_a_missing_variable_is_none() {
        let mut values = [const { Some(String::new()) }; 6];
        values[4] = None;
        assert_eq!(TestCluster::from_values(values), None);
    }
}
