//! Which files are read, and what happens where they cannot be.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::support::{MOBULA, Place, Run, run};

#[test]
fn directories_stand_for_all_visible_files_below_them() {
    let place = Place::with(&[
        ("d/b", "b"),
        ("d/deep/er/still", "deep"),
        ("d/.hidden", "hidden"),
        ("d/.git/config", "hidden"),
        ("e/e", "e"),
        ("f", "f f"),
        ("g", "not named"),
    ]);
    let run = place.wordcount("d e f --json --output all").ok();
    assert_eq!(place.read("all"), "f\t2\nb\t1\ndeep\t1\ne\t1\n");
    assert!(run.out.contains("\"files\":4"), "{}", run.out);
}

#[test]
fn a_file_that_is_named_is_read_hidden_or_not_and_as_often_as_it_is_named() {
    let place = Place::with(&[("d/.hidden", "a")]);
    assert_eq!(place.wordcount("d/.hidden d/.hidden").ok().out, "2  a\n");
}

#[test]
fn links_to_files_are_followed_and_circles_are_not() {
    let place = Place::with(&[("d/real", "a"), ("elsewhere", "b")]);
    symlink(place.path("elsewhere"), place.path("d/link")).unwrap();
    symlink(place.path("d"), place.path("d/circle")).unwrap();
    assert_eq!(place.wordcount("d").ok().out, "1  a\n1  b\n");
}

#[test]
fn names_may_be_anything() {
    let place = Place::with(&[("d/ with space\n and line", "a"), ("d/日本 \u{1F600}", "a")]);
    assert_eq!(place.wordcount("d").ok().out, "2  a\n");
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let place = Place::with(&[("text", "a")]);
    let told = place.wordcount("text no/such/file --output all").error(1);
    told.says(&["no/such/file", "No such file"], "path");
    symlink("nowhere", place.path("d")).unwrap();
    place.wordcount("d").error(1).says(&["d", "No such file"], "path");
    place
        .wordcount("/dev/null")
        .error(1)
        .says(&["/dev/null is neither a file nor a directory"], "give files");
    assert!(!place.path("all").exists());
}

#[test]
fn directories_without_a_file_are_named() {
    let place = Place::with(&[("d/.hidden", "a")]);
    fs::create_dir_all(place.path("e/e")).unwrap();
    let told = place.wordcount("d e --output all").error(1);
    told.says(&["no file to read below d, e"], "hidden");
    assert!(!place.path("all").exists());
}

/// Runs the command as a user who may not read everything; `None`, once the reason is told, where that cannot be.
fn as_nobody(place: &Place, line: &str) -> Option<Run> {
    // The executable's own folder may be closed to others.
    let executable = place.path("mobula");
    if !executable.exists() {
        fs::copy(MOBULA, &executable).unwrap();
        fs::set_permissions(&executable, Permissions::from_mode(0o755)).unwrap();
    }
    // Root reads whatever it likes.
    let root = fs::read(place.path("closed")).is_ok() || fs::read_dir(place.path("closed")).is_ok();
    let mut command = if root {
        let setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].into_iter().find(|path| fs::exists(path).unwrap());
        let Some(setpriv) = setpriv else {
            mobula_testkit::report_skip(format_args!("root reads every file, and there is no setpriv"));
            return None;
        };
        let mut command = place.program(setpriv);
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(executable);
        command
    } else {
        place.program(executable)
    };
    Some(run(command.arg("wordcount").args(line.split_whitespace())))
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    let place = Place::with(&[("closed", "a"), ("open", "b")]);
    fs::set_permissions(place.path("closed"), Permissions::from_mode(0o000)).unwrap();
    for line in ["open closed --output tmp/all", "open closed --output tmp/all --ship --map-tasks 5"] {
        let Some(run) = as_nobody(&place, line) else { return };
        run.error(1).says(&["closed", "Permission denied"], "read");
        place.assert_no_temporary_files();
    }
    as_nobody(&place, "open --output tmp/all").unwrap().ok();
}

#[test]
fn a_folder_that_may_not_be_listed_is_named() {
    let place = Place::with(&[("closed/a", "a"), ("open", "b")]);
    fs::set_permissions(place.path("closed"), Permissions::from_mode(0o000)).unwrap();
    let told = as_nobody(&place, "open closed --output tmp/all");
    fs::set_permissions(place.path("closed"), Permissions::from_mode(0o755)).unwrap();
    let Some(run) = told else { return };
    run.error(1).says(&["closed", "Permission denied"], "read");
    place.assert_no_temporary_files();
}

