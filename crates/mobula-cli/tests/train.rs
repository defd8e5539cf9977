//! `mobula train` and `mobula play`, embedded.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

mod support;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use mobula_testkit::eventually;
use serde_json::Value;
use support::{MOBULA, Place};

/// Runs the command in a place; standard output as JSON.
fn json(place: &Place, line: &str) -> Value {
    let output = run(place, line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn run(place: &Place, line: &str) -> std::process::Output {
    command(place, line).output().unwrap()
}

fn command(place: &Place, line: &str) -> Command {
    let mut command = Command::new(MOBULA);
    command.args(line.split_whitespace()).current_dir(place.root()).env_remove("RAY_ADDRESS");
    command.stdin(Stdio::null());
    command
}

/// The metrics of a run, apart from times.
fn metrics(place: &Place, run: &str) -> Vec<Value> {
    let text = fs::read_to_string(place.path(run).join("metrics.jsonl")).unwrap();
    let line = |line: &str| {
        let mut metrics: Value = serde_json::from_str(line).unwrap();
        metrics.as_object_mut().unwrap().retain(|name, _| name != "seconds" && name != "phases");
        metrics
    };
    text.lines().map(line).collect()
}

#[test]
fn a_run_leaves_its_weights_its_metrics_and_a_result() {
    let place = Place::new();
    let line = "train --rules textbook --agents 2 --max-rounds 12 --seed 3 --run-dir run --json";
    let result = json(&place, line);
    assert_eq!((&result["reached"], &result["rounds"]), (&Value::Bool(false), &12.into()));
    assert!(result["average_reward"].is_f64() && result["seconds"].as_f64().unwrap() > 0.0, "{result}");
    let lines = metrics(&place, "run");
    assert_eq!(lines.len(), 12);
    assert_eq!(result["env_steps"], lines[11]["env_steps"]);
    // Tested every tenth round, and after the last.
    let tested: Vec<_> = lines.iter().filter(|line| line.get("average_reward").is_some()).collect();
    assert_eq!(tested.iter().map(|line| line["round"].as_u64().unwrap()).collect::<Vec<_>>(), [10, 12]);
    assert!(dqn::checkpoint::load(&place.path("model_checkpoint.pth")).is_ok());
    let report = place.read("run/report.html");
    assert!(report.contains("not there after all rounds") && report.contains("<canvas id=landing>"));
    assert!(report.contains("not solved: ") && report.contains("of 100 in 10 games of 200 steps"));
    assert_eq!(event_files(&place, "run"), 1);
    check_final(&place, &result);
    // Another run in its place leaves nothing of it.
    json(&place, "train --agents 1 --max-rounds 1 --round-steps 1024 --run-dir run --json");
    assert_eq!((metrics(&place, "run").len(), event_files(&place, "run")), (1, 1));
}

/// What is said at the end is what anybody can play again.
fn check_final(place: &Place, result: &Value) {
    let score = &result["final"];
    let shares: f64 =
        ["landed", "hovering", "crashed"].map(|name| score[name].as_f64().unwrap()).iter().sum();
    assert!((shares - 1.0).abs() < 1e-9 && score["games"] == 100, "{score}");
    let played = json(place, "play model_checkpoint.pth --games 100 --seed 500000 --json");
    assert_eq!(&played["score"], score);
    assert_eq!(result["solved"], score["mean"].as_f64().unwrap() >= 200.0);
}

#[test]
fn by_default_a_run_ends_with_the_game_solved() {
    let place = Place::new();
    let output = run(&place, "train --seed 1000 --run-dir run --json");
    let text = String::from_utf8_lossy(&output.stderr);
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&result["reached"], &result["solved"]), (&Value::Bool(true), &Value::Bool(true)), "{text}");
    assert!(text.contains("solved: ") && text.contains("in 100 full games that decided nothing"), "{text}");
    check_final(&place, &result);
    assert!(place.read("run/report.html").contains("LunarLander-v3: solved"));
    let last = metrics(&place, "run").pop().unwrap();
    assert!(last["average_reward"].as_f64().unwrap() >= 220.0, "{last}");
    assert_eq!((&last["env_steps"], &last["round"]), (&result["env_steps"], &result["rounds"]));
}

