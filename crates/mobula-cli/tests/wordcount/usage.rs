//! Misuse of the command line: exit code 2, before anything is read or attached.

use crate::support::{Place, run};

#[track_caller]
fn misuse(line: &str, words: &[&str]) {
    let place = Place::with(&[("text", "a")]);
    let told = run(&mut place.mobula(line)).error(2);
    told.says(words, "");
    assert_eq!(place.names("."), ["text", "tmp"]);
}

#[test]
fn no_tasks_is_misuse() {
    misuse("wordcount text --output all --map-tasks 0", &["--map-tasks", "0", "1..="]);
    misuse("wordcount text --output all --reduce-tasks 0", &["--reduce-tasks", "0", "1..="]);
    misuse("wordcount text --map-tasks -1", &["-1"]);
    misuse("wordcount text --map-tasks many", &["--map-tasks", "many"]);
}

#[test]
fn unknown_words_are_misuse() {
    misuse("wordcount text --outptu all", &["--outptu"]);
    misuse("wordcount text --format csv", &["csv", "tsv", "json"]);
    misuse("wordcuont text", &["wordcuont"]);
    misuse("wordcount", &["<PATH>"]);
}

#[test]
fn what_is_no_address_is_misuse() {
    misuse("--address head wordcount text", &["`head`", "HOST:PORT"]);
    misuse("--address head:0 wordcount text", &["`head:0`", "HOST:PORT"]);
    misuse("wordcount text --address ray://head", &["`ray://head`", "HOST:PORT"]);
}

#[test]
fn ray_address_is_read_as_the_option_is() {
    let place = Place::with(&[("text", "a")]);
    let told = run(place.mobula("wordcount text").env("RAY_ADDRESS", "nowhere")).error(2);
    told.says(&["`nowhere`", "HOST:PORT"], "");
    // The option wins.
    run(place.mobula("wordcount text --address local").env("RAY_ADDRESS", "nowhere")).ok();
    run(place.mobula("wordcount text").env("RAY_ADDRESS", "")).ok();
}

#[test]
fn help_and_version_are_results() {
    let place = Place::new();
    let help = run(&mut place.mobula("wordcount --help")).ok();
    for option in ["--map-tasks", "--reduce-tasks", "--output", "--check", "--lossy", "--ship", "--address"] {
        assert!(help.out.contains(option), "no {option} in the help");
    }
    let version = run(&mut place.mobula("--version")).ok();
    assert_eq!(version.out.trim(), concat!("mobula ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn more_cpus_than_there_are_is_an_error_and_not_a_wait() {
    let place = Place::with(&[("text", "a")]);
    let told = place.wordcount("text --output all --num-cpus 1000000").error(1);
    told.says(&["1000000 CPU", "no node has that much"], "ask for less");
    assert_eq!(place.names("."), ["text", "tmp"]);
    misuse("wordcount text --num-cpus=-1", &["--num-cpus", "-1"]);
    misuse("wordcount text --num-cpus inf", &["--num-cpus", "inf"]);
}
