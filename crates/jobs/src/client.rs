//! The calls of the Jobs API, one method each, and the one of the state API that lists actors.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use ureq::http::StatusCode;

use crate::http::Server;
use crate::{Error, Result, auth};

/// The oldest Ray whose host, log API and job details are known to do.
const OLDEST: (u32, u32) = (2, 43);
/// How long Ray may take to read a log, in seconds.
const LOG_TIMEOUT: u32 = 600;

/// A cluster's dashboard.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) server: Server,
    /// The cluster's version of Ray.
    pub ray_version: String,
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Its node sets up what it needs.
    Pending,
    /// Its entrypoint runs.
    Running,
    /// It was stopped.
    Stopped,
    /// Its entrypoint ended with 0.
    Succeeded,
    /// Its entrypoint ended with something else, or never ran.
    Failed,
}

impl Status {
    /// Ray's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Pending => "PENDING",
            Status::Running => "RUNNING",
            Status::Stopped => "STOPPED",
            Status::Succeeded => "SUCCEEDED",
            Status::Failed => "FAILED",
        }
    }

    /// Whether nothing will change any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Status::Pending | Status::Running)
    }
}

/// What the dashboard knows of a job.
#[derive(Debug, Clone, Deserialize)]
pub struct Details {
    /// How far it has come.
    pub status: Status,
    /// Ray's words for that.
    #[serde(default)]
    pub message: Option<String>,
    /// The exit code of its entrypoint.
    #[serde(default)]
    pub driver_exit_code: Option<i32>,
    /// The node that its entrypoint runs on.
    #[serde(default)]
    pub driver_node_id: Option<String>,
}

/// An actor, as the state API knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Its number in the cluster.
    pub actor_id: String,
    /// Its class.
    #[serde(default)]
    pub class_name: String,
    /// Its name, empty where it has none.
    #[serde(default)]
    pub name: Option<String>,
    /// Such as `ALIVE`, `RESTARTING`.
    pub state: String,
    /// The node that it lives on.
    #[serde(default)]
    pub node_id: Option<String>,
    /// Its process.
    #[serde(default)]
    pub pid: Option<u32>,
}

/// A node, as the state API knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its number in the cluster.
    pub node_id: String,
    /// `ALIVE` or `DEAD`.
    pub state: String,
}

/// What a job is to the dashboard.
#[derive(Debug, Serialize)]
pub(crate) struct Submission<'a> {
    pub entrypoint: &'a str,
    pub submission_id: &'a str,
    pub runtime_env: serde_json::Value,
    pub entrypoint_num_cpus: u32,
    pub metadata: BTreeMap<&'a str, &'a str>,
}

#[derive(Deserialize)]
struct Version {
    ray_version: String,
}

#[derive(Deserialize)]
struct Answer<T> {
    result: bool,
    msg: String,
    data: Option<Data<T>>,
}

#[derive(Deserialize)]
struct Data<T> {
    result: Rows<T>,
}

#[derive(Deserialize)]
struct Rows<T> {
    result: Vec<T>,
}

impl Client {
    /// Finds out whether a dashboard is there, with the token and certificates that Ray's variables name.
    ///
    /// # Errors
    /// What is wrong with the address, the token, the certificates, or the version of the cluster's Ray.
    pub fn connect(address: &str) -> Result<Client> {
        Client::with_token(address, None)
    }

    /// As [`connect`](Self::connect), with the token in this file, where one is named.
    ///
    /// # Errors
    /// As [`connect`](Self::connect); the file holds no token.
    pub fn with_token(address: &str, file: Option<&Path>) -> Result<Client> {
        let token = file.map_or_else(auth::token, |file| auth::token_in(file).map(Some))?;
        let authority = std::env::var_os("RAY_TLS_CA_CERT").filter(|path| !path.is_empty());
        Client::over(Server::new(address, token, authority.map(PathBuf::from).as_deref())?)
    }

    pub(crate) fn over(server: Server) -> Result<Client> {
        let mut response = server.get("/api/version")?;
        let strange = |found: String| Error::NotADashboard { address: server.address.clone(), found };
        if response.status() != StatusCode::OK {
            return Err(strange(format!("it has no /api/version ({})", response.status().as_u16())));
        }
        let text = response.body_mut().with_config().limit(1 << 20).lossy_utf8(true).read_to_string();
        let text = text.map_err(|error| strange(error.to_string()))?;
        let version: Version = serde_json::from_str(&text)
            .map_err(|_| strange(format!("its /api/version is `{}`", start_of(&text))))?;
        if is_too_old(&version.ray_version) {
            return Err(Error::OldRay(version.ray_version));
        }
        Ok(Client { server, ray_version: version.ray_version })
    }

