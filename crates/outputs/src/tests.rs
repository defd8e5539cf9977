//! Each of these was met by somebody whose result replaced what it should have been written to.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Runs a test of this file, which is one only then, in a process of its own.
fn child(test: &str, argument: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("tests::{test}"), "--nocapture"]).env("MOBULA_OUTPUTS_CHILD", argument);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn argument() -> Option<std::path::PathBuf> {
    std::env::var_os("MOBULA_OUTPUTS_CHILD").map(Into::into)
}

#[test]
fn a_link_leads_to_the_file_which_keeps_its_mode_and_owner() {
    let folder = folder();
    let [real, link, second] = ["real", "link", "second"].map(|name| folder.path().join(name));
    fs::write(&real, "old").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    // Only root may give a file away.
    let is_root = std::os::unix::fs::chown(&real, Some(4321), Some(1234)).is_ok();
    symlink("real", &link).unwrap();
    symlink(&link, &second).unwrap();
    write(&second, b"new").unwrap();
    assert_eq!(fs::read(&real).unwrap(), b"new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::symlink_metadata(&second).unwrap().is_symlink());
    let about = fs::metadata(&real).unwrap();
    assert_eq!(about.mode() & 0o7777, 0o640);
    assert!(!is_root || (about.uid(), about.gid()) == (4321, 1234));
    assert_eq!(names(folder.path()), ["link", "real", "second"]);
}

#[test]
fn a_link_to_nothing_yet_makes_the_file_it_names() {
    let folder = folder();
    symlink("later", folder.path().join("link")).unwrap();
    write(&folder.path().join("link"), b"x").unwrap();
    assert_eq!(fs::read(folder.path().join("later")).unwrap(), b"x");
    symlink("circle", folder.path().join("circle")).unwrap();
    let error = write(&folder.path().join("circle"), b"x").unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ELOOP));
}

#[test]
fn attributes_stay_and_so_do_other_names() {
    let folder = folder();
    let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
    fs::write(&one, "a long text from before").unwrap();
    let file = File::open(&one).unwrap();
    // SAFETY: a C string, and a value of one byte.
    let set =
        unsafe { libc::fsetxattr(file.as_raw_fd(), c"user.mobula".as_ptr(), c"v".as_ptr().cast(), 1, 0) };
    write(&one, b"new").unwrap();
    let kept = Kept::of(&File::options().write(true).open(&one).unwrap()).unwrap();
    assert!(set != 0 || format!("{kept:?}").contains(&format!("{:?}", b"user.mobula\0")));
    assert_ne!(file.metadata().unwrap().ino(), fs::metadata(&one).unwrap().ino(), "replaced whole");

    fs::hard_link(&one, &other).unwrap();
    write(&one, b"newer, and of both names").unwrap();
    assert_eq!(fs::read(&other).unwrap(), b"newer, and of both names");
    write(&other, b"short").unwrap();
    assert_eq!(fs::read(&one).unwrap(), b"short");
    assert_eq!(names(folder.path()), ["one", "other"]);
}

#[test]
fn a_new_file_is_as_any_new_file() {
    let folder = folder();
    write(&folder.path().join("ours"), b"").unwrap();
    fs::write(folder.path().join("plain"), "").unwrap();
    let mode = |name| fs::metadata(folder.path().join(name)).unwrap().mode();
    assert_eq!(mode("ours"), mode("plain"));
}

