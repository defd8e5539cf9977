//! The token of a cluster with token authentication, from where Ray documents it to be: `RAY_AUTH_TOKEN`, else the file
//! that `RAY_AUTH_TOKEN_PATH` names, else `~/.ray/auth_token`.
//!
//! Ray sends it where `RAY_AUTH_MODE=token`; newer versions also where a token is there and the mode is not set. So a token
//! that is there is sent unless `RAY_AUTH_MODE` says otherwise; a cluster without authentication does not look at it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// This process's token, from where Ray looks for it; `None` where there is none, or the mode is another.
///
/// # Errors
/// A file that was named holds no token.
pub fn token() -> Result<Option<String>> {
    find(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
}

fn find(variable: impl Fn(&str) -> Option<OsString>) -> Result<Option<String>> {
    if variable("RAY_AUTH_MODE").is_some_and(|mode| !mode.eq_ignore_ascii_case("token")) {
        return Ok(None);
    }
    if let Some(token) = variable("RAY_AUTH_TOKEN") {
        return Ok(Some(token.to_string_lossy().trim().to_owned()));
    }
    if let Some(path) = variable("RAY_AUTH_TOKEN_PATH").map(PathBuf::from) {
        // As Ray does: a file that was named and cannot be used is a mistake, not a reason to look elsewhere.
        return token_in(&path).map(Some);
    }
    let home = variable("HOME").map(|home| Path::new(&home).join(".ray").join("auth_token"));
    Ok(home.and_then(|path| read(&path).ok()).filter(|token| !token.is_empty()))
}

/// The token in a file that was named.
pub fn token_in(path: &Path) -> Result<String> {
    match read(path) {
        Ok(token) if !token.is_empty() => Ok(token),
        Ok(_) => Err(Error::TokenFile { path: path.into(), cause: "it is empty".into() }),
        Err(cause) => Err(Error::TokenFile { path: path.into(), cause: cause.to_string() }),
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    Ok(std::fs::read_to_string(path)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Option<String>> {
        let all: Vec<(String, OsString)> =
            variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        find(|name| all.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn the_places_are_tried_in_the_documented_order() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".ray")).unwrap();
        std::fs::write(home.path().join(".ray/auth_token"), "of-home\n").unwrap();
        std::fs::write(home.path().join("file"), " of-file\n").unwrap();
        let (home, file) = (home.path().to_str().unwrap(), home.path().join("file"));
        let file = file.to_str().unwrap();
        let all = [("HOME", home), ("RAY_AUTH_TOKEN_PATH", file), ("RAY_AUTH_TOKEN", "of-variable")];
        assert_eq!(with(&all).unwrap().as_deref(), Some("of-variable"));
        assert_eq!(with(&all[..2]).unwrap().as_deref(), Some("of-file"));
        assert_eq!(with(&all[..1]).unwrap().as_deref(), Some("of-home"));
        assert_eq!(with(&[]).unwrap(), None);
        assert_eq!(with(&[("RAY_AUTH_MODE", "disabled"), all[2]]).unwrap(), None);
        assert_eq!(with(&[("RAY_AUTH_MODE", "token"), all[2]]).unwrap().as_deref(), Some("of-variable"));
    }

    #[test]
    fn a_file_that_was_named_has_to_hold_a_token() {
        let error = with(&[("RAY_AUTH_TOKEN_PATH", "/nonexistent/token")]).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/token"), "{error}");
        let empty = tempfile::NamedTempFile::new().unwrap();
        let error = with(&[("RAY_AUTH_TOKEN_PATH", empty.path().to_str().unwrap())]).unwrap_err();
        assert!(error.to_string().contains("it is empty"), "{error}");
    }
}
