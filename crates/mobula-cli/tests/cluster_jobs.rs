//! `mobula wordcount` over `http://`: submitted to the five-node cluster from a machine without Python.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

mod support;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use mobula_testkit::{TestCluster, cluster, eventually, report_skip, shared_dir, watchdog};

use support::{MOBULA, Place, Run, run};

/// A bound for a test that hangs, not a measure.
const LIMIT: Duration = Duration::from_secs(900);

/// The command as a job, with what lets it in.
fn as_job<'a>(command: &'a mut assert_cmd::Command, cluster: &TestCluster) -> &'a mut assert_cmd::Command {
    command.args(["--address", &cluster.dashboard_url]).envs(cluster.authentication())
}

/// Runs the command as a job: no `PATH`, so no Python, and no variable that would help.
fn submit(place: &Place, cluster: &TestCluster, line: &str) -> Run {
    let mut command = place.mobula(line);
    let run = run(as_job(&mut command, cluster));
    place.assert_no_temporary_files();
    run
}

fn on_cluster(body: impl FnOnce(Place, TestCluster) + Send + 'static) {
    let Some(cluster) = cluster() else { return };
    watchdog(LIMIT, move || body(Place::new(), cluster));
}

/// The id of the job, from the line that tells of it.
fn job(err: &str) -> String {
    let line = err.lines().find_map(|line| line.strip_prefix("job ")).unwrap();
    line.split(' ').next().unwrap().to_owned()
}

#[test]
fn the_corpus_gives_the_bytes_of_the_embedded_run() {
    on_cluster(|place, cluster| {
        let Some(corpus) = shared_dir().map(|shared| shared.join("corpus")) else {
            return report_skip(format_args!("no folder with shared data"));
        };
        let (text, truth) = (corpus.join("mr_txt"), corpus.join("correct_wc.tsv"));
        let here = place.wordcount(&format!("{} --output embedded", text.display())).ok();
        let line = format!("wordcount {} --output all --check {}", text.display(), truth.display());
        let there = submit(&place, &cluster, &line).ok();
        assert_eq!(there.out, here.out);
        assert!(there.err.contains("all words and counts are those of"), "{}", there.err);
        assert!(fs::read(place.path("all")).unwrap() == fs::read(place.path("embedded")).unwrap());
    });
}

#[test]
fn what_is_printed_and_written_comes_back_and_hidden_files_stay() {
    on_cluster(|place, cluster| {
        place.put("texts/1", "to be or not to be");
        place.put("texts/deep/2", "that is the question");
        place.put("texts/.hidden/3", "no");
        place.put("name with 'quotes' & ü", "be");
        fs::create_dir(place.path("results")).unwrap();
        let mut command = place.mobula("wordcount texts --top 1 --output results/all");
        command.arg("name with 'quotes' & ü");
        let there = run(as_job(&mut command, &cluster)).ok();
        assert_eq!(there.out, "3  be\n");
        let expected = "be\t3\nto\t2\nis\t1\nnot\t1\nor\t1\nquestion\t1\nthat\t1\nthe\t1\n";
        assert_eq!(place.read("results/all"), expected);
        assert_eq!(place.names("results"), ["all"]);
        // The cluster is described by the job, and the job by the line before.
        assert!(there.err.contains(&format!(" on Ray {}, {}", cluster.ray_version, cluster.dashboard_url)));
        assert!(there.err.contains("This cluster consists of "), "{}", there.err);
        assert!(!there.err.contains("Running entrypoint"), "{}", there.err);
        // A device takes them too.
        submit(&place, &cluster, "wordcount texts --output /dev/null").ok();
    });
}

