//! The file with all words: whole, or not there.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Command, Stdio};

use mobula_testkit::{report_skip, skip};
use serde_json::Value;

use crate::support::{MOBULA, Place, Run, run};

#[test]
fn tsv_and_json_hold_the_same() {
    let place = Place::with(&[("text", "b \"q\" b\\ a\u{7f} é é é")]);
    place.wordcount("text --output all.tsv").ok();
    assert_eq!(place.read("all.tsv"), "é\t3\n\"q\"\t1\na\u{7f}\t1\nb\t1\nb\\\t1\n");
    place.wordcount("text --output all.json --format json").ok();
    let json: Value = serde_json::from_str(&place.read("all.json")).unwrap();
    assert_eq!(json, serde_json::json!({"é": 3, "\"q\"": 1, "a\u{7f}": 1, "b": 1, "b\\": 1}));
    // The order is that of the table, which a reader of lines can rely on.
    let words: Vec<String> = place.read("all.json").lines().map(str::to_owned).collect();
    assert_eq!(words[1], "\"é\": 3,");
    // No word: still what the format says.
    place.put("empty", "");
    place.wordcount("empty --output none.json --format json").ok();
    assert_eq!(serde_json::from_str::<Value>(&place.read("none.json")).unwrap(), serde_json::json!({}));
}

#[test]
fn the_file_gets_the_permissions_that_the_umask_leaves() {
    let place = Place::with(&[("text", "a")]);
    for (umask, mode) in [("022", 0o644), ("027", 0o640), ("077", 0o600), ("000", 0o666)] {
        let script = format!("umask {umask}; exec \"$0\" wordcount text --output all{umask}");
        run(place.program("/bin/sh").args(["-c", &script, MOBULA])).ok();
        let found = fs::metadata(place.path(&format!("all{umask}"))).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "umask {umask}");
    }
}

#[test]
fn an_older_file_is_replaced_by_a_run_that_succeeds_and_by_no_other() {
    let place = Place::with(&[("text", b"a".as_slice()), ("bad", b"\xff"), ("out/all", b"precious")]);
    let keeps = |line: &str, code| {
        place.wordcount(line).error(code);
        assert_eq!(place.read("out/all"), "precious", "after {line}");
        assert_eq!(place.names("out"), ["all"], "after {line}");
    };
    keeps("text bad --output out/all", 1);
    keeps("text absent --output out/all", 1);
    keeps("text --output out/all --map-tasks 0", 2);
    keeps("text --output out/all --num-cpus 1000000", 1);
    place.wordcount("text --output out/all").ok();
    assert_eq!((place.read("out/all").as_str(), place.names("out").len()), ("a\t1\n", 1));
}

#[test]
fn counts_that_differ_from_those_expected_are_written_all_the_same() {
    let place = Place::with(&[("text", "a"), ("expected", "a\t2\n")]);
    place.wordcount("text --output all --check expected").error(1);
    assert_eq!(place.read("all"), "a\t1\n", "what to look at where a check fails");
}

#[test]
fn where_no_file_can_be_made_the_output_is_an_error() {
    let place = Place::with(&[("text", "a"), ("folder/file", "")]);
    for (output, words) in
        [("no/such/all", "No such file"), ("folder", "folder"), ("text/all", "Not a directory")]
    {
        let told = place.wordcount(&format!("text --output {output}")).error(1);
        told.says(&["cannot write", output, words], "may you write there");
    }
    assert_eq!(place.names("."), ["folder", "text", "tmp"]);
    assert_eq!(place.names("folder"), ["file"]);
}

#[test]
fn devices_and_pipes_are_written_as_they_are() {
    let place = Place::with(&[("text", "b b a")]);
    place.wordcount("text --output /dev/null").ok();
    assert_eq!(place.wordcount("text --top 0 --output /dev/stdout").ok().out, "b\t2\na\t1\n");
    let told = place.wordcount("text --output /dev/full").error(1);
    told.says(&["cannot write /dev/full", "No space left"], "room");
    assert!(fs::metadata("/dev/null").is_ok_and(|about| !about.is_file()));
}