#[test]
fn other_environments_are_solved_too_and_their_checkpoints_say_whose_they_are() {
    let place = Place::new();
    for (env, more) in [("CartPole-v1", "--single"), ("Acrobot-v1", "--agents 2")] {
        let result = json(&place, &format!("train --env {env} {more} --run-dir {env} --json"));
        assert_eq!(result["solved"], true, "{result}");
        let played = json(&place, "play model_checkpoint.pth --games 3 --json");
        assert_eq!(played["env"], env);
        let output = run(&place, "play model_checkpoint.pth --env LunarLander-v3");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(
            text.contains("the weights are of a network ") && text.contains("expected 8-64-64-4"),
            "{text}"
        );
        assert!(place.read(&format!("{env}/report.html")).contains(&format!("{env}: solved")));
    }
}

fn event_files(place: &Place, run: &str) -> usize {
    place.names(run).iter().filter(|name| name.starts_with("events.out.tfevents.")).count()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    for mode in [
        "average --round-steps 1000",
        "shared --round-steps 150",
        "average --rules textbook",
        "shared --rules textbook",
    ] {
        let place = Place::new();
        let line = format!("train --agents 3 --max-rounds 6 --mode {mode}");
        let weights = |seed: u32, name: &str| {
            json(
                &place,
                &format!("{line} --seed {seed} --run-dir {name} --checkpoint {name}.safetensors --json"),
            );
            fs::read(place.path(&format!("{name}.safetensors"))).unwrap()
        };
        let first = weights(1, "a");
        assert!(first == weights(1, "b"), "{mode}");
        assert_eq!(metrics(&place, "a"), metrics(&place, "b"));
        assert!(first != weights(2, "c"), "{mode}");
    }
}

#[test]
fn a_run_that_was_killed_goes_on_to_the_same_end() {
    for kind in [
        "--agents 2 --round-steps 512",
        "--agents 2 --round-steps 150 --mode shared",
        "--single --round-steps 1024",
        "--agents 2 --rules textbook",
        "--agents 2 --rules textbook --mode shared",
        "--single --rules textbook",
    ] {
        let place = Place::new();
        let line =
            |name: &str| format!("train {kind} --max-rounds 40 --run-dir {name} --checkpoint {name}.pth");
        json(&place, &format!("{} --json", line("whole")));
        let mut child = command(&place, &line("broken"))
            .env("MOBULA_SAVE_EVERY", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let log = place.path("broken").join("metrics.jsonl");
        eventually(Duration::from_secs(60), || {
            let rounds = fs::read_to_string(&log).map_or(0, |text| text.lines().count());
            (rounds > 5).then_some(())
        })
        .expect("some rounds");
        child.kill().unwrap();
        child.wait().unwrap();
        let result = json(&place, &format!("{} --resume --json", line("broken")));
        assert_eq!(metrics(&place, "broken"), metrics(&place, "whole"), "{kind}: {result}");
        let bytes = |name: &str| fs::read(place.path(&format!("{name}.pth"))).unwrap();
        assert!(bytes("broken") == bytes("whole"), "{kind}");
        assert_eq!(event_files(&place, "broken"), 2);
    }
}

#[test]
fn an_interrupt_saves_and_says_how_to_go_on() {
    let place = Place::new();
    let mut child = command(&place, "train --agents 2 --gate-reward inf --run-dir run")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = place.path("run").join("metrics.jsonl");
    eventually(Duration::from_secs(60), || {
        fs::read_to_string(&log).is_ok_and(|text| text.lines().count() > 2).then_some(())
    })
    .expect("a round");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut text).unwrap();
    assert!(
        text.contains("interrupted; the weights are saved") && text.contains("--run-dir run --resume"),
        "{text}"
    );
    assert!(place.path("run").join("state.mpk").exists());
    assert!(place.read("run/report.html").contains("LunarLander-v3: interrupted"));
    assert!(dqn::checkpoint::load(&place.path("model_checkpoint.pth")).is_ok());
}

#[test]
fn games_are_played_by_their_seeds() {
    let place = Place::new();
    json(&place, "train --agents 1 --max-rounds 1 --round-steps 1024 --run-dir run --json");
    let played =
        json(&place, "play model_checkpoint.pth --games 3 --seed 7 --max-steps 80 --gif game.gif --json");
    let games = played["games"].as_array().unwrap();
    assert_eq!(games.iter().map(|game| game["seed"].as_u64().unwrap()).collect::<Vec<_>>(), [7, 8, 9]);
    assert!(games.iter().all(|game| game["steps"].as_u64().unwrap() <= 80));
    let mean = games.iter().map(|game| game["reward"].as_f64().unwrap()).sum::<f64>() / 3.0;
    assert!((mean - played["mean"].as_f64().unwrap()).abs() < 1e-9);
    let one = json(&place, "play model_checkpoint.pth --games 1 --seed 9 --max-steps 80 --json");
    assert_eq!(one["games"][0], games[2]);
    assert!(fs::read(place.path("game.gif")).unwrap().starts_with(b"GIF89a"));
    let text = run(&place, "play model_checkpoint.pth --games 2");
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.starts_with("seed 42: ") && text.contains("\nmean: "), "{text}");
}

