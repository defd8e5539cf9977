//! `mobula train --live` and the report of a run, as a browser shows them.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

#[path = "support/browser.rs"]
mod browser;
mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use browser::Browser;
use mobula_testkit::{eventually, watchdog};
use serde_json::Value;
use support::{MOBULA, Place};

const LIMIT: Duration = Duration::from_secs(240);

fn command(place: &Place, line: &str) -> Command {
    let mut command = Command::new(MOBULA);
    command.args(line.split_whitespace()).current_dir(place.root()).env_remove("RAY_ADDRESS");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// A training that goes on until it is stopped, and its page's port.
struct Training {
    child: Child,
    port: u16,
}

impl Training {
    fn start(place: &Place) -> Training {
        let line = "train --rules textbook --agents 2 --max-rounds 1000000 --target-reward 1e9 --run-dir run --live --live-port 0";
        let mut child = command(place, line).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = lines.find_map(|line| Some(line.unwrap().strip_prefix("live at ")?.to_owned()));
        let port = url.expect("the page's address").trim_end_matches('/').rsplit(':').next().unwrap().parse();
        std::thread::spawn(move || lines.for_each(drop));
        Training { child, port: port.unwrap() }
    }

    /// The answer to a request, head and body.
    fn ask(&self, method: &str, host: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    /// Interrupts it, as Ctrl-C does.
    fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Training {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How many pixels of a canvas have the lander's colour.
const LANDER: &str = "const canvas = document.querySelector('canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let lander = 0;
    for (let i = 0; i < data.length; i += 4) {
        if (data[i] === 0x80 && data[i + 1] === 0x66 && data[i + 2] === 0xe6) lander += 1;
    }
    const text = (id) => document.getElementById(id)?.textContent;";

#[test]
fn a_browser_shows_the_training_the_actors_and_the_flight() {
    watchdog(LIMIT, || {
        let Some(browser) = Browser::start() else { return };
        let place = Place::new();
        let mut training = Training::start(&place);
        browser.open(&format!("http://localhost:{}/", training.port));
        let look = || {
            browser.run(&format!(
                "{LANDER} return {{
                    lander, picture: canvas.toDataURL(), round: Number(text('round').replaceAll(',', '')),
                    actors: [...document.querySelectorAll('#actors tr')].map((row) => [...row.cells].map((cell) => cell.textContent)),
                    curve: document.querySelector('#curve polyline')?.points.length ?? 0, game: text('game'), status: text('status'),
                }}"
            ))
        };
        let lively = |page: &Value| {
            page["round"].as_u64() > Some(10)
                && page["lander"].as_u64() > Some(100)
                && page["curve"].as_u64() > Some(10)
        };
        let first =
            eventually(Duration::from_secs(100), || Some(look()).filter(lively)).expect("a lively page");
        let names: Vec<&Value> = first["actors"].as_array().unwrap().iter().map(|actor| &actor[0]).collect();
        assert_eq!(names, ["GlobalNet", "Agent 0", "Agent 1"], "{first}");
        let known = [
            "waiting",
            "training",
            "averaging",
            "sending weights",
            "giving out weights",
            "taking weights",
            "testing",
        ];
        for actor in first["actors"].as_array().unwrap() {
            assert!(known.contains(&actor[1].as_str().unwrap()), "{first}");
        }
        assert!(first["game"].as_str().unwrap().contains("weights of round"), "{first}");
        assert!(first["status"].as_str().unwrap().contains("target 1000000000"), "{first}");
        // It goes on, and flies.
        eventually(Duration::from_secs(60), || {
            let page = look();
            (page["round"].as_u64() > first["round"].as_u64() && page["picture"] != first["picture"])
                .then_some(())
        })
        .expect("news");
        training.interrupt();
        eventually(Duration::from_secs(60), || {
            look()["status"]
                .as_str()
                .unwrap()
                .contains("Interrupted. The report is in run/report.html")
                .then_some(())
        })
        .expect("the end");
        assert_eq!(training.child.wait().unwrap().code(), Some(1));
    });
}

#[test]
fn a_browser_shows_the_report() {
    watchdog(LIMIT, || {
        let Some(browser) = Browser::start() else { return };
        let place = Place::new();
        let status = command(&place, "train --rules textbook --agents 2 --max-rounds 12 --run-dir run")
            .status()
            .unwrap();
        assert!(status.success());
        browser.open(&format!("file://{}", place.path("run/report.html").display()));
        let look = || {
            browser.run(&format!("{LANDER} return {{ lander, play: text('play'), svg: document.querySelectorAll('svg').length, text: document.body.innerText, wide: document.documentElement.scrollWidth > innerWidth }}"))
        };
        let page = eventually(Duration::from_secs(60), || {
            Some(look()).filter(|page| page["lander"].as_u64() > Some(100))
        })
        .expect("a lander");
        assert_eq!((&page["svg"], &page["play"], &page["wide"]), (&3.into(), &"Pause".into(), &false.into()));
        let text = page["text"].as_str().unwrap();
        for wanted in
            ["LunarLander-v3: not there after all rounds", "batch_size", "mobula 0.", "synchronising"]
        {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
    });
}

#[test]
fn the_page_is_for_this_machine_alone() {
    watchdog(LIMIT, || {
        let place = Place::new();
        let mut training = Training::start(&place);
        let page = training.ask("GET", "localhost", "/");
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("<canvas id=sky>"), "{page}");
        // Everything comes from here.
        assert!(!page.contains("https://") && !page.contains("src="), "{page}");
        let news = training.ask("GET", "127.0.0.1:99", "/news?points=0&pose=0");
        assert!(news.starts_with("HTTP/1.1 200") && news.contains("\"flight\""), "{news}");
        for (method, host, path, status) in [
            ("GET", "evil.example", "/", "403"),
            ("GET", "evil.example", "/news", "403"),
            ("GET", "127.0.0.1.evil.example", "/", "403"),
            ("GET", "localhost", "/state.mpk", "404"),
            ("GET", "localhost", "/../run/plan.json", "404"),
            ("POST", "localhost", "/", "405"),
        ] {
            let answer = training.ask(method, host, path);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{method} {host} {path}: {answer}");
        }
        training.interrupt();
        assert_eq!(training.child.wait().unwrap().code(), Some(1));
        assert!(TcpStream::connect(("127.0.0.1", training.port)).is_err());
    });
}

#[test]
fn being_watched_changes_nothing() {
    let place = Place::new();
    let run = |name: &str, more: &str| {
        let line = format!(
            "train --rules textbook --agents 2 --max-rounds 11 --run-dir {name} --checkpoint {name}.pth {more}"
        );
        assert!(command(&place, &line).stderr(Stdio::null()).status().unwrap().success());
        let log = fs::read_to_string(place.path(name).join("metrics.jsonl")).unwrap();
        let line = |line: &str| {
            let mut metrics: Value = serde_json::from_str(line).unwrap();
            metrics.as_object_mut().unwrap().retain(|name, _| name != "seconds" && name != "phases");
            metrics
        };
        (log.lines().map(line).collect::<Vec<_>>(), fs::read(place.path(&format!("{name}.pth"))).unwrap())
    };
    let (alone, watched) = (run("alone", ""), run("watched", "--live --live-port 0"));
    assert_eq!(alone.0, watched.0);
    assert!(alone.1 == watched.1);
}

#[test]
fn a_port_that_cannot_be_is_refused_before_anything_is_done() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let run = |line: &str| support::run(&mut place.mobula(line));
    run(&format!("train --live --live-port {port} --run-dir run"))
        .error(1)
        .says(&[&port.to_string(), "cannot be listened on"], "another port with --live-port");
    for port in ["70000", "-1", "http"] {
        run(&format!("train --live --live-port={port}")).error(2).says(&["--live-port"], "--help");
    }
    run("train --live-port 0").error(2).says(&["--live"], "--help");
    assert_eq!(place.names("."), ["tmp"]);
}
