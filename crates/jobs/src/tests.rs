//! What listens where a dashboard should: each mistake has its own sentence, and what to do about it.

#![allow(clippy::unwrap_used)] // helpers of tests, outside a test function

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use crate::http::Server;
use crate::{Client, Error, Result};

/// Somebody who answers each connection with these bytes, whatever is asked; gives host and port.
fn answers(with: impl Into<Vec<u8>>) -> String {
    let with = with.into();
    serve(move |mut stream| {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request);
        let _ = stream.write_all(&with);
    })
}

fn serve(mut each: impl FnMut(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().flatten().for_each(&mut each));
    address
}

fn http(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn connect(address: &str, token: Option<&str>) -> Result<Client> {
    Client::over(Server::new(address, token.map(Into::into), None)?)
}

/// The error has these words, and its hint those.
#[track_caller]
fn says<T>(result: Result<T>, words: &str, hint: &str) {
    let error = result.err().unwrap();
    assert!(error.to_string().contains(words), "no {words:?} in: {error}");
    assert!(error.hint().contains(hint), "no {hint:?} in: {}", error.hint());
}

#[test]
fn a_dashboard_that_is_down_is_named() {
    // The first port is nobody's.
    let result = connect("http://127.0.0.1:1", None);
    says(result, "no dashboard answers at http://127.0.0.1:1: Connection refused", "8265");
    says(connect("http://nowhere.invalid:8265", None), "no dashboard answers at http://nowhere", "8265");
}

#[test]
fn another_port_of_ray_is_no_dashboard() {
    // As the GCS does: the first frame of HTTP/2.
    let gcs = answers(*b"\x00\x00\x12\x04\x00\x00\x00\x00\x00");
    says(connect(&format!("http://{gcs}"), None), "does not speak HTTP", "6379");
    let silent = serve(drop);
    says(connect(&format!("http://{silent}"), None), "without an answer", "8265");
}

#[test]
fn another_web_server_is_no_dashboard() {
    for (answer, words) in [
        (http("404 Not Found", "no"), "it has no /api/version (404)"),
        (http("302 Found", ""), "it has no /api/version (302)"),
        (http("200 OK", "<html>hello"), "its /api/version is `<html>hello`"),
    ] {
        let address = format!("http://{}", answers(answer));
        says(connect(&address, None), words, "proxy");
    }
}

#[test]
fn a_version_of_ray_that_is_too_old_is_named() {
    let old = answers(http("200 OK", r#"{"version": "4", "ray_version": "2.42.1", "ray_commit": ""}"#));
    says(connect(&format!("http://{old}"), None), "Ray 2.42.1 is too old", "pip install --upgrade");
    let new = answers(http("200 OK", r#"{"version": "4", "ray_version": "2.43.0"}"#));
    assert_eq!(connect(&format!("http://{new}"), None).unwrap().ray_version, "2.43.0");
}

#[test]
fn a_token_that_is_missing_and_one_that_is_wrong_are_told_apart() {
    // As Ray 2.60 answers.
    let missing = format!("http://{}", answers(http("401 Unauthorized", "Unauthorized: Missing token")));
    says(connect(&missing, None), "wants a token, and none was found", "RAY_AUTH_TOKEN");
    let wrong =
        format!("http://{}", answers(http("403 Forbidden", "Forbidden: Invalid authentication token")));
    says(connect(&wrong, Some("x")), "does not accept the token", "ray get-auth-token");
}

#[test]
fn a_token_is_sent_as_ray_documents_it() {
    let (send, receive) = std::sync::mpsc::channel();
    let server = serve(move |mut stream| {
        let mut request = vec![0; 4096];
        let n = stream.read(&mut request).unwrap_or(0);
        let _ = send.send(String::from_utf8_lossy(&request[..n]).to_lowercase());
        let _ = stream.write_all(&http("200 OK", r#"{"ray_version": "2.60.0"}"#));
    });
    connect(&format!("http://{server}"), Some("s3cret")).unwrap();
    assert!(receive.recv().unwrap().contains("\r\nauthorization: bearer s3cret\r\n"));
}

#[test]
fn tls_where_there_is_none_and_none_where_there_is() {
    let plain = answers(http("400 Bad Request", ""));
    says(connect(&format!("https://{plain}"), None), "does not speak TLS", "begins with http://");
    // What a TLS server answers to `GET /`: an alert.
    let tls = answers(*b"\x15\x03\x03\x00\x02\x02\x46");
    says(connect(&format!("http://{tls}"), None), "does not speak HTTP", "begins with https://");
}

#[test]
fn a_certificate_is_trusted_if_its_authority_was_named() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let address = serve(move |mut stream| {
        let mut session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut tls = rustls::Stream::new(&mut session, &mut stream);
        let mut request = [0; 4096];
        // Without a request the handshake failed, which is the client's wish.
        if tls.read(&mut request).is_ok_and(|n| n > 0) {
            let _ = tls.write_all(&http("200 OK", r#"{"ray_version": "2.60.0"}"#));
        }
        session.send_close_notify();
        let _ = session.write_tls(&mut stream);
    });
    let port = address.rsplit_once(':').unwrap().1;
    let localhost = format!("https://localhost:{port}");
    says(connect(&localhost, None), "is not trusted", "RAY_TLS_CA_CERT");

    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(authority.path(), made.cert.pem()).unwrap();
    let trusting = |address: &str| Client::over(Server::new(address, None, Some(authority.path()))?);
    assert_eq!(trusting(&localhost).unwrap().ray_version, "2.60.0");
    // It is another's certificate.
    says(trusting(&format!("https://127.0.0.1:{port}")), "is not trusted", "RAY_TLS_CA_CERT");
}

#[test]
fn a_package_that_is_refused_for_its_size_says_so() {
    let traceback = "Traceback (most recent call last):\n  …\naiohttp…HTTPRequestEntityTooLarge: Request Entity Too Large\n";
    for refusal in [http("413 Request Entity Too Large", ""), http("500 Internal Server Error", traceback)] {
        let mut first = true;
        let address = serve(move |mut stream| {
            let mut request = [0; 65536];
            let _ = stream.read(&mut request);
            let version = http("200 OK", r#"{"ray_version": "2.60.0"}"#);
            let _ = stream.write_all(if std::mem::take(&mut first) { &version } else { &refusal });
        });
        let client = connect(&format!("http://{address}"), None).unwrap();
        let result = client.upload("p.zip", "the input files", &[0; 2048]);
        assert!(matches!(result, Err(Error::Entity { size: 2048, .. })), "{result:?}");
        says(result, "the input files, 2 KiB packed, are more than", "--no-upload");
    }
}
