//! `mobula cluster`: what `up` starts, `down` stops, and nothing else; and clusters with a token.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mobula_testkit::python::{Environment, Spec};
use mobula_testkit::{Process, environment, eventually, skip, watchdog};
use serde_json::Value;

use support::{Place, Run, run};

const LIMIT: Duration = Duration::from_secs(400);

/// The command with a state of its own, stopped in the end.
struct Mine {
    place: Place,
    python: PathBuf,
    variables: Vec<(&'static str, &'static str)>,
}

impl Mine {
    fn new(python: &Path, variables: &[(&'static str, &'static str)]) -> Mine {
        Mine { place: Place::new(), python: python.into(), variables: variables.to_vec() }
    }

    fn run(&self, line: &str) -> Run {
        let mut command = self.place.mobula(line);
        command.env("MOBULA_PYTHON", &self.python).env("MOBULA_CLUSTER_DIR", self.place.path("state"));
        run(command.env("PATH", "/usr/bin:/bin").envs(self.variables.iter().copied()))
    }

    fn state(&self) -> Value {
        serde_json::from_str(&self.run("cluster status --json").ok().out).unwrap()
    }

    /// The processes of the cluster's nodes, their guards included.
    fn processes(&self) -> Vec<Process> {
        let state = self.state();
        let guards = state["cluster"]["guards"].as_array().unwrap();
        let guards = guards.iter().map(|guard| Process::find(guard[0].as_u64().unwrap() as u32).unwrap());
        guards.flat_map(|guard| [vec![guard], Process::descendants(guard.pid)].concat()).collect()
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        self.run("cluster down");
    }
}

#[test]
fn up_and_down_and_up_again_stops_exactly_what_it_started() {
    let Some(python) = environment() else { return };
    watchdog(LIMIT, move || {
        // Nothing says whether there should be a token, so the cluster has one of its own.
        let mine = Mine::new(python.python(), &[]);
        assert_eq!(mine.state()["up"], false);
        let none = mine.run("cluster down").ok();
        assert!(none.err.contains("no cluster is up"), "{none:?}");

        let up = mine.run("cluster up --nodes 2 --cpus-per-node 1").ok();
        assert!(up.err.contains("alive: 2 nodes, 1 CPUs each"), "{up:?}");
        let before = mine.state();
        assert_eq!((&before["up"], &before["cluster"]["nodes"]), (&true.into(), &2.into()));
        let processes = mine.processes();
        assert!(processes.iter().filter(|process| process.title().contains("raylet")).count() >= 2);

        // Once more changes nothing; another shape is refused.
        mine.run("cluster up --nodes 2 --cpus-per-node 1").ok();
        assert_eq!(mine.state(), before);
        let told = mine.run("cluster up --nodes 3 --cpus-per-node 1").error(1);
        told.says(&["a cluster of 2 nodes with 1 CPUs each is up already"], "mobula cluster down");

        // Its token is its user's alone.
        let token = PathBuf::from(before["cluster"]["token"].as_str().unwrap());
        assert_eq!(token.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(up.out.contains(&format!("RAY_AUTH_TOKEN_PATH={}", token.display())), "{up:?}");

        // A program finds it where `up` said, and presents the token by itself.
        let address = before["cluster"]["address"].as_str().unwrap();
        let status = mine.run(&format!("status --address {address}")).ok();
        assert_eq!(status.out.lines().filter(|line| line.starts_with("alive ")).count(), 2, "{}", status.out);

        // Without it, and with another, nobody gets in, and learns that at once.
        for address in ["address", "client_address"] {
            let address = before["cluster"][address].as_str().unwrap();
            for (variable, says) in [
                (("RAY_AUTH_MODE", "disabled"), "wants a token, and none was found"),
                (("RAY_AUTH_TOKEN", "another"), "does not accept the token of RAY_AUTH_TOKEN"),
            ] {
                let mut stranger = mine.place.mobula(&format!("status --address {address}"));
                stranger.env("MOBULA_PYTHON", &mine.python).env("PATH", "/usr/bin:/bin").envs([variable]);
                // Ray itself would say so after half a minute, and in other words.
                run(&mut stranger).error(1).says(&["cannot attach", says], "~/.ray/auth_token");
            }
        }

        // One that has nothing to do with it.
        let mut bystander = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let down = mine.run("cluster down").ok();
        assert!(down.err.contains("stopped 2 nodes"), "{down:?}");
        let gone = eventually(Duration::from_secs(30), || {
            processes.iter().all(|process| !process.is_alive()).then_some(())
        });
        let left: Vec<String> = processes.iter().filter(|p| p.is_alive()).map(Process::title).collect();
        assert!(gone.is_some(), "left: {left:?}");
        assert!(bystander.try_wait().unwrap().is_none());
        bystander.kill().unwrap();
        bystander.wait().unwrap();
        assert!(!Path::new(before["cluster"]["root"].as_str().unwrap()).exists());
        assert_eq!(mine.state()["up"], false);
    });
}

#[test]
fn a_node_that_does_not_start_shows_its_log_and_leaves_nothing() {
    let Some(python) = environment() else { return };
    watchdog(LIMIT, move || {
        // Less than Ray takes.
        let mine = Mine::new(python.python(), &[("RAY_AUTH_MODE", "disabled")]);
        let told = mine.run("cluster up --nodes 1 --object-store 1").error(1);
        told.says(&["node 0 ended", "object store"], "has been stopped again");
        assert_eq!(mine.state()["up"], false);
    });
}

#[test]
fn a_python_without_ray_is_named() {
    let place = Place::new();
    let none = Spec::new("empty", Vec::<String>::new());
    let python = match Environment::ensure_in(place.root(), &none) {
        Ok(environment) => environment.python().to_path_buf(),
        Err(error) => skip!("no Python to leave Ray out of: {error}"),
    };
    let mine = Mine::new(&python, &[]);
    let told = mine.run("cluster up").error(1);
    told.says(&["Ray is not installed for", &python.display().to_string()], "pip install \"ray[default]\"");
    let mine = Mine::new(Path::new("/nonexistent/python"), &[]);
    mine.run("cluster up").error(1).says(&["/nonexistent/python", "No such file"], "MOBULA_PYTHON");
}

#[test]
fn a_cluster_with_a_token_takes_no_other() {
    let Some(python) = environment() else { return };
    if python.version_of("ray").unwrap().starts_with("2.4") {
        skip!("this Ray has no token authentication");
    }
    watchdog(LIMIT, move || {
        let token = ("RAY_AUTH_TOKEN", "0123456789abcdef0123456789abcdef");
        let mine = Mine::new(python.python(), &[("RAY_AUTH_MODE", "token"), token]);
        mine.run("cluster up --nodes 1 --cpus-per-node 2").ok();
        let url = mine.state()["cluster"]["dashboard"].as_str().unwrap().to_owned();
        mine.place.put("text", "to be or not to be");
        let submit = |token: Option<&str>| {
            let mut command = mine.place.mobula("wordcount text --top 1 --output all --address");
            run(command.arg(&url).envs(token.map(|token| ("RAY_AUTH_TOKEN", token))))
        };
        submit(None).error(1).says(&["wants a token, and none was found"], "RAY_AUTH_TOKEN");
        submit(Some("another")).error(1).says(&["does not accept the token"], "ray get-auth-token");
        assert!(!mine.place.path("all").exists());
        assert_eq!(submit(Some(token.1)).ok().out, "2  be\n");
        assert_eq!(mine.place.read("all"), "be\t2\nto\t2\nnot\t1\nor\t1\n");
    });
}
