//! One run of `cargo test`: shown as it goes, and counted.
//!
//! A run that finds nothing to test succeeds in Cargo's eyes; here it does not. So the output passes through, and the
//! closing line of each test program is read. A run that hangs is ended after a while.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use mobula_testkit::Process;

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

/// How long a step with tests may take. The slowest takes a few minutes; what takes longer has stopped.
const LIMIT: Duration = Duration::from_secs(20 * 60);
/// How long a build may take, from nothing and on a slow machine.
const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);

/// Something to run, under a name.
pub struct Step {
    name: String,
    command: Command,
    limit: Duration,
}

impl Step {
    pub fn new(name: impl Into<String>, command: Command) -> Step {
        Step { name: name.into(), command, limit: LIMIT }
    }

    /// Runs it; it must run at least one test.
    pub fn run(self) -> Outcome {
        self.execute(true, &mut std::io::stdout())
    }

    /// Runs it; no test is expected.
    pub fn run_without_tests(self) -> Outcome {
        Step { limit: BUILD_LIMIT, ..self }.execute(false, &mut std::io::stdout())
    }

    fn execute(mut self, tests: bool, out: &mut impl Write) -> Outcome {
        announce(&self.name);
        let begin = Instant::now();
        let skips = SkipFile::new();
        self.command.env("MOBULA_TEST_SKIPS", &skips.path).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut counts = Counts::default();
        let mut late = false;
        let ended = self.command.spawn().and_then(|mut child| {
            let id = child.id();
            let output = child.stdout.take();
            late = bounded(self.limit, id, || {
                output.map(|output| pass_through(output, out, |line| counts.read(line)))
            });
            child.wait()
        });
        counts.skipped = skips.lines();
        let problem = match ended {
            Ok(_) if late => Some(format!("not finished after {} s", self.limit.as_secs())),
            Ok(status) if status.success() => None,
            Ok(status) if counts.failed > 0 => Some(format!("{} failed ({status})", counts.failed)),
            Ok(status) => Some(status.to_string()),
            Err(error) => Some(format!("{:?} does not run: {error}", self.command.get_program())),
        };
        Outcome { name: self.name, took: begin.elapsed(), tests: tests.then_some(counts), problem }
    }
}

/// Does `work`; kills process `root` and all under it when that takes too long, and says whether it did.
fn bounded<T>(limit: Duration, root: u32, work: impl FnOnce() -> T) -> bool {
    let (done, wait) = channel::<()>();
    std::thread::scope(|scope| {
        let watch = scope.spawn(move || {
            let late = wait.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if late {
                // From the top, so that nothing is started again; clusters end by themselves with their owner.
                for process in Process::find(root).into_iter().chain(Process::descendants(root)) {
                    process.kill();
                }
            }
            late
        });
        work();
        drop(done);
        watch.join().unwrap_or(false)
    })
}

/// Where the tests of a step say what they skip.
struct SkipFile {
    path: PathBuf,
}

impl SkipFile {
    fn new() -> SkipFile {
        // Steps of one process have files of their own: its tests run several at a time.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("skipped-{}-{number}.txt", std::process::id());
        let file = SkipFile { path: mobula_testkit::target_dir().join(name) };
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

/// Copies at once (a test that hangs has printed its name and no line's end), and hands over each line.
fn pass_through(mut from: impl Read, out: &mut impl Write, mut line: impl FnMut(&str)) {
    let (mut buffer, mut rest) = ([0; 8192], Vec::new());
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
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
        Step::new("shell", command).execute(true, &mut std::io::sink())
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
    fn a_step_that_hangs_is_ended_with_all_under_it() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$; sleep 600 & wait"]);
        let step = Step { limit: Duration::from_millis(300), ..Step::new("hangs", command) };
        let outcome = step.execute(true, &mut std::io::sink());
        assert_eq!(outcome.problem.as_deref(), Some("not finished after 0 s"));
    }

    #[test]
    fn skipped_tests_are_told() {
        let outcome = shell("echo 'skipped: one: no reason' >> \"$MOBULA_TEST_SKIPS\"");
        assert_eq!(outcome.tests.unwrap().skipped, ["skipped: one: no reason"]);
    }
}