    /// Where the dashboard is, without a slash at the end.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.server.address
    }

    /// Whether the cluster has this package (`gcs://NAME`) already; Ray keeps it for a while once it was asked.
    pub(crate) fn has_package(&self, name: &str) -> Result<bool> {
        let mut response = self.server.get(&format!("/api/packages/gcs/{name}"))?;
        match response.status() {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.server.refused("look for a package", &mut response)),
        }
    }

    pub(crate) fn upload(&self, name: &str, what: &str, bytes: &[u8]) -> Result<()> {
        let too_large = || Error::Entity {
            what: what.into(),
            size: bytes.len() as u64,
            address: self.server.address.clone(),
        };
        let mut response = self.server.put(&format!("/api/packages/gcs/{name}"), bytes)?;
        match response.status() {
            StatusCode::OK => Ok(()),
            StatusCode::PAYLOAD_TOO_LARGE => Err(too_large()),
            _ => {
                let error = self.server.refused("store a package", &mut response);
                let said = error.to_string();
                let limits = ["EntityTooLarge", "Entity Too Large", "exceeds the maximum size"];
                Err(if limits.iter().any(|words| said.contains(words)) { too_large() } else { error })
            }
        }
    }

    pub(crate) fn submit(&self, submission: &Submission<'_>) -> Result<()> {
        let mut response = self.server.post("/api/jobs/", submission)?;
        match response.status() {
            StatusCode::OK => Ok(()),
            _ => Err(self.server.refused("take the job", &mut response)),
        }
    }

    /// What the dashboard knows of a job.
    ///
    /// # Errors
    /// When it does not answer, or knows no such job.
    pub fn details(&self, job: &str) -> Result<Details> {
        let mut response = self.server.get(&format!("/api/jobs/{job}"))?;
        match response.status() {
            StatusCode::OK => self.parse("tell of the job", &mut response),
            _ => Err(self.server.refused("tell of the job", &mut response)),
        }
    }

    /// Stops a job: its entrypoint gets SIGTERM, and three seconds later SIGKILL.
    ///
    /// # Errors
    /// When the dashboard does not answer, or knows no such job.
    pub fn stop(&self, job: &str) -> Result<()> {
        let mut response = self.server.post(&format!("/api/jobs/{job}/stop"), &())?;
        match response.status() {
            StatusCode::OK => Ok(()),
            _ => Err(self.server.refused("stop the job", &mut response)),
        }
    }

    /// The bytes of a file below the session's `logs` folder of a node; with `follow` also those that are still to come, for
    /// ever.
    pub(crate) fn log(&self, node: &str, file: &str, follow: bool) -> Result<impl Read + Send + 'static> {
        let (kind, more) = if follow { ("stream", "&interval=0.5") } else { ("file", "") };
        // Ray 2.43 marks each chunk unless asked for plain text; newer versions know nothing else.
        let path = format!(
            "/api/v0/logs/{kind}?node_id={node}&filename={file}&lines=-1&format=text&timeout={LOG_TIMEOUT}{more}"
        );
        let mut response = self.server.get(&path)?;
        if response.status() != StatusCode::OK {
            return Err(self.server.refused(&format!("send {file}"), &mut response));
        }
        Ok(response.into_body().into_with_config().limit(u64::MAX).reader())
    }

    /// The actors that are not dead.
    ///
    /// # Errors
    /// When the dashboard does not answer.
    pub fn actors(&self) -> Result<Vec<Actor>> {
        let mut actors: Vec<Actor> = self.list("actors")?;
        actors.retain(|actor| actor.state != "DEAD");
        actors.sort_by(|a, b| (&a.class_name, &a.actor_id).cmp(&(&b.class_name, &b.actor_id)));
        Ok(actors)
    }

    /// The nodes that the cluster has, or had.
    ///
    /// # Errors
    /// When the dashboard does not answer.
    pub fn nodes(&self) -> Result<Vec<Node>> {
        self.list("nodes")
    }

    fn list<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<T>> {
        let what = format!("list the {kind}");
        let mut response = self.server.get(&format!("/api/v0/{kind}?detail=true&limit=10000&timeout=30"))?;
        if response.status() != StatusCode::OK {
            return Err(self.server.refused(&what, &mut response));
        }
        let answer: Answer<T> = self.parse(&what, &mut response)?;
        match answer.data {
            Some(data) if answer.result => Ok(data.result.result),
            _ => Err(Error::Refused { address: self.server.address.clone(), what, message: answer.msg }),
        }
    }

    fn parse<T: DeserializeOwned>(
        &self,
        what: &str,
        response: &mut ureq::http::Response<ureq::Body>,
    ) -> Result<T> {
        let fail = |message: String| Error::Refused {
            address: self.server.address.clone(),
            what: what.into(),
            message,
        };
        let text = response.body_mut().with_config().limit(1 << 28).read_to_string();
        let text = text.map_err(|error| fail(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| fail(format!("{error} in `{}`", start_of(&text))))
    }
}

fn start_of(text: &str) -> String {
    text.chars().take(80).collect::<String>().replace(['\n', '\r'], " ")
}

/// Whether a version is older than [`OLDEST`]; what cannot be read, such as a nightly's, is taken for new.
fn is_too_old(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>());
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < OLDEST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        for (version, old) in [("2.9.3", true), ("2.42.1", true), ("2.43.0", false), ("3.0.0.dev0", false)] {
            assert_eq!(is_too_old(version), old, "{version}");
        }
        assert!(!is_too_old("nightly"));
    }

    #[test]
    fn details_are_read_from_what_old_and_new_versions_tell() {
        // As Ray 2.43 and 2.60 answer, shortened.
        let body = r#"{"type": "SUBMISSION", "job_id": "02000000", "status": "FAILED", "message": "Job entrypoint command
            failed", "driver_exit_code": 3, "driver_node_id": "ab", "runtime_env": {}}"#.replace('\n', " ");
        let details: Details = serde_json::from_str(&body).unwrap();
        assert_eq!((details.status, details.driver_exit_code), (Status::Failed, Some(3)));
        assert!(details.status.is_final() && !Status::Running.is_final());
        let details: Details = serde_json::from_str(r#"{"status": "PENDING"}"#).unwrap();
        assert_eq!(details.driver_node_id, None);
    }
}