#[test]
fn invalid_utf8_is_named_by_file_and_byte_whatever_m_is() {
    let mut bytes = "a word é ".repeat(40_000).into_bytes();
    let at = bytes.len();
    bytes.extend(b"bad\xff\xfe and more");
    let offset = format!("byte {}", at + 3);
    let place = Place::with(&[("d/1", b"fine".to_vec()), ("d/2", bytes.clone()), ("d/3", b"\xff".to_vec())]);
    for line in ["d", "d --ship"] {
        for m in [1, 2, 3, 8, 64] {
            let told =
                place.wordcount(&format!("{line} --output all --map-tasks {m} --reduce-tasks 3")).error(1);
            told.says(&["d/2", "UTF-8", &offset], "--lossy");
            // The sentence is about the file; which task met it is of no interest.
            assert!(!told.message.contains("task"), "{told:?}");
        }
    }
    assert_eq!(place.names("."), ["d", "tmp"]);
}

#[test]
fn a_character_that_the_end_of_a_file_cuts_off_is_invalid() {
    let place = Place::with(&[("d/1", b"abc \xe2\x82".as_slice()), ("d/2", b"\xac".as_slice())]);
    place.wordcount("d").error(1).says(&["d/1", "byte 4"], "--lossy");
}

/// The files of `/proc` say that their size is 0: they were counted as empty.
#[test]
fn a_file_that_says_its_size_is_0_is_read_to_its_end() {
    let place = Place::new();
    for line in ["/proc/cpuinfo", "/proc/cpuinfo --ship", "/proc/cpuinfo --map-tasks 7"] {
        let count = |line: &str| {
            let out = place.wordcount(&format!("{line} --output all --top 0")).ok();
            assert!(!out.err.contains("there is no word"), "{}", out.err);
            place.read("all")
        };
        assert!(count(line).contains("processor\t"), "{line}");
    }
}

/// A link to nowhere in a folder: nothing at all was counted.
#[test]
fn what_cannot_be_read_in_a_folder_is_left_out_and_the_exit_code_says_so() {
    let place = Place::with(&[("d/a", "one two"), ("d/c", "two")]);
    std::os::unix::fs::symlink("nowhere", place.path("d/b")).unwrap();
    for line in ["d --output all", "d --output all --ship"] {
        let run = place.wordcount(line);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert_eq!(run.out, "2  two\n1  one\n");
        assert_eq!(place.read("all"), "two\t2\none\t1\n");
        assert!(run.err.contains("warning: d/b: a link to nowhere"), "{}", run.err);
        assert!(
            run.err.contains("error: the result lacks an input") && run.err.contains("\n\nhint: "),
            "{}",
            run.err
        );
    }
}

#[test]
fn a_pipe_is_left_out_of_a_folder_and_refused_by_its_name() {
    let place = Place::with(&[("d/a", "one")]);
    let made = std::process::Command::new("mkfifo").arg(place.path("d/p")).status().unwrap();
    assert!(made.success());
    assert_eq!(place.wordcount("d").ok().out, "1  one\n");
    place.wordcount("d/p").error(1).says(&["d/p", "but a pipe"], "files");
}

#[test]
fn names_that_are_no_text_are_counted_as_any_other() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::with(&[("d/a", "one")]);
    let odd = std::ffi::OsStr::from_bytes(b"d/\xff\xfe");
    fs::write(place.root().join(odd), "two").unwrap();
    assert_eq!(place.wordcount("d --ship").ok().out, "1  one\n1  two\n");
    assert_eq!(run(place.mobula("wordcount").arg(odd)).ok().out, "1  two\n");
}

/// A file of 2 GiB that is one word took 10 GB; a count of words to print that no memory has was set aside at once.
#[test]
fn sizes_have_bounds_and_an_error_names_what_was_too_much() {
    let place = Place::with(&[("text", "one two")]);
    let file = fs::File::create(place.path("long")).unwrap();
    // A hole reads as zeros, which are no white space.
    file.set_len(2 << 30).unwrap();
    for line in ["long", "long --ship", "long --map-tasks 2"] {
        let script = format!("ulimit -v 2000000; exec \"$0\" wordcount {line} --num-cpus 1");
        let run = run(place.program("/bin/bash").args(["-c", &script, MOBULA]).env("MOBULA_NUM_CPUS", "1"));
        run.error(1).says(&["long has a word of more than 64 MiB at byte 0"], "white space");
    }
    let most = u64::MAX;
    assert_eq!(place.wordcount(&format!("text --top {most}")).ok().out, "1  one\n1  two\n");
    let told = run(&mut place.mobula("wordcount text --map-tasks 1000000 --reduce-tasks 1000000"));
    assert!(told.err.contains("make 1000000000000 buckets"), "{told:?}");
    let script = "ulimit -v 4000000; exec \"$0\" sweep --seeds 9999999999 --out s";
    let told = run(place.program("/bin/bash").args(["-c", script, MOBULA]));
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.err.contains("9999999999 seeds"), "{told:?}");
}