#[test]
fn a_sweep_runs_what_has_not_been_run_and_reports() {
    let place = Place::new();
    let line = "sweep --agents 2 --learning-rate 1e-3,1e-4 --round-steps 512 --seeds 2 --max-rounds 3 --out swept --json";
    let result = json(&place, line);
    assert_eq!((&result["runs"], &result["reached"], &result["solved"]), (&4.into(), &0.into(), &0.into()));
    let runs = || fs::read_to_string(place.path("swept/runs.jsonl")).unwrap();
    let first = runs();
    assert_eq!(first.lines().count(), 4);
    let report = fs::read_to_string(place.path("swept/report.html")).unwrap();
    assert!(
        report.contains("4 runs, 2 settings") && report.contains("2 Agents, learning rate 0.0001"),
        "{report}"
    );
    // As if it had been killed in the middle of a line.
    let cut = &first[..first.len() - 40];
    fs::write(place.path("swept/runs.jsonl"), cut).unwrap();
    let output = run(&place, line);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("3 runs have ended in swept already, 1 are left"), "{text}");
    assert_eq!(runs().lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), 4);
    for (line, wanted) in [
        ("sweep --seeds 0", "seeds must be 1 or more"),
        ("sweep --agents 0", "agents is 0, must be from 1 to 1000"),
    ] {
        let output = run(&place, line);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains(wanted), "{line}");
    }
}

#[test]
fn a_file_holds_what_print_config_wrote_and_options_count_more() {
    let place = Place::with(&[
        ("fast.toml", "max_rounds = 2\nround_steps = 1_024\nhidden = [16, 8]\nlearning-rate = 2e-3\n"),
        ("typo.toml", "learning_rat = 1.0\n"),
        ("odd.toml", "rules = \"slow\"\n"),
        ("alone.toml", "single = true\nrules = \"textbook\"\nmax_rounds = 1\n"),
    ]);
    let text = |line: &str| String::from_utf8(run(&place, line).stdout).unwrap();
    let full = text("train --config fast.toml --seed 4 --print-config");
    for wanted in
        ["max_rounds = 2\n", "hidden = [16, 8]\n", "learning_rate = 0.002\n", "seed = 4\n", "lambda = 0.8\n"]
    {
        assert!(full.contains(wanted), "{wanted}: {full}");
    }
    assert!(!full.contains("replay_capacity"), "{full}");
    fs::write(place.path("full.toml"), &full).unwrap();
    assert_eq!(text("train --config full.toml --print-config"), full);
    for rules in
        ["--rules textbook", "--rules textbook --single", "--single", "--mode shared", "--env Acrobot-v1"]
    {
        let full = text(&format!("train {rules} --print-config"));
        fs::write(place.path("other.toml"), &full).unwrap();
        assert_eq!(text("train --config other.toml --print-config"), full, "{rules}");
    }
    let trained = json(&place, "train --config fast.toml --max-rounds 1 --run-dir run --json");
    assert_eq!((&trained["rounds"], &trained["env_steps"]), (&1.into(), &2048.into()));
    assert_eq!(dqn::checkpoint::load(&place.path("model_checkpoint.pth")).unwrap().hidden(), [16, 8]);
    let alone = json(&place, "train --config alone.toml --run-dir alone --json");
    assert_eq!((&alone["rounds"], &alone["agents"]), (&2.into(), &1.into()));
    for (file, wanted) in [
        ("typo.toml", r#"typo.toml: there is no parameter "learning_rat""#),
        ("odd.toml", r#"rules is "slow", must be fast or textbook"#),
        ("none.toml", "none.toml"),
    ] {
        let output = run(&place, &format!("train --config {file}"));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && text.contains(wanted), "{file}: {text}");
    }
}

/// Two runs that began in the same second shared a folder, and their lines came one between the other.
#[test]
fn two_runs_of_one_second_have_two_folders() {
    let place = Place::new();
    let line = |name: &str| format!("train --max-rounds 2 --round-steps 1024 --checkpoint {name}.pth --json");
    let children =
        ["a", "b", "c"].map(|name| command(&place, &line(name)).stdout(Stdio::piped()).spawn().unwrap());
    let mut folders: Vec<String> = children
        .into_iter()
        .map(|child| {
            let result: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
            result["run_dir"].as_str().unwrap().to_string()
        })
        .collect();
    assert!(folders.iter().all(|folder| metrics(&place, folder).len() == 2), "{folders:?}");
    folders.sort();
    folders.dedup();
    assert_eq!(folders.len(), 3);
}

/// A start that failed left random weights where good ones had been.
#[test]
fn a_start_that_fails_leaves_what_is_there() {
    let place = Place::new();
    json(&place, "train --max-rounds 1 --round-steps 1024 --run-dir run --json");
    let files =
        ["model_checkpoint.pth", "run/metrics.jsonl", "run/report.html", "run/state.mpk", "run/plan.json"];
    let before = files.map(|name| fs::read(place.path(name)).unwrap());
    for line in [
        "train --agents 4 --num-cpus 3 --run-dir run",
        "train --agents 0 --run-dir run",
        "train --rollout 0 --run-dir run",
        "train --rules textbook --rollout 8 --run-dir run",
    ] {
        let output = command(&place, line).env("MOBULA_NUM_CPUS", "2").output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}");
        let now = files.map(|name| fs::read(place.path(name)).unwrap());
        assert!(now == before, "{line}");
    }
    assert!(!place.path("runs").exists());
}

