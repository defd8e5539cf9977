//! A node's folder of libraries: what is refused there, and what is mended (`cluster/host/package.py`). Python runs it, Ray is
//! not needed.

use std::path::Path;
use std::process::Command;

#[test]
fn no_library_is_loaded_unchecked() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cases = here.join("tests/python/package.py");
    // A library that every Python has; where it is built in, the interpreter's own file is none.
    let Ok(found) = Command::new("python3").args(["-c", "import _ctypes; print(_ctypes.__file__)"]).output()
    else {
        mobula_testkit::skip!("no python3 on the PATH");
    };
    let library = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    if !found.status.success() {
        mobula_testkit::skip!("this python3 has its modules built in");
    }
    let mut python = Command::new("python3");
    let output =
        python.arg("-B").arg(&cases).arg(here.join("src/cluster/host")).arg(library).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let source = std::fs::read_to_string(&cases).unwrap();
    let names = source.lines().filter_map(|line| line.strip_prefix("def case_")?.split_once('('));
    for (name, _) in names {
        assert!(said.contains(&format!("case_{name} ... ok\n")), "{name}: {said}");
    }
    assert!(output.status.success(), "{said}");
}
