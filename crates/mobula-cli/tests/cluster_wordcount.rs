//! `mobula wordcount` on the five-node cluster: the same bytes as embedded, and the same sentences where it fails.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

mod support;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use mobula_testkit::python::{Environment, RAY_VERSIONS, Spec};
use mobula_testkit::{TestCluster, cluster, eventually, report_skip, shared_dir, tasks_named, watchdog};

use support::{MOBULA, Place, Run, run};

/// A bound for a test that hangs, not a measure: starting Python for each worker of each run is nearly all the time that
/// these tests take, so much longer where other programs want the cores as well.
const LIMIT: Duration = Duration::from_secs(900);

/// A place and a cluster.
struct Bench {
    place: Place,
    cluster: TestCluster,
}

impl Bench {
    /// Runs `mobula wordcount` on the cluster, by the head's address; nothing of the driver stays behind.
    #[track_caller]
    fn wordcount(&self, line: &str) -> Run {
        let run = self.run_with(line, &[("RAY_ADDRESS", &self.cluster.address)]);
        self.place.assert_no_temporary_files();
        run
    }

    /// Runs it with variables of its own.
    fn run_with(&self, line: &str, variables: &[(&str, &str)]) -> Run {
        let mut command = self.place.mobula("wordcount");
        command.args(line.split_whitespace()).envs(self.cluster.variables());
        run(command.envs(variables.iter().copied()))
    }
}

/// Runs a test on the shared cluster, if there is one.
fn on_cluster(body: impl FnOnce(Bench) + Send + 'static) {
    let Some(cluster) = cluster() else { return };
    watchdog(LIMIT, move || body(Bench { place: Place::new(), cluster }));
}

/// The corpus with its true counts where it is to be had, else text that is made here, with no truth but the embedded
/// run's.
fn corpus(place: &Place) -> (PathBuf, Option<PathBuf>) {
    let shared = shared_dir().map(|shared| shared.join("corpus"));
    if let Some(corpus) = shared.filter(|corpus| corpus.join("mr_txt").is_dir()) {
        return (corpus.join("mr_txt"), Some(corpus.join("correct_wc.tsv")));
    }
    report_skip(format_args!("only the corpus: no folder with shared data, so a made-up text stands in"));
    let text =
        |file: usize| (0..40_000_usize).map(move |n| format!("w{} ΟΔΟΣ{}\n", n * n % 7919, n % (file + 2)));
    (0..10).for_each(|file| place.put(&format!("text/{file}"), text(file).collect::<String>()));
    (place.path("text"), None)
}

#[test]
fn every_m_and_n_gives_the_bytes_of_the_embedded_run() {
    on_cluster(|bench| {
        let place = &bench.place;
        let (corpus, truth) = corpus(place);
        let corpus = corpus.display();
        place.wordcount(&format!("{corpus} --output embedded")).ok();
        let expected = fs::read(place.path("embedded")).unwrap();
        let check = format!("--check {}", truth.unwrap_or_else(|| place.path("embedded")).display());
        place.wordcount(&format!("{corpus} {check}")).ok();
        // An older Ray gets one combination: what differs between versions does not depend on M and N.
        let newest = bench.cluster.ray_version == mobula_testkit::python::RAY_VERSIONS[0];
        let (maps, reduces): (&[u32], &[u32]) =
            if newest { (&[1, 3, 8, 64], &[1, 2, 7]) } else { (&[8], &[7]) };
        for m in maps {
            for n in reduces {
                let tasks = format!("--map-tasks {m} --reduce-tasks {n}");
                let run = bench.wordcount(&format!("{corpus} {check} --output all {tasks}")).ok();
                assert!(run.err.contains("all words and counts are those of"), "{tasks}: {}", run.err);
                assert!(run.err.contains(&format!(" {m} maps ")), "{tasks}: {}", run.err);
                assert!(fs::read(place.path("all")).unwrap() == expected, "another output with {tasks}");
                fs::remove_file(place.path("all")).unwrap();
            }
        }
    });
}

#[test]
fn text_that_is_sent_is_counted_as_text_that_is_read() {
    on_cluster(|bench| {
        let place = &bench.place;
        let (corpus, _) = corpus(place);
        place.wordcount(&format!("{} --output embedded", corpus.display())).ok();
        let line = format!("{} --ship --output all --map-tasks 12 --reduce-tasks 3", corpus.display());
        let run = bench.wordcount(&line).ok();
        assert!(run.err.contains("the text was sent to the tasks"), "{}", run.err);
        assert!(fs::read(place.path("all")).unwrap() == fs::read(place.path("embedded")).unwrap());
    });
}

