//! What a job carries: its arguments and the user's files, in packages of their own.
//!
//! Files travel by number, below one folder, and the driver gives them their names back (`job.py`): names are bytes, which
//! neither JSON nor zip archives can carry, and a text called `random.py` would be a module where Python looks for those.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use mobula_inputs::{LeftOut, find, read_unmeasured};
use serde::Serialize;

use crate::package::{Content, PACKAGE_LIMIT, Package, hex};
use crate::{Job, Result};

/// The folder of the package with the arguments.
const SPEC: &str = "mobula_job";
/// The folder of the package with the files.
const FILES: &str = "mobula_files";

/// What the driver has to know; `job.py` of the host is the other half. All names and arguments are bytes, in hexadecimal.
#[derive(Debug, Serialize)]
struct Spec<'a> {
    /// The build of the program's library.
    build: &'a str,
    arguments: Vec<String>,
    /// What the program's inputs are called there, in their order.
    inputs: Vec<String>,
    /// The folders to make.
    folders: Vec<String>,
    /// What the files are called there, by number.
    files: Vec<String>,
    /// What the program's outputs are called, in their order; the folder is the driver's affair.
    outputs: Vec<String>,
}

/// A job's packages.
#[derive(Debug)]
pub struct Carried {
    pub spec: Package,
    /// None where the program reads no file.
    pub files: Option<Package>,
    /// What should have come along and could not be read.
    pub left_out: Vec<LeftOut>,
}

impl Carried {
    pub fn of(job: &Job) -> Result<Carried> {
        let found = find(&job.inputs)?;
        let places: Vec<PathBuf> =
            job.inputs.iter().enumerate().map(|(number, path)| place(path, number)).collect();
        let at = |root: usize, below: &Path| {
            let place = &places[root];
            if below.as_os_str().is_empty() { place.clone() } else { clean(&place.join(below)) }
        };
        // A file that is named twice travels once.
        let mut named = BTreeMap::new();
        for file in &found.files {
            let content = if file.length == 0 {
                Content::Bytes(read_unmeasured(&file.path, PACKAGE_LIMIT + 1)?)
            } else {
                Content::Path(file.path.clone())
            };
            named.insert(at(file.root, &file.below), content);
        }
        let spec = Spec {
            build: &job.build,
            arguments: job.arguments.iter().map(bytes).collect(),
            inputs: places.iter().map(bytes).collect(),
            folders: found.folders.iter().map(|(root, below)| bytes(at(*root, below))).collect(),
            files: named.keys().map(bytes).collect(),
            outputs: job.outputs.iter().map(|path| bytes(output_name(path))).collect(),
        };
        let spec = serde_json::to_vec(&spec).unwrap_or_default();
        let files = (!job.inputs.is_empty()).then(|| {
            let mut package = Package::new("the input files");
            package.add(format!("{FILES}/__init__.py"), Content::Bytes(Vec::new()));
            for (number, content) in named.into_values().enumerate() {
                package.add(format!("{FILES}/{number}"), content);
            }
            package
        });
        let mut package = Package::new("the arguments");
        package.add(format!("{SPEC}/__init__.py"), Content::Bytes(Vec::new()));
        package.add(format!("{SPEC}/spec.json"), Content::Bytes(spec));
        Ok(Carried { spec: package, files, left_out: found.left_out })
    }
}

fn bytes(text: impl AsRef<OsStr>) -> String {
    hex(text.as_ref().as_bytes())
}

/// Without a `.` at its start.
fn clean(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, Component::CurDir)).collect()
}

/// Where a path of this machine goes in the driver's folder, and so what the program is given instead: a relative path
/// stays what it is, so that a program which prints it prints the same.
fn place(path: &Path, number: usize) -> PathBuf {
    let leads_out = |part: Component<'_>| !matches!(part, Component::CurDir | Component::Normal(_));
    if path.components().any(leads_out) {
        let name = path.file_name().unwrap_or(OsStr::new("folder"));
        return Path::new("_elsewhere").join(number.to_string()).join(name);
    }
    path.into()
}

/// What an output is called on the cluster: its own name, as far as Ray's logs can have such a file.
fn output_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.replace('\u{fffd}', "_")
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;
    use crate::Error;

    #[test]
    fn relative_paths_stay_what_they_are() {
        let at = |path: &str| place(Path::new(path), 3);
        for (path, expected) in [
            ("texts/a", "texts/a"),
            ("./texts", "./texts"),
            (".", "."),
            ("/data/texts", "_elsewhere/3/texts"),
            ("../texts", "_elsewhere/3/texts"),
            ("/", "_elsewhere/3/folder"),
        ] {
            assert_eq!(at(path), Path::new(expected));
        }
    }

    #[test]
    fn files_travel_by_number_and_their_names_as_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let odd = std::ffi::OsString::from_vec(vec![b'x', 0xff]);
        for name in [OsStr::new("random.py"), &odd] {
            std::fs::write(folder.path().join(name), "text").unwrap();
        }
        std::os::unix::fs::symlink("nowhere", folder.path().join("broken")).unwrap();
        let job = Job {
            inputs: vec![folder.path().into(), folder.path().join("random.py"), "/proc/self/status".into()],
            outputs: vec![Path::new("out").join(&odd)],
            arguments: vec![odd.clone(), "é".into()],
            ..Job::default()
        };
        let carried = Carried::of(&job).unwrap();
        assert_eq!(carried.left_out.len(), 1);
        let files = format!("{:?}", carried.files.as_ref().unwrap());
        assert!(files.contains("mobula_files/3") && !files.contains("mobula_files/4"), "{files}");
        assert!(!files.contains("\"mobula_files/random.py"), "{files}");
        let Some(Content::Bytes(spec)) = carried.spec.get("mobula_job/spec.json") else { panic!("no spec") };
        let spec: serde_json::Value = serde_json::from_slice(spec).unwrap();
        assert_eq!(spec["arguments"], serde_json::json!(["78ff", "c3a9"]));
        assert_eq!(spec["files"].as_array().unwrap().len(), 4);
        assert!(spec["files"].to_string().contains("2f78ff"), "{spec}");
        assert_eq!(spec["outputs"], serde_json::json!([hex(b"x_")]));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let missing = Job { inputs: vec!["/nonexistent/x".into()], ..Job::default() };
        let error = Carried::of(&missing).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/x"), "{error}");
        let device = Job { inputs: vec!["/dev/null".into()], ..Job::default() };
        assert!(matches!(Carried::of(&device), Err(Error::Input(_))));
    }
}
