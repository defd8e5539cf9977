//! The files among a program's arguments, for when it runs as a Ray job.
//!
//! A job runs on a machine that has none of the submitter's files. [`Files`] visits the paths among a program's arguments
//! twice: on the submitter it takes note of them, so that inputs travel with the job and outputs come back; in the job's
//! driver it puts others in their place. Attached in any other way, and embedded, paths stay what they are.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::Deserialize;

/// Names a file that tells a job's driver what became of its files; `job.py` is the other half. Paths are bytes there, in
/// hexadecimal.
const VARIABLE: &str = "MOBULA_JOB_FILES";

/// In a job's driver: where inputs are, and what the user called them.
static ORIGINALS: Mutex<Vec<(PathBuf, PathBuf)>> = Mutex::new(Vec::new());

/// A visitor of the paths among a program's arguments, for [`Arguments::files`](crate::Arguments::files).
///
/// ```
/// use std::path::PathBuf;
/// use mobula::{Arguments, Files};
///
/// struct Args { texts: Vec<PathBuf>, output: Option<PathBuf> }
///
/// impl Arguments for Args {
///     fn parse() -> Result<Self, u8> {
///         Ok(Args { texts: vec!["texts".into()], output: Some("counts".into()) })
///     }
///     fn address(&self) -> Option<String> {
///         None
///     }
///     fn files(&mut self, files: &mut Files) {
///         self.texts.iter_mut().for_each(|path| files.input(path));
///         self.output.iter_mut().for_each(|path| files.output(path));
///     }
/// }
/// ```
#[derive(Debug, Default)]
pub struct Files {
    declared: Declared,
    /// In a job's driver: the paths that take the declared ones' places.
    places: Option<Places>,
}

/// What a program has declared.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) outputs: Vec<PathBuf>,
}

#[derive(Debug)]
struct Places {
    inputs: Vec<PathBuf>,
    outputs: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Told {
    inputs: Vec<String>,
    outputs: Vec<String>,
}

impl Places {
    fn read(json: &[u8]) -> Option<Places> {
        let told: Told = serde_json::from_slice(json).ok()?;
        let paths = |all: &[String]| all.iter().map(|path| unhex(path)).collect::<Option<Vec<_>>>();
        Some(Places { inputs: paths(&told.inputs)?, outputs: paths(&told.outputs)? })
    }
}

fn unhex(text: &str) -> Option<PathBuf> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes = pairs.iter().map(byte).collect::<Option<Vec<u8>>>()?;
    rest.is_empty().then(|| OsString::from_vec(bytes).into())
}

impl Files {
    /// A file that the program reads, or a folder, of which all files but the hidden ones travel.
    pub fn input(&mut self, path: &mut PathBuf) {
        let place = self.places.as_ref().and_then(|places| places.inputs.get(self.declared.inputs.len()));
        self.declared.inputs.push(path.clone());
        if let Some(place) = place {
            if place != path
                && let Ok(mut originals) = ORIGINALS.lock()
            {
                originals.push((place.clone(), path.clone()));
            }
            path.clone_from(place);
        }
    }

    /// What the user called an input file: in a job, absolute paths and those that lead out of the folder get other places, and
    /// what is told of a file should still name it.
    #[must_use]
    pub fn original(path: &Path) -> PathBuf {
        let Ok(originals) = ORIGINALS.lock() else { return path.into() };
        let found = originals.iter().find_map(|(place, original)| {
            let below = path.strip_prefix(place).ok()?;
            Some(if below.as_os_str().is_empty() { original.clone() } else { original.join(below) })
        });
        found.unwrap_or_else(|| path.into())
    }

    /// A file that the program writes, or a folder.
    pub fn output(&mut self, path: &mut PathBuf) {
        let place = self.places.as_ref().and_then(|places| places.outputs.get(self.declared.outputs.len()));
        self.declared.outputs.push(path.clone());
        if let Some(place) = place {
            path.clone_from(place);
        }
    }

    /// For this process: a job's driver, or any other.
    pub(crate) fn of_process() -> Files {
        let told = std::env::var_os(VARIABLE).and_then(|file| std::fs::read(file).ok());
        let places = told.and_then(|json| Places::read(&json));
        Files { declared: Declared::default(), places }
    }

    pub(crate) fn declared(self) -> Declared {
        self.declared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(mut files: Files) -> (Vec<PathBuf>, Declared) {
        let mut paths: Vec<PathBuf> = ["a", "/b", "out"].map(PathBuf::from).into();
        let (inputs, outputs) = paths.split_at_mut(2);
        inputs.iter_mut().for_each(|path| files.input(path));
        outputs.iter_mut().for_each(|path| files.output(path));
        (paths, files.declared())
    }

    #[test]
    fn a_submitter_takes_note_and_a_driver_puts_others_in_place() {
        let paths = |names: [&str; 3]| names.map(PathBuf::from).to_vec();
        let (seen, declared) = visit(Files::default());
        assert_eq!(seen, paths(["a", "/b", "out"]));
        assert_eq!((declared.inputs, declared.outputs), (seen[..2].to_vec(), seen[2..].to_vec()));
        let places =
            Places::read(br#"{"inputs": ["61", "652f312f62"], "outputs": ["2f6c6f67732f302fff"]}"#).unwrap();
        let (seen, _) = visit(Files { places: Some(places), ..Files::default() });
        assert_eq!(seen[..2], paths(["a", "e/1/b", ""])[..2]);
        assert_eq!(seen[2].as_os_str().as_encoded_bytes(), b"/logs/0/\xff");
        // Both are told of by the names that the user gave.
        assert_eq!(Files::original(Path::new("e/1/b/c")), Path::new("/b/c"));
        assert_eq!(Files::original(Path::new("e/1/b")), Path::new("/b"));
        assert_eq!(Files::original(Path::new("other")), Path::new("other"));
        assert!(Places::read(br#"{"inputs": ["6"], "outputs": []}"#).is_none());
    }
}