#[test]
fn the_cluster_is_described_on_standard_error_and_the_result_is_on_standard_output() {
    on_cluster(|bench| {
        bench.place.put("text", "to be or not to be");
        for address in [&bench.cluster.address, &bench.cluster.client_address] {
            let run = bench
                .run_with(
                    "text --top 2 --output all --map-tasks 2 --reduce-tasks 1",
                    &[("RAY_ADDRESS", address)],
                )
                .ok();
            bench.place.assert_no_temporary_files();
            assert_eq!(run.out, "2  be\n2  to\n");
            assert_eq!(bench.place.read("all"), "be\t2\nto\t2\nnot\t1\nor\t1\n");
            let first = run.err.lines().next().unwrap();
            assert!(first.starts_with("This cluster consists of 5 nodes, 10 CPUs, "), "{first}");
            assert!(
                first.contains(" GiB of aggregate memory, ") && first.contains(" GiB of object store"),
                "{first}"
            );
            assert!(first.contains(&bench.cluster.dashboard_url), "{first}");
        }
    });
}

#[test]
fn tasks_carry_their_rust_names_in_the_state_api() {
    on_cluster(|bench| {
        bench.place.put("text", "a b");
        bench.wordcount("text --map-tasks 1 --reduce-tasks 1").ok();
        for name in ["count", "merge_counts"] {
            let name = format!("mobula_cli::wordcount::job::{name}");
            let found = eventually(Duration::from_secs(60), || {
                let tasks = tasks_named(&bench.cluster, &name).unwrap();
                tasks.into_iter().find(|task| task.state == "FINISHED")
            });
            assert!(found.is_some(), "no {name} that is FINISHED");
        }
    });
}

#[test]
fn mistakes_in_the_input_are_told_as_they_are_embedded() {
    on_cluster(|bench| {
        let mut bytes = "a word é ".repeat(1000).into_bytes();
        bytes.extend(b"bad\xff");
        bench.place.put("d/1", "fine");
        bench.place.put("d/2", bytes);
        bench.place.put("d/3", b"\xff");
        for line in
            ["d --output all --map-tasks 2", "d --output all --map-tasks 2 --ship", "d absent --output all"]
        {
            let here = bench.place.wordcount(line).error(1);
            let there = bench.wordcount(line).error(1);
            // A worker's current folder is its own, so the path is whole.
            let whole = bench.place.path("d/2").display().to_string();
            assert_eq!(there.message.replace(&whole, "d/2"), here.message, "{line}");
            assert_eq!(there.hint, here.hint, "{line}");
        }
        let told = bench.wordcount("d --lossy --output /dev/full --map-tasks 1 --reduce-tasks 1").error(1);
        told.says(&["cannot write /dev/full", "No space left"], "room");
        assert_eq!(bench.place.names("."), ["d", "tmp"]);
    });
}

#[test]
fn a_task_larger_than_the_cluster_is_an_error_and_not_a_wait() {
    on_cluster(|bench| {
        bench.place.put("text", "a");
        let told = bench.wordcount("text --output all --num-cpus 1000").error(1);
        told.says(&["1000 CPU", "no node has that much", "2 CPU"], "ask for less");
        assert_eq!(bench.place.names("."), ["text", "tmp"]);
    });
}

#[test]
fn a_library_that_cannot_be_loaded_is_named() {
    on_cluster(|bench| {
        bench.place.put("text", "a");
        // It bears the right mark, and is no library.
        let told = bench.run_with(
            "text --output all",
            &[("RAY_ADDRESS", &bench.cluster.address), ("MOBULA_LIBRARY", MOBULA)],
        );
        told.error(1).says(&["the program's library cannot be used"], "cargo build");
        bench.place.assert_no_temporary_files();
        assert_eq!(bench.place.names("."), ["text", "tmp"]);
    });
}

#[test]
fn a_driver_with_another_version_of_ray_is_told_its_own() {
    on_cluster(|bench| {
        bench.place.put("text", "a");
        let own = bench.cluster.ray_version.as_str();
        let other = RAY_VERSIONS.into_iter().find(|version| *version != own).unwrap();
        let python = Environment::ensure(&Spec::ray(other)).unwrap();
        let python = python.python().display().to_string();
        // Ray tries for a while; both ways at once take half as long, and fewer attempts less.
        let attach = |address: &str| {
            let fewer = ("RAY_NUM_REDIS_GET_RETRIES", "2");
            bench.run_with(
                "text --output all",
                &[("RAY_ADDRESS", address), ("MOBULA_PYTHON", python.as_str()), fewer],
            )
        };
        std::thread::scope(|scope| {
            for address in [&bench.cluster.address, &bench.cluster.client_address] {
                scope.spawn(|| {
                    let hint = format!("this driver has Ray {other} and Python 3.");
                    attach(address).error(1).says(&["cannot attach to ", address], &hint);
                });
            }
        });
        bench.place.assert_no_temporary_files();
        assert_eq!(bench.place.names("."), ["text", "tmp"]);
    });
}