/// Runs the command where `small` is a file system of 64 KiB, which goes when the command ends; what is left on it comes
/// after the command's standard error. `None`, once the reason is told, where that cannot be.
fn on_a_small_disk(place: &Place, line: &str) -> Option<Run> {
    let path = "/usr/sbin:/usr/bin:/sbin:/bin";
    let mount = "mount -t tmpfs -o size=64k small small";
    // A user other than root is root in a name space of their own, where the system allows that.
    let unshare = |script: &str| {
        let mut command = place.program("/usr/bin/env");
        command.env("PATH", path).args(["unshare", "--map-root-user", "--mount", "sh", "-c", script, MOBULA]);
        command.args(["wordcount"]).args(line.split_whitespace());
        run(&mut command)
    };
    let possible = unshare(mount);
    if possible.code != Some(0) {
        report_skip(format_args!("no small disk can be mounted here: {}", possible.err.trim()));
        return None;
    }
    Some(unshare(&format!("{mount} && \"$0\" \"$@\"; code=$?; ls -A small >&2; exit $code")))
}

#[test]
fn a_full_disk_leaves_nothing_behind_and_keeps_the_older_file() {
    let words: Vec<String> = (0..20_000).map(|n| format!("word{n}")).collect();
    let place = Place::with(&[("text", words.join(" ")), ("short", "a".to_owned())]);
    fs::create_dir(place.path("small")).unwrap();
    let Some(fits) = on_a_small_disk(&place, "short --output small/all") else { return };
    assert!(fits.ok().err.ends_with("\nall\n"));
    for format in ["tsv", "json"] {
        let full = on_a_small_disk(&place, &format!("text --output small/all --format {format}")).unwrap();
        let told = full.error(1);
        told.says(&["cannot write small/all", "No space left"], "room");
        assert!(told.hint.ends_with("is missing"), "left on the disk: {told:?}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_run_quietly() {
    let place = Place::with(&[("text", (0..5000).map(|n| format!("w{n} ")).collect::<String>())]);
    for line in ["text --top 5000", "text --json --top 5000"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(MOBULA);
        command
            .current_dir(place.root())
            .env_clear()
            .arg("wordcount")
            .args(line.split(' '))
            .args(["--output", "all"]);
        let output = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!told.contains("error") && !told.contains("panicked"), "{told}");
        assert_eq!(output.status.code(), Some(0), "{told}");
        assert_eq!(place.read("all").lines().count(), 5000, "the file is written whoever reads the table");
    }
}

#[test]
fn a_standard_output_that_is_full_is_an_error() {
    let Ok(full) = File::options().write(true).open("/dev/full") else { skip!("no /dev/full") };
    let place = Place::with(&[("text", "a")]);
    let mut command = Command::new(MOBULA);
    command.current_dir(place.root()).env_clear().args(["wordcount", "text"]);
    let output = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let (code, err) = (output.status.code(), String::from_utf8(output.stderr).unwrap());
    let told = Run { code, out: String::new(), err }.error(1);
    told.says(&["cannot write to standard output", "No space left"], "room");
}

#[test]
fn a_folder_that_may_not_be_written_is_an_error() {
    let place = Place::with(&[("text", "a"), ("closed/file", "")]);
    fs::set_permissions(place.path("closed"), Permissions::from_mode(0o555)).unwrap();
    if File::create(place.path("closed/try")).is_ok() {
        skip!("root writes wherever it likes");
    }
    let told = place.wordcount("text --output closed/all").error(1);
    told.says(&["cannot write closed/all", "Permission denied"], "may you write there");
}

/// A link to a stream was replaced by a file, and the stream stayed empty.
#[test]
fn a_link_to_an_open_file_goes_on_where_that_is() {
    let place = Place::with(&[("text", "b b a")]);
    symlink("/proc/self/fd/1", place.path("out")).unwrap();
    for (arguments, real) in [("--top 0", "b\t2\na\t1\n"), ("--top 1", "b\t2\na\t1\n2  b\n")] {
        let script = format!("exec \"$0\" wordcount text {arguments} --output out > real");
        run(place.program("/bin/sh").args(["-c", &script, MOBULA])).ok();
        assert_eq!(place.read("real"), real);
        assert!(fs::symlink_metadata(place.path("out")).unwrap().is_symlink());
    }
}

/// A link was replaced by a file of mode 0644, and what it led to stayed as it was.
#[test]
fn a_link_leads_to_the_file_which_keeps_its_mode() {
    let place = Place::with(&[("text", "a"), ("real", ""), ("twin", "")]);
    fs::set_permissions(place.path("real"), Permissions::from_mode(0o600)).unwrap();
    symlink("real", place.path("link")).unwrap();
    fs::hard_link(place.path("twin"), place.path("other")).unwrap();
    for output in ["link", "other"] {
        place.wordcount(&format!("text --output {output}")).ok();
    }
    assert_eq!((place.read("real").as_str(), place.read("twin").as_str()), ("a\t1\n", "a\t1\n"));
    assert!(fs::symlink_metadata(place.path("link")).unwrap().is_symlink());
    assert_eq!(fs::metadata(place.path("real")).unwrap().permissions().mode() & 0o7777, 0o600);
    let trace = "lander trace --seeds 0..1 --out";
    run(&mut place.mobula(&format!("{trace} link"))).ok();
    run(&mut place.mobula("lander verify real")).ok();
    assert_eq!(fs::metadata(place.path("real")).unwrap().permissions().mode() & 0o7777, 0o600);
    // What was there stays where a command fails.
    run(&mut place.mobula(&format!("{trace} /dev/full"))).error(1).says(&["/dev/full"], "write there");
    assert_eq!(place.names("."), ["link", "other", "real", "text", "tmp", "twin"]);
}

#[test]
fn a_dash_is_standard_output_which_has_nothing_else_then() {
    let place = Place::with(&[("text", "b b a")]);
    assert_eq!(place.wordcount("text --output -").ok().out, "b\t2\na\t1\n");
    assert_eq!(place.names("."), ["text", "tmp"]);
    let mut both = place.mobula("--json wordcount text --output -");
    run(&mut both).error(2).says(&["--output -", "--json"], "--help");
}

/// A signal while the file was written left 20 MB of `.mobula-XXXX` beside it.
#[test]
fn a_signal_or_a_kill_leaves_nothing_beside_the_output() {
    let text: String = (0..300_000).map(|n| format!("word{n} ")).collect();
    let place =
        Place::with(&[("text", text.as_str()), ("out/all", "precious"), ("out/.mobula-out-1-a", "half")]);
    for (signal, code) in [("INT", 130), ("TERM", 143), ("KILL", 137)] {
        for wait in ["0.05", "0.1", "0.2", "0.3"] {
            let script = format!(
                "\"$0\" wordcount text --output out/all --format json & sleep {wait}; kill -{signal} $!; wait $!"
            );
            // A shell's background ignores SIGINT unless it says otherwise.
            let script = format!("set -m; {script}");
            let mut shell = place.program("/bin/bash");
            let ended = run(shell.env("PATH", "/usr/bin:/bin").args(["-c", &script, MOBULA]));
            assert!([Some(code), Some(0)].contains(&ended.code), "{signal} {ended:?}");
            let all = place.read("out/all");
            assert!(all == "precious" || all.ends_with("\n}\n"), "{} bytes", all.len());
        }
    }
    place.wordcount("text --output out/all").ok();
    assert_eq!(place.names("out"), ["all"]);
}

#[test]
fn a_closed_standard_error_is_no_reason_to_fail() {
    let place = Place::with(&[("text", "a")]);
    for (stderr, line, code) in [("/dev/full", "text", 0), ("/dev/full", "absent", 1)] {
        let script = format!("exec \"$0\" wordcount {line} 2> {stderr}");
        assert_eq!(run(place.program("/bin/sh").args(["-c", &script, MOBULA])).code, Some(code));
    }
}
