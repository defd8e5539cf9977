//! What a job leaves on the cluster for this machine, and how it gets here.
//!
//! The driver lists in `mobula-JOB/result.json` what it has written, with lengths and hashes. No file, and no pipe, gets anything
//! before it is whole here and is what the driver wrote.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use mobula_outputs::Output;

use ring::digest::{Context, SHA256};
use serde::Deserialize;

use crate::package::hex;
use crate::{Client, Error, Result};

/// How often a file is asked for before it counts as lost.
const ATTEMPTS: usize = 3;

/// The driver's list.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    pub stdout: u64,
    pub outputs: Vec<Written>,
}

/// A file that the program wrote.
#[derive(Debug, Deserialize)]
pub struct Written {
    /// Which of the declared outputs it is, or is in.
    pub output: usize,
    /// Where in it: empty for the output itself, a relative path where that is a folder.
    pub path: String,
    /// Where it is below the session's logs.
    pub file: String,
    pub length: u64,
    pub sha256: String,
}

/// The folder of a job's results, below the session's logs.
pub fn folder(job: &str) -> String {
    format!("mobula-{job}")
}

pub fn manifest(client: &Client, node: &str, job: &str) -> Result<Manifest> {
    let fail =
        |cause: String| Error::Result { job: job.into(), what: "the list of its results".into(), cause };
    let mut text = String::new();
    let mut log = client.log(node, &format!("{}/result.json", folder(job)), false)?;
    log.read_to_string(&mut text).map_err(|cause| fail(cause.to_string()))?;
    serde_json::from_str(&text).map_err(|_| fail(text.chars().take(200).collect()))
}

/// Brings one file to where it belongs.
pub fn fetch(client: &Client, node: &str, job: &str, written: &Written, outputs: &[PathBuf]) -> Result<()> {
    let fail = |cause: String| Error::Result { job: job.into(), what: written.file.clone(), cause };
    let output = outputs.get(written.output).ok_or_else(|| fail("nobody asked for it".into()))?;
    let path = destination(output, &written.path).ok_or_else(|| fail("its name leads elsewhere".into()))?;
    let unwritable = |cause| Error::Unwritable { path: path.clone(), cause };
    if let (false, Some(parent)) = (written.path.is_empty(), path.parent()) {
        fs::create_dir_all(parent).map_err(unwritable)?;
    }
    let mut why = String::new();
    for _ in 0..ATTEMPTS {
        let mut output = Output::staged(&path).map_err(unwritable)?;
        match copy(client, node, written, &mut output).map_err(unwritable)? {
            Ok(()) => return output.finish().map_err(unwritable),
            Err(cause) => why = cause,
        }
    }
    Err(fail(why))
}

/// Copies a file's bytes here. The outer error is this machine's, the inner one the way's.
fn copy(client: &Client, node: &str, written: &Written, to: &mut Output) -> io::Result<Result<(), String>> {
    let mut hash = Context::new(&SHA256);
    let mut length = 0;
    if written.length > 0 {
        let mut log = match client.log(node, &encode(&written.file), false) {
            Ok(log) => log,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let mut block = vec![0; 1 << 18];
        loop {
            let n = match log.read(&mut block) {
                Ok(0) => break,
                Ok(n) => n,
                Err(cause) => return Ok(Err(cause.to_string())),
            };
            hash.update(&block[..n]);
            to.write_all(&block[..n])?;
            length += n as u64;
        }
    }
    if length != written.length {
        return Ok(Err(format!("{length} of {} bytes came", written.length)));
    }
    let sha256 = hex(hash.finish().as_ref());
    Ok(if sha256 == written.sha256 {
        Ok(())
    } else {
        Err("the bytes that came are not those that were written".into())
    })
}

/// Where a file belongs; `None` where its name would lead out of the output's folder.
pub fn destination(output: &Path, below: &str) -> Option<PathBuf> {
    if below.is_empty() {
        return Some(output.to_path_buf());
    }
    let inside = Path::new(below).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    inside.then(|| output.join(below))
}

/// A path as part of a URL's query.
pub fn encode(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_cannot_lead_out_of_its_folder() {
        let at = |below| destination(Path::new("out"), below);
        assert_eq!(at(""), Some("out".into()));
        assert_eq!(at("a/b"), Some("out/a/b".into()));
        for below in ["../x", "/etc/passwd", "a/../../x", "./a/.."] {
            assert_eq!(at(below), None, "{below}");
        }
    }

    #[test]
    fn names_with_spaces_are_encoded() {
        assert_eq!(encode("mobula-j/out/0/a b&ü"), "mobula-j/out/0/a%20b%26%C3%BC");
    }
}
