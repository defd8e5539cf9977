//! One run of `cargo test`: shown as it goes, and counted.
//!
//! A run that finds nothing to test succeeds in Cargo's eyes; here it does not. So the output passes through, and the
//! closing line of each test program is read.

use std::ffi::OsString;
use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::report::{Counts, Outcome};

/// A command that runs the Cargo that runs this program, at the root of the workspace.
pub fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(mobula_testkit::repository());
    command
}

/// Says on stderr what comes next.
pub fn announce(name: &str) {
    eprintln!("\n── {name}");
}

/// Something to run, under a name.
pub struct Step {
    name: String,
    command: Command,
}

impl Step {
    pub fn new(name: impl Into<String>, command: Command) -> Step {
        Step { name: name.into(), command }
    }

    /// Runs it; it must run at least one test.
    pub fn run(self) -> Outcome {
        self.execute(true)
    }

    /// Runs it; no test is expected.
    pub fn run_without_tests(self) -> Outcome {
        self.execute(false)
    }

    fn execute(mut self, tests: bool) -> Outcome {
        announce(&self.name);
        let begin = Instant::now();
        let skips = SkipFile::new();
        self.command.env("MOBULA_TEST_SKIPS", &skips.path).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut counts = Counts::default();
        let ended = self.command.spawn().and_then(|mut child| {
            if let Some(output) = child.stdout.take() {
                pass_through(output, |line| counts.read(line));
            }
            child.wait()
        });
        counts.skipped = skips.lines();
        let problem = match ended {
            Ok(status) if status.success() => None,
            Ok(status) if counts.failed > 0 => Some(format!("{} failed ({status})", counts.failed)),
            Ok(status) => Some(status.to_string()),
            Err(error) => Some(format!("{:?} does not run: {error}", self.command.get_program())),
        };
        Outcome { name: self.name, took: begin.elapsed(), tests: tests.then_some(counts), problem }
    }
}

/// Where the tests of a step say what they skip.
struct SkipFile {
    path: PathBuf,
}

impl SkipFile {
    fn new() -> SkipFile {
        let path = mobula_testkit::target_dir().join(format!("skipped-{}.txt", std::process::id()));
        let file = SkipFile { path };
        file.remove();
        file
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn remove(&self) {
        // Absent unless a test was skipped.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Drop for SkipFile {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Copies to stdout at once (a test that hangs has printed its name and no line's end), and hands over each line.
fn pass_through(mut from: impl Read, mut line: impl FnMut(&str)) {
    let (mut buffer, mut rest) = ([0; 8192], Vec::new());
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let mut out = std::io::stdout().lock();
        // Nobody may be reading any more; the tests still run.
        let _ = out.write_all(&buffer[..read]).and_then(|()| out.flush());
        rest.extend_from_slice(&buffer[..read]);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let whole: Vec<u8> = rest.drain(..=end).collect();
            line(String::from_utf8_lossy(&whole).trim_end());
        }
    }
    line(String::from_utf8_lossy(&rest).trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Outcome {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Step::new("shell", command).run()
    }

    #[test]
    fn tests_are_counted_over_all_programs() {
        let line = |passed, failed| {
            format!(
                "echo 'test result: ok. {passed} passed; {failed} failed; 1 ignored; 0 measured; 0 filtered out'"
            )
        };
        let outcome = shell(&format!("{}; {}", line(3, 0), line(4, 1)));
        let counts = outcome.tests.unwrap();
        assert_eq!((counts.passed, counts.failed, counts.ignored), (7, 1, 2));
    }

    #[test]
    fn a_program_that_fails_is_a_problem_with_its_status() {
        assert_eq!(shell("exit 3").problem.as_deref(), Some("exit status: 3"));
        assert_eq!(shell("true").problem, None);
    }

    #[test]
    fn skipped_tests_are_told() {
        let outcome = shell("echo 'skipped: one: no reason' >> \"$MOBULA_TEST_SKIPS\"");
        assert_eq!(outcome.tests.unwrap().skipped, ["skipped: one: no reason"]);
    }
}
