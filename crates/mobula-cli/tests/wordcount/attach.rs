//! Clusters that cannot be reached: each step on the way to one has its own sentence, and leaves nothing behind.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use mobula_testkit::python::{Environment, Spec};
use mobula_testkit::skip;

use crate::support::{MOBULA, Place, Told, run};

/// Somebody who listens, as a cluster would; nobody ever gets further than a connection.
fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// Attaches with these variables set, in vain.
#[track_caller]
fn attach(address: &str, variables: &[(&str, &Path)]) -> Told {
    let place = Place::with(&[("text", "a")]);
    let mut command = place.mobula("wordcount text --output all --address");
    command.arg(address).envs(variables.iter().copied());
    let told = run(&mut command).error(1);
    place.assert_no_temporary_files();
    assert_eq!(place.names("."), ["text", "tmp"]);
    told
}

/// The library that was built with the executable.
fn library() -> PathBuf {
    let deps = std::env::current_exe().unwrap();
    let library = deps.with_file_name("libmobula_cli.so");
    assert!(library.exists(), "no {}", library.display());
    library
}

#[test]
fn an_address_where_nobody_listens_is_named() {
    // The first port is nobody's: it stands in no table of services that are still used.
    let told = attach("127.0.0.1:1", &[]);
    told.says(&["no Ray cluster answers at 127.0.0.1:1", "refused"], "GCS port");
    let told = attach("ray://127.0.0.1:1", &[]);
    told.says(&["no Ray cluster answers at 127.0.0.1:1", "refused"], "Ray Client port");
}

#[test]
fn a_dashboard_that_is_none_is_named() {
    let told = attach("http://127.0.0.1:1", &[]);
    told.says(&["no dashboard answers at http://127.0.0.1:1", "refused"], "8265");
    // Somebody who listens, and says nothing that a dashboard would.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    attach(&format!("http://{address}"), &[]).says(&[&address, "does not speak HTTP"], "https://");
    attach("http://", &[]).says(&["`http://` is no dashboard's address"], "8265");
    let absent = [("RAY_AUTH_TOKEN_PATH", Path::new("/nonexistent/token"))];
    attach("http://127.0.0.1:1", &absent).says(&["/nonexistent/token", "No such file"], "ray get-auth-token");
}

#[test]
fn a_python_that_is_not_there_is_named() {
    let (_listener, address) = listener();
    let told = attach(&address, &[("MOBULA_PYTHON", Path::new("/nonexistent/python"))]);
    told.says(&["/nonexistent/python", "No such file"], "MOBULA_PYTHON");
    // Nothing names one, and none is on the PATH.
    attach(&address, &[]).says(&["`python3`", "No such file"], "MOBULA_PYTHON");
    // A file that is no program.
    attach(&address, &[("MOBULA_PYTHON", Path::new("/dev/null"))]).says(&["/dev/null"], "MOBULA_PYTHON");
}

#[test]
fn a_python_without_ray_is_named() {
    let (_listener, address) = listener();
    let folder = tempfile::tempdir().unwrap();
    let none = Spec::new("empty", Vec::<String>::new());
    let python = match Environment::ensure_in(folder.path(), &none) {
        Ok(environment) => environment.python().to_path_buf(),
        Err(error) => skip!("no Python to leave Ray out of: {error}"),
    };
    let told = attach(&address, &[("MOBULA_PYTHON", &python)]);
    told.says(&["Ray is not installed", &python.display().to_string()], "pip install \"ray[default]\"");
    // An active virtual environment is found without being named.
    let told = attach(&address, &[("VIRTUAL_ENV", python.ancestors().nth(2).unwrap())]);
    told.says(&["Ray is not installed", &python.display().to_string()], "pip install \"ray[default]\"");
}

#[test]
fn a_library_that_is_missing_is_named() {
    let (_listener, address) = listener();
    let told = attach(&address, &[("MOBULA_LIBRARY", Path::new("/nonexistent/lib.so"))]);
    told.says(&["/nonexistent/lib.so", "missing"], "cargo build");
    // An executable that was moved away from its library.
    let place = Place::with(&[("text", "a")]);
    fs::copy(MOBULA, place.path("mobula")).unwrap();
    let mut command = place.program(place.path("mobula"));
    let told = run(command.args(["wordcount", "text", "--address", &address])).error(1);
    told.says(&["libmobula_cli.so", "missing"], "keep the two together");
    place.assert_no_temporary_files();
}

#[test]
fn a_library_of_another_build_is_refused() {
    let (_listener, address) = listener();
    let place = Place::with(&[("noise.so", "not a library at all")]);
    let told = attach(&address, &[("MOBULA_LIBRARY", &place.path("noise.so"))]);
    told.says(&["noise.so", "does not belong to this executable"], "cargo build");
    let older = place.path("older.so");
    fs::write(&older, of_another_build(fs::read(library()).unwrap())).unwrap();
    let told = attach(&address, &[("MOBULA_LIBRARY", &older)]);
    told.says(&["older.so", "does not belong to this executable"], "cargo build");
}

/// The library as another run of the compiler would have made it: its mark, the version and a number, is different.
fn of_another_build(mut library: Vec<u8>) -> Vec<u8> {
    let version = concat!(env!("CARGO_PKG_VERSION"), "-").as_bytes();
    let ends = (version.len()..library.len() - 8).filter(|at| library[..*at].ends_with(version));
    let marks: Vec<usize> =
        ends.filter(|at| library[*at..at + 8].iter().all(u8::is_ascii_hexdigit)).collect();
    assert!(!marks.is_empty(), "no mark in the library");
    for at in marks {
        library[at] = if library[at] == b'0' { b'1' } else { b'0' };
    }
    library
}
