//! A real browser without a window: Chromium, driven through chromedriver (W3C WebDriver).

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser with one page, closed when it goes.
pub struct Browser {
    driver: Child,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; `None`, with the reason printed, where there is none.
    pub fn start() -> Option<Browser> {
        let found = |name: &str| Command::new(name).arg("--version").output().is_ok();
        if !found("chromedriver") || !found("chromium") {
            mobula_testkit::report_skip(format_args!("no chromium and chromedriver on this machine"));
            return None;
        }
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let port = line.unwrap().split_once("successfully on port ")?.1.trim_end_matches('.').to_owned();
            Some(port)
        });
        // It must not be stopped by a pipe that nobody reads.
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1000,1400",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let mut browser = Browser {
            driver,
            session: format!("http://127.0.0.1:{}/session", port.expect("chromedriver's port")),
            _profile: profile,
        };
        let options = json!({ "goog:chromeOptions": { "args": arguments } });
        let started = browser.post("", &json!({ "capabilities": { "alwaysMatch": options } }));
        browser.session += &format!("/{}", started["sessionId"].as_str().expect("a session"));
        Some(browser)
    }

    /// Opens a page.
    pub fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// What the function's body returns, run on the page.
    pub fn run(&self, body: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": body, "args": [] }))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let mut response = agent.post(format!("{}{path}", self.session)).send_json(body).unwrap();
        let answer: Value = response.body_mut().read_json().unwrap();
        assert_eq!(answer["value"].get("error"), None, "{path}: {answer}");
        answer["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser when its session is closed.
        let _ = ureq::delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
