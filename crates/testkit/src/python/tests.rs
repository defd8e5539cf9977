use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::Process;

/// A program that answers like an interpreter with this version and these modules.
fn pretender(folder: &Path, name: &str, answer: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\necho {answer}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn nothing(name: &str) -> Spec {
    Spec::new(name, Vec::<String>::new())
}

#[test]
fn the_first_interpreter_new_enough_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let old = pretender(folder.path(), "old", "3 9 True");
    let bare = pretender(folder.path(), "bare", "3 11 False");
    let good = pretender(folder.path(), "good", "3 10 True");
    assert_eq!(interpreter::first_of(&[old, bare, good.clone()]).unwrap(), good);
}

#[test]
fn a_missing_python_is_said_with_what_was_tried() {
    let folder = tempfile::tempdir().unwrap();
    let old = pretender(folder.path(), "old", "3 9 True");
    let message = interpreter::first_of(&[old, folder.path().join("absent")]).unwrap_err().to_string();
    assert!(message.contains("old: 3.9") && message.contains("absent: does not run"), "{message}");
    assert!(message.contains("hint: ") && message.contains("MOBULA_TEST_PYTHON"), "{message}");
}

#[test]
fn a_python_without_venv_says_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    let bare = pretender(folder.path(), "bare", "3 11 False");
    let message = interpreter::first_of(&[bare]).unwrap_err().to_string();
    assert!(message.contains("apt-get install python3-venv"), "{message}");
}

#[test]
fn processes_that_want_the_same_environment_build_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let spec = nothing("once");
    let birthdays = std::thread::scope(|scope| {
        let make = || {
            let environment = Environment::ensure_in(folder.path(), &spec).unwrap();
            assert!(environment.python().is_absolute());
            fs::metadata(folder.path().join("once").join(BEGUN)).unwrap().modified().unwrap()
        };
        let threads = [scope.spawn(make), scope.spawn(make), scope.spawn(make)];
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(birthdays[0], birthdays[1]);
    assert_eq!(birthdays[0], birthdays[2]);
}

#[test]
fn an_installation_that_was_cut_off_is_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let spec = nothing("broken");
    let home = folder.path().join("broken");
    fs::create_dir(&home).unwrap();
    fs::write(home.join(BEGUN), "").unwrap();
    fs::write(home.join("half-written"), "").unwrap();
    let environment = Environment::ensure_in(folder.path(), &spec).unwrap();
    assert!(environment.command().args(["-c", "import json"]).status().unwrap().success());
    assert!(!home.join("half-written").exists());
}

#[test]
fn a_failed_installation_shows_pips_words_and_is_not_taken_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let spec = Spec::new("failing", ["./no-such-package"]);
    for _ in 0..2 {
        let message = Environment::ensure_in(folder.path(), &spec).unwrap_err().to_string();
        assert!(message.contains("installing ./no-such-package failed"), "{message}");
        assert!(message.contains("no-such-package"), "{message}");
    }
}

#[test]
fn an_environment_of_somebody_else_is_used_but_never_changed() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("foreign");
    let python = interpreter::find().unwrap();
    let made = Command::new(python).args(["-m", "venv"]).arg(&home).status().unwrap();
    assert!(made.success());
    fs::write(home.join("keepsake"), "").unwrap();
    let fits = Environment::ensure_in(folder.path(), &Spec::new("foreign", ["pip"])).unwrap();
    assert_eq!(fits.python(), home.join("bin/python"));
    assert!(fits.version_of("pip").unwrap().contains('.'));
    let message = Environment::ensure_in(folder.path(), &Spec::new("foreign", ["no-such-package"]))
        .unwrap_err()
        .to_string();
    assert!(message.contains("was not made by this project") && message.contains("hint: "), "{message}");
    assert!(home.join("keepsake").exists() && !home.join(DONE).exists());
}

#[test]
fn variables_that_lead_python_elsewhere_are_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let environment = Environment::ensure_in(folder.path(), &nothing("alone")).unwrap();
    let mut command = environment.command();
    let output = command.args(["-c", "import sys; print(sys.prefix)"]).output().unwrap();
    let prefix = String::from_utf8(output.stdout).unwrap();
    assert_eq!(prefix.trim(), folder.path().join("alone").to_str().unwrap());
    assert!(Process::mentioning(folder.path()).is_empty(), "no interpreter is left running");
}