#[test]
fn what_is_given_up_leaves_what_was() {
    let folder = folder();
    let path = folder.path().join("file");
    for before in [None, Some("old")] {
        before.into_iter().for_each(|text| fs::write(&path, text).unwrap());
        let mut output = Output::create(&path).unwrap();
        output.write_all(&[7; 100_000]).unwrap();
        drop(output);
        assert_eq!(fs::read_to_string(&path).ok().as_deref(), before);
    }
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn folders_and_sockets_are_refused_by_name() {
    let folder = folder();
    fs::create_dir(folder.path().join("d")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("s")).unwrap();
    let error = |name: &str| write(&folder.path().join(name), b"x").unwrap_err().to_string();
    assert!(error("d").contains("directory"), "{}", error("d"));
    assert!(error("new/").contains("directory"), "{}", error("new/"));
    assert!(error("s").contains("a socket"), "{}", error("s"));
    assert!(error("no/such").contains("No such file"), "{}", error("no/such"));
}

#[test]
fn a_pipe_and_a_device_are_written_to() {
    let folder = folder();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for open in [Output::create, Output::staged] {
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        let mut output = open(&pipe).unwrap();
        output.write_all(b"words").unwrap();
        output.finish().unwrap();
        assert_eq!(reader.join().unwrap(), "words");
    }
    assert_eq!(names(folder.path()), ["pipe"]);
    let full = write(Path::new("/dev/full"), b"x").unwrap_err();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
}

#[test]
fn the_name_of_an_open_file_goes_on_where_that_is() {
    let folder = folder();
    let mut file =
        File::options().read(true).write(true).create_new(true).open(folder.path().join("f")).unwrap();
    file.write_all(b"before ").unwrap();
    let link = folder.path().join("out");
    for name in ["/proc/self/fd", "/dev/fd", "/proc/thread-self/fd"] {
        symlink(format!("{name}/{}", file.as_raw_fd()), &link).unwrap();
        write(&link, b"words ").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        fs::remove_file(&link).unwrap();
    }
    file.write_all(b"after").unwrap();
    file.rewind().unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "before words words words after");
    let closed = write(Path::new("/proc/self/fd/987"), b"x").unwrap_err();
    assert_eq!(closed.raw_os_error(), Some(libc::EBADF));
}

#[test]
fn what_a_kill_has_left_goes_and_what_is_in_use_stays() {
    let folder = folder();
    let stale = folder.path().join(format!("{}1-a", temporary::PREFIX));
    fs::write(&stale, "half").unwrap();
    let mut used = Temporary::with_a_name(folder.path(), 0o600).unwrap();
    temporary::clear_now(folder.path());
    assert!(!stale.exists());
    assert_eq!(names(folder.path()).len(), 1);
    used.file.write_all(b"whole").unwrap();
    used.name(&folder.path().join("file"), true).unwrap();
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"whole");
    assert_eq!(names(folder.path()), ["file"]);
    drop(Temporary::with_a_name(folder.path(), 0o600).unwrap());
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn a_signal_takes_a_name_away() {
    if let Some(folder) = argument() {
        let _file = Temporary::with_a_name(&folder, 0o600).unwrap();
        assert_eq!(names(&folder).len(), 1);
        // SAFETY: a signal to this process.
        unsafe { libc::raise(libc::SIGTERM) };
        unreachable!("the signal ends the process");
    }
    let folder = folder();
    let status = child("a_signal_takes_a_name_away", folder.path()).status().unwrap();
    assert_eq!(status.signal(), Some(libc::SIGTERM));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_file_that_is_ours_in_a_folder_that_is_not_is_written_to() {
    if let Some(path) = argument() {
        write(&path, b"new").unwrap();
        let locked = write(&path.with_file_name("locked"), b"new").unwrap_err();
        assert_eq!(locked.kind(), io::ErrorKind::PermissionDenied);
        return;
    }
    // SAFETY: it asks for a number.
    if unsafe { libc::geteuid() } != 0 {
        return;
    }
    let folder = folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (name, owner) in [("ours", 65534), ("locked", 0)] {
        let path = folder.path().join(name);
        fs::write(&path, "old, and longer").unwrap();
        std::os::unix::fs::chown(&path, Some(owner), None).unwrap();
    }
    // The test itself may lie where nobody else may look.
    let program = folder.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let ours = folder.path().join("ours");
    let mut command = Command::new(&program);
    command.args(["--exact", "tests::a_file_that_is_ours_in_a_folder_that_is_not_is_written_to"]);
    let status =
        command.env("MOBULA_OUTPUTS_CHILD", &ours).stdout(Stdio::null()).uid(65534).gid(65534).status();
    assert!(status.unwrap().success());
    assert_eq!(fs::read(&ours).unwrap(), b"new");
    assert_eq!(fs::read(folder.path().join("locked")).unwrap(), b"old, and longer");
    assert_eq!(names(folder.path()), ["locked", "ours", "test"]);
}