#[test]
fn a_program_that_fails_fails_here_in_the_same_words() {
    on_cluster(|place, cluster| {
        place.put("texts/1", b"bad\xff");
        let here = place.wordcount("texts --output all").error(1);
        let there = submit(&place, &cluster, "wordcount texts --output all").error(1);
        assert_eq!(there.hint, here.hint);
        assert!(there.message.contains("is not valid UTF-8") || there.message.contains("UTF-8"), "{there:?}");
        place.put("texts/1", "fine");
        place.put("wrong.tsv", "other\t1\n");
        let there = submit(&place, &cluster, "wordcount texts --output all --check wrong.tsv").error(1);
        there.says(&["the counts differ from wrong.tsv"], "the same input");
        // It was written before it was compared, as in an embedded run.
        assert_eq!(place.read("all"), "fine\t1\n");
    });
}

/// A text called `types.py` stood where Python looks for modules, and the job never began; three thousand long names were more
/// than a command line holds; a pipe was waited for, and a name had to be text.
#[test]
fn a_folder_is_counted_whatever_is_in_it() {
    use std::os::unix::ffi::OsStrExt as _;

    on_cluster(|place, cluster| {
        for name in ["a.txt", "random.py", "types.py", "ray.py", "sub/json.py", "mobula_host/__init__.py"] {
            place.put(&format!("d/{name}"), "to be or not to be");
        }
        let odd = std::ffi::OsStr::from_bytes(b"d/odd\xff");
        fs::write(place.root().join(odd), "odd").unwrap();
        (0..3000).for_each(|n| place.put(&format!("d/many/{n}-{}", "x".repeat(200)), "many"));
        std::os::unix::fs::symlink("nowhere", place.path("d/broken")).unwrap();
        assert!(Command::new("mkfifo").arg(place.path("d/pipe")).status().unwrap().success());
        place.put("real", "");
        std::os::unix::fs::symlink("real", place.path("link")).unwrap();

        let line = "wordcount d /proc/cpuinfo --top 3";
        let here = run(&mut place.mobula(&format!("{line} --output here")));
        let mut command = place.mobula(&format!("{line} --output link"));
        command.env("MOBULA_RUNTIME_ENV", r#"{"env_vars": {"GREETING": "hi"}}"#);
        let there = run(as_job(&mut command, &cluster));
        assert_eq!((here.code, there.code), (Some(1), Some(1)), "{there:#?}");
        assert_eq!(there.out, here.out);
        let warning = "warning: d/broken: a link to nowhere";
        assert!(here.err.contains(warning) && there.err.contains(warning), "{there:#?}");
        // What the processor's clock says changes from one moment to the next.
        let words = |file: &str| {
            let words = ["many", "be", "odd", "processor"];
            let text = place.read(file);
            let line = |word: &str| {
                text.lines().find(|line| line.starts_with(&format!("{word}\t"))).map(str::to_owned)
            };
            words.map(|word| line(word).unwrap())
        };
        assert_eq!(words("real"), words("here"));
        assert!(place.path("link").is_symlink());
        // The user's environment is the job's.
        let url = format!("{}/api/jobs/{}", cluster.dashboard_url, job(&there.err));
        let mut request = ureq::get(&url);
        if let Some(file) = &cluster.token {
            request = request
                .header("Authorization", format!("Bearer {}", fs::read_to_string(file).unwrap().trim()));
        }
        let details: serde_json::Value = request.call().unwrap().body_mut().read_json().unwrap();
        assert_eq!(details["runtime_env"]["env_vars"]["GREETING"], "hi", "{details}");

        fs::remove_file(place.path("d/broken")).unwrap();
        fs::remove_dir_all(place.path("d/many")).unwrap();
        assert!(submit(&place, &cluster, "wordcount d --output -").ok().out.starts_with("be\t12\nto\t12\n"));
        let mut command = place.mobula("wordcount d");
        command.env("MOBULA_RUNTIME_ENV", "not json");
        let told = run(as_job(&mut command, &cluster)).error(1);
        told.says(&["MOBULA_RUNTIME_ENV", "no JSON"], "in JSON");
        // In messages a file has the name that the user gave it, as embedded.
        fs::write(place.path("d/bad"), b"\xff").unwrap();
        let bad = place.path("d/bad").display().to_string();
        let there = submit(&place, &cluster, &format!("wordcount {bad}")).error(1);
        assert_eq!(there, place.wordcount(&bad).error(1));
    });
}

#[test]
fn mistakes_are_told_before_there_is_a_job() {
    on_cluster(|place, cluster| {
        place.put("text", "a");
        let told = submit(&place, &cluster, "wordcount absent").error(1);
        told.says(&["cannot read absent", "No such file"], "path");
        let told = submit(&place, &cluster, "wordcount text --output nowhere/all").error(1);
        told.says(&["cannot write nowhere/all", "No such file"], "write there");
        // Bytes that no archive makes smaller, and more of them than a dashboard takes.
        let mut state = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 32).to_le_bytes()
        })
        .take(28 << 20)
        .flat_map(|word| [word[0], word[1], word[2], word[3]])
        .collect();
        place.put("noise", noise);
        let told = submit(&place, &cluster, "wordcount noise --lossy").error(1);
        told.says(&["the input files are more than 100 MiB packed"], "--no-upload");
        // Left where it is, it does not have to travel.
        let there = place.path("text").display().to_string();
        submit(&place, &cluster, &format!("wordcount {there} --no-upload")).ok();
    });
}