/// A run that went on said what the command line said, not what it trained with.
#[test]
fn a_resumed_run_says_its_own_settings() {
    let place = Place::new();
    let line = "train --rules textbook --single --batch-size 32 --seed 5 --max-rounds 3 --run-dir r --json";
    let first = json(&place, line);
    assert_eq!((&first["seed"], &first["batch_size"]), (&5.into(), &32.into()));
    let again = json(&place, "train --run-dir r --resume --json");
    let same = ["seed", "batch_size", "rules", "agents", "rounds", "env_steps", "average_reward", "final"];
    same.iter().for_each(|name| assert_eq!(again[*name], first[*name], "{name}"));
    for (more, wanted) in [
        ("--batch-size 64", "batch_size is 32 in this run, and it cannot go on with 64"),
        ("--rules fast", "rules are Textbook in this run"),
        ("--rollout 8", "rollout means nothing with --rules textbook and --single"),
    ] {
        let output = run(&place, &format!("train --run-dir r --resume {more}"));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && text.contains(wanted), "{more}: {text}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_a_sentence() {
    let place = Place::with(&[("nothing.pth", "this is no checkpoint")]);
    for (line, wanted) in [
        ("train --agents 0", "agents is 0, must be from 1 to 1000"),
        ("train --batch-size 200000", "batch_size is 200000, must be from 1 to"),
        ("train --rules textbook --batch-size 200000", "batch_size is 200000, must be from 1 to"),
        ("train --rules textbook --epochs-per-sync 0", "epochs_per_sync is 0, must be from 1"),
        ("train --epochs-per-sync 2", "epochs_per_sync means nothing with --rules fast"),
        ("train --single --agents 2", "agents means nothing with --rules fast and --single"),
        ("train --single --mode shared", "mode means nothing with --single"),
        ("train --rules textbook --env CartPole-v1", "env means nothing with --rules textbook"),
        ("train --learning-rate 2", "learning_rate is 2, must be above 0 and at most 1"),
        ("train --test-games 0", "test_games is 0, must be from 1 to"),
        ("train --rules textbook --test-steps 0", "test_steps is 0, must be from 1 to"),
        ("train --batch-size many", "batch_size is \"many\""),
        ("train --max-rounds 0", "max_rounds is 0, must be 1 or more"),
        ("train --agents 4 --num-cpus 1000", "5 actors of 1000 CPUs ask for 5000"),
        ("train --num-cpus -1", "num_cpus is -1"),
        ("train --checkpoint weights.txt", "weights.txt"),
        ("train --checkpoint no/such/folder/w.pth", "no/such/folder"),
        ("play nothing.pth", "nothing.pth"),
        ("play missing.pth", "missing.pth"),
    ] {
        let output = run(&place, line);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{line}: {text}");
        assert!(text.contains(wanted), "{line}: {text}");
        assert!(!text.contains("panicked"), "{line}: {text}");
    }
    assert_eq!(run(&place, "train --resume").status.code(), Some(2));
}
