//! What can go wrong between here and a cluster's dashboard, each a sentence with a hint.

use std::io;
use std::path::PathBuf;

/// The result of this crate's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a job could not be submitted, watched, or brought home.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not a URL of a dashboard.
    #[error("`{0}` is no dashboard's address: it is http://HOST:PORT or https://HOST:PORT")]
    Address(String),
    /// Nobody listens there, or the name is unknown.
    #[error("no dashboard answers at {address}: {cause}")]
    NoAnswer {
        /// The dashboard's address.
        address: String,
        /// What the connection said.
        cause: String,
    },
    /// Somebody listens who does not speak HTTP: one of Ray's other ports, or TLS without the `s`.
    #[error("what listens at {address} does not speak HTTP: {cause}")]
    NotHttp {
        /// The dashboard's address.
        address: String,
        /// What came instead.
        cause: String,
    },
    /// `https://` to a server that does not speak TLS.
    #[error("what listens at {address} does not speak TLS: {cause}")]
    NotTls {
        /// The dashboard's address.
        address: String,
        /// What the handshake said.
        cause: String,
    },
    /// The server's certificate is not one to trust.
    #[error("the certificate of {address} is not trusted: {cause}")]
    Untrusted {
        /// The dashboard's address.
        address: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The file with certificates is unusable.
    #[error("RAY_TLS_CA_CERT names {}, which holds no certificate: {cause}", .path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// An HTTP server, but no dashboard of Ray's.
    #[error("{address} answers, but not as a Ray dashboard: {found}")]
    NotADashboard {
        /// The dashboard's address.
        address: String,
        /// What it said.
        found: String,
    },
    /// The cluster's Ray lacks what this crate relies on.
    #[error("the cluster's Ray {0} is too old: Mobula needs 2.43 or newer")]
    OldRay(String),
    /// The cluster wants a token, and there is none.
    #[error("the cluster at {0} wants a token, and none was found")]
    TokenMissing(String),
    /// The cluster wants another token.
    #[error("the cluster at {0} does not accept the token")]
    TokenRefused(String),
    /// The file with the token is unusable.
    #[error("RAY_AUTH_TOKEN_PATH names {}, which holds no token: {cause}", .path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// An argument that JSON cannot carry.
    #[error("the argument {0:?} is not valid UTF-8, and cannot be sent to a cluster")]
    Argument(std::ffi::OsString),
    /// A file that should travel with the job cannot be read.
    #[error("cannot read {}: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// An input that is not there, or is none.
    #[error(transparent)]
    Input(#[from] mobula_inputs::InputError),
    /// The user's runtime environment is none.
    #[error("{variable} is no runtime environment: {cause}")]
    RuntimeEnv {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// The proxy that leads there failed.
    #[error("the proxy {proxy}, which {variable} names, does not lead to {address}: {cause}")]
    Proxy {
        /// The dashboard's address.
        address: String,
        /// The proxy's.
        proxy: String,
        /// The variable.
        variable: String,
        /// What went wrong.
        cause: String,
    },
    /// The job did not start for too long.
    #[error("job {job} was {status} for {seconds} s and has been told to stop: {message}")]
    Waiting {
        /// The job.
        job: String,
        /// Ray's word for it.
        status: &'static str,
        /// How long.
        seconds: u64,
        /// What it waits for, in Ray's words.
        message: String,
    },
    /// More than a dashboard accepts.
    #[error("{what} {verb} more than {} MiB packed, and a dashboard accepts no more in one piece", .limit >> 20, verb = if what.ends_with('s') { "are" } else { "is" })]
    TooLarge {
        /// "the program" or "the input files".
        what: String,
        /// Bytes.
        limit: u64,
    },
    /// The dashboard refused a package that is within Ray's limit: something on the way is stricter.
    #[error("{what}, {} KiB packed, {verb} more than {address} accepts", .size >> 10, verb = if what.ends_with('s') { "are" } else { "is" })]
    Entity {
        /// "the program" or "the input files".
        what: String,
        /// Bytes.
        size: u64,
        /// The dashboard's address.
        address: String,
    },
    /// An error of the dashboard's own.
    #[error("the dashboard at {address} failed to {what}: {message}")]
    Refused {
        /// The dashboard's address.
        address: String,
        /// What it was asked to do.
        what: String,
        /// Its status and the end of what it said.
        message: String,
    },
    /// The dashboard went away while the job ran.
    #[error("the dashboard at {address} has stopped answering, and job {job} may still run: {cause}")]
    Lost {
        /// The dashboard's address.
        address: String,
        /// The job.
        job: String,
        /// What the last attempt said.
        cause: String,
    },
    /// The job never ran the program.
    #[error("job {job} could not be started: {message}")]
    NotStarted {
        /// The job.
        job: String,
        /// Ray's message.
        message: String,
    },
    /// The job was stopped, by somebody else.
    #[error("job {0} was stopped")]
    Stopped(String),
    /// The job ended well, and what it made could not be brought here.
    #[error("job {job} has ended, but {what} could not be brought here: {cause}")]
    Result {
        /// The job.
        job: String,
        /// Which of its results.
        what: String,
        /// What went wrong.
        cause: String,
    },
    /// A file of this machine could not be written.
    #[error("cannot write {}: {cause}", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl Error {
    /// What the user may do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Error::Address(_) => {
                "the port is 8265 unless the cluster was started with another --dashboard-port"
            }
            Error::NoAnswer { .. } => {
                "is the cluster up, does its Ray have the dashboard (`pip install \"ray[default]\"`), and is this its \
                 port, 8265 unless said otherwise?"
            }
            Error::NotHttp { .. } => {
                "the dashboard's port is 8265 unless said otherwise (6379 and 10001 are other ones of Ray's); where it \
                 speaks TLS, the address begins with https://"
            }
            Error::NotTls { .. } => "an address of a dashboard without TLS begins with http://",
            Error::Untrusted { .. } => {
                "RAY_TLS_CA_CERT names the file (PEM) with the certificate of the authority that signed it"
            }
            Error::Certificates { .. } => "it has to be a PEM file with one certificate or more",
            Error::NotADashboard { .. } => {
                "the dashboard's port is 8265 unless said otherwise; behind a proxy, the path that leads to it belongs to \
                 the address"
            }
            Error::OldRay(_) => "pip install --upgrade \"ray[default]\" on every node",
            Error::TokenMissing(_) => {
                "put the cluster's token (`ray get-auth-token` prints it there) into RAY_AUTH_TOKEN, a file named by \
                 RAY_AUTH_TOKEN_PATH, or ~/.ray/auth_token"
            }
            Error::TokenRefused(_) => {
                "the token is taken from RAY_AUTH_TOKEN, else the file named by RAY_AUTH_TOKEN_PATH, else \
                 ~/.ray/auth_token; `ray get-auth-token` prints the cluster's own there"
            }
            Error::TokenFile { .. } => "`ray get-auth-token` prints the cluster's token there",
            Error::Argument(_) => "rename the file",
            Error::Input(error) => error.hint(),
            Error::RuntimeEnv { .. } => {
                "it is Ray's runtime environment in JSON, such as {\"env_vars\": {\"NAME\": \"value\"}, \"pip\": [\"numpy\"]}"
            }
            Error::Proxy { .. } => "NO_PROXY names the hosts and networks that are reached without one",
            Error::Waiting { .. } => {
                "is a node free to run it, and can it set up what MOBULA_RUNTIME_ENV asks for? With MOBULA_WAIT_FOR_NODES a \
                 job waits for nodes that are still to come"
            }
            Error::Unreadable { .. } => "is the path right, and may you read it?",
            Error::TooLarge { .. } | Error::Entity { .. } => {
                "put large files where every node sees them and leave them where they are (`--no-upload`), or attach with \
                 ray://HOST:10001, which sends them piece by piece; a release build makes the program smaller"
            }
            Error::Refused { .. } => {
                "the dashboard's own log (`dashboard.log` in the session's logs) says more"
            }
            Error::Lost { .. } => {
                "the dashboard lists the job once it is back, and its log has what was missed"
            }
            Error::NotStarted { .. } => {
                "the dashboard's page of the job, and `runtime_env_setup*.log` in the session's logs, say more"
            }
            Error::Stopped(_) => "the dashboard's page of the job has what it printed",
            Error::Result { .. } => {
                "it is in the folder `mobula-JOB` of the session's logs, on the node that the job ran on"
            }
            Error::Unwritable { .. } => "is there room on that disk, and may you write there?",
        }
    }
}