#[test]
fn ctrl_c_stops_the_job() {
    on_cluster(|place, cluster| {
        place.put("text", "word ".repeat(200_000));
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            // A shell's background ignores SIGINT, and so would its children.
            let mut command = Command::new("env");
            command.args(["--default-signal", MOBULA, "wordcount", "text", "--map-tasks", "100000"]);
            command.args(["--address", &cluster.dashboard_url]);
            command.current_dir(place.root()).env_remove("RAY_ADDRESS").stdin(Stdio::null());
            let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            std::thread::sleep(Duration::from_secs(8));
            let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
            assert!(kill.success());
            let output = child.wait_with_output().unwrap();
            let err = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{signal}: {err}");
            let client = mobula_jobs::Client::connect(&cluster.dashboard_url).unwrap();
            let status = client.details(&job(&err)).unwrap().status;
            assert_eq!(status, mobula_jobs::Status::Stopped, "{signal}: {err}");
        }
    });
}

#[test]
fn the_status_of_the_cluster_lists_its_actors() {
    const KEEPER: &str = r#"
import os, ray
ray.init(address=os.environ["MOBULA_TEST_CLUSTER"], namespace="jobs", log_to_driver=False)
class Keeper:
    def ready(self):
        return 1
keeper = ray.remote(Keeper).options(name="the-keeper", num_cpus=0).remote()
ray.get(keeper.ready.remote())
print("ready", flush=True)
input()
"#;
    on_cluster(|place, cluster| {
        let mut driver = cluster.python_command();
        driver.args(["-c", KEEPER]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut driver = driver.spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(driver.stdout.as_mut().unwrap()), &mut line)
            .unwrap();
        assert_eq!(line, "ready\n");
        let status = |json: &[&str]| {
            let mut command = place.mobula("status");
            run(command.args(json).envs(cluster.variables()).env("RAY_ADDRESS", &cluster.address)).ok().out
        };
        let seen = eventually(Duration::from_secs(60), || {
            let out = status(&[]);
            let line = out.lines().find(|line| line.contains("the-keeper"))?.to_owned();
            Some((out, line))
        });
        let (out, line) = seen.unwrap();
        assert!(line.starts_with("alive ") && line.contains("Keeper"), "{out}");
        assert!(out.contains("in use:") && out.contains(" CPU"), "{out}");
        let json: serde_json::Value = serde_json::from_str(&status(&["--json"])).unwrap();
        let actors = json["actors"].as_array().unwrap();
        assert!(
            actors.iter().any(|actor| actor["name"] == "the-keeper" && actor["state"] == "ALIVE"),
            "{json}"
        );
        drop(driver.stdin.take());
        driver.wait().unwrap();
    });
}
