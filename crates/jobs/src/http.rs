//! Requests to one dashboard, and what their failures mean to a user.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::{Response, StatusCode};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use crate::proxy::{self, Named};
use crate::{Error, Result};

/// How long a connection may take to come up.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take: Ray itself waits half a minute for its own parts.
const ANSWER: Duration = Duration::from_secs(60);
/// How long sending a package may take.
const SEND: Duration = Duration::from_secs(1800);

/// A dashboard's address, with the token for it.
#[derive(Debug, Clone)]
pub struct Server {
    /// Without a slash at the end.
    pub address: String,
    agent: Agent,
    proxy: Option<Named>,
    token: Option<String>,
}

impl Server {
    pub fn new(given: &str, token: Option<String>, authority: Option<&Path>) -> Result<Server> {
        Server::with(given, token, authority, |name| std::env::var(name).ok())
    }

    /// With the variables that name proxies.
    pub fn with(
        given: &str,
        token: Option<String>,
        authority: Option<&Path>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Server> {
        let address = given.trim().trim_end_matches('/').to_owned();
        let rest = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains([' ', '?', '#', '@'])) {
            return Err(Error::Address(given.into()));
        }
        let mut tls = TlsConfig::builder();
        if let Some(path) = authority {
            tls = tls.root_certs(RootCerts::Specific(Arc::new(certificates(path)?)));
        }
        let named = proxy::choose(&address, variable);
        let proxy = match &named {
            None => None,
            Some(named) => Some(
                ureq::Proxy::new(&named.proxy)
                    .map_err(|cause| by_proxy(&address, named, &cause.to_string()))?,
            ),
        };
        let config = Agent::config_builder()
            .proxy(proxy)
            .http_status_as_error(false)
            .tls_config(tls.build())
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .timeout_send_body(Some(SEND))
            // A token is for this address alone.
            .max_redirects(0);
        Ok(Server { address, agent: config.build().new_agent(), proxy: named, token })
    }

    pub fn get(&self, path: &str) -> Result<Response<Body>> {
        let request = self.agent.get(format!("{}{path}", self.address));
        self.judge(self.authorized(request).call())
    }

    pub fn put(&self, path: &str, body: &[u8]) -> Result<Response<Body>> {
        let request = self.agent.put(format!("{}{path}", self.address));
        self.judge(self.authorized(request).content_type("application/octet-stream").send(body))
    }

    pub fn post(&self, path: &str, body: &impl serde::Serialize) -> Result<Response<Body>> {
        let request = self.agent.post(format!("{}{path}", self.address));
        self.judge(self.authorized(request).send_json(body))
    }

    fn authorized<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    /// Tells the failures apart that have nothing to do with what was asked.
    fn judge(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>> {
        let response = answer.map_err(|error| match (&self.proxy, explain(&self.address, &error)) {
            (
                Some(named),
                Error::NoAnswer { cause, .. } | Error::NotHttp { cause, .. } | Error::NotTls { cause, .. },
            ) => by_proxy(&self.address, named, &cause),
            (_, error) => error,
        })?;
        match response.status() {
            StatusCode::UNAUTHORIZED if self.token.is_none() => {
                Err(Error::TokenMissing(self.address.clone()))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(Error::TokenRefused(self.address.clone()))
            }
            _ => Ok(response),
        }
    }

    /// The dashboard's own error, from an answer that is none.
    pub fn refused(&self, what: &str, response: &mut Response<Body>) -> Error {
        let status = response.status();
        let text = response.body_mut().with_config().limit(1 << 20).lossy_utf8(true).read_to_string();
        // Of a Python traceback the last line says what went wrong.
        let text = text.unwrap_or_default();
        let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no words");
        Error::Refused {
            address: self.address.clone(),
            what: what.into(),
            message: format!("{} ({})", last.chars().take(500).collect::<String>(), status.as_u16()),
        }
    }
}

fn by_proxy(address: &str, named: &Named, cause: &str) -> Error {
    let Named { proxy, variable } = named.clone();
    Error::Proxy { address: address.into(), proxy, variable, cause: cause.into() }
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>> {
    let fail = |cause: String| Error::Certificates { path: path.into(), cause };
    let pem = std::fs::read(path).map_err(|cause| fail(cause.to_string()))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|cause| fail(cause.to_string()))? {
            found.push(certificate);
        }
    }
    if found.is_empty() { Err(fail("there is no `BEGIN CERTIFICATE` in it".into())) } else { Ok(found) }
}

/// A failure before there was an answer.
fn explain(address: &str, error: &ureq::Error) -> Error {
    let address = address.to_owned();
    // Which part of the client noticed is nobody's affair.
    let cause = error.to_string();
    let cause =
        ["io: ", "protocol: "].iter().find_map(|part| cause.strip_prefix(part)).unwrap_or(&cause).to_owned();
    let said = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    if let ureq::Error::BadUri(_) | ureq::Error::Http(_) = error {
        return Error::Address(address);
    }
    if address.starts_with("https://") {
        if said(&["InvalidContentType", "corrupt message", "InvalidMessage"]) {
            return Error::NotTls { address, cause };
        }
        if said(&["certificate", "Certificate", "UnknownIssuer", "CertNotValid"]) {
            return Error::Untrusted { address, cause };
        }
    }
    match error {
        ureq::Error::Protocol(_) => Error::NotHttp { address, cause },
        ureq::Error::Io(io) if ends_early(io.kind()) => {
            Error::NotHttp { address, cause: "it closed the connection without an answer".into() }
        }
        ureq::Error::HostNotFound => Error::NoAnswer { address, cause: "the name has no address".into() },
        _ => Error::NoAnswer { address, cause },
    }
}

fn ends_early(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_taken() {
        for text in ["http://", "head:8265", "https:// x", "ftp://x", "http://user:word@host"] {
            let error = Server::new(text, None, None).unwrap_err().to_string();
            assert!(error.contains("http://HOST:PORT"), "{text}: {error}");
        }
        assert_eq!(Server::new("http://h:8265/", None, None).unwrap().address, "http://h:8265");
        assert_eq!(Server::new("https://h/ray/", None, None).unwrap().address, "https://h/ray");
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for path in [file.path(), Path::new("/nonexistent/ca.pem")] {
            let error = Server::new("https://h", None, Some(path)).unwrap_err();
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
    }
}
