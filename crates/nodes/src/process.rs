//! Processes as `/proc` shows them: who descends from whom, what they are called, and a kill that cannot hit a
//! stranger.
//!
//! A number is no identity: the system gives it to a new process once the old one is gone. A [`Process`] therefore
//! carries the time at which it started, and [`Process::kill`] signals through a process descriptor that it opens
//! before it compares the two.

use std::collections::HashMap;
use std::path::Path;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A process that existed when it was looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    parent: u32,
    /// When it started, in the system's ticks since the machine did.
    pub started: u64,
}

impl Process {
    /// Looks a process up; `None` when there is none, or only the remains of one that waits to be collected.
    #[must_use]
    pub fn find(pid: u32) -> Option<Process> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in parentheses and may hold anything, parentheses included.
        let fields: Vec<&str> = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace().collect();
        let (state, parent, started) = (fields.first()?, fields.get(1)?, fields.get(19)?);
        if matches!(*state, "Z" | "X") {
            return None;
        }
        Some(Process { pid, parent: parent.parse().ok()?, started: started.parse().ok()? })
    }

    /// Every process there is.
    #[must_use]
    pub fn all() -> Vec<Process> {
        let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
        let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers.filter_map(Process::find).collect()
    }

    /// Children, grandchildren and so on of process `root`, without `root` itself, parents before their children.
    #[must_use]
    pub fn descendants(root: u32) -> Vec<Process> {
        let mut children: HashMap<u32, Vec<Process>> = HashMap::new();
        for process in Process::all() {
            children.entry(process.parent).or_default().push(process);
        }
        let mut found = Vec::new();
        let mut parents = vec![root];
        while let Some(parent) = parents.pop() {
            for child in children.remove(&parent).unwrap_or_default() {
                found.push(child);
                parents.push(child.pid);
            }
        }
        found
    }

    /// Every process with `path` in its command line.
    #[must_use]
    pub fn mentioning(path: &Path) -> Vec<Process> {
        let path = path.to_string_lossy();
        Process::all().into_iter().filter(|process| process.title().contains(&*path)).collect()
    }

    /// Its command line, or what the process has put there since: Ray's workers write `ray::` and the name of the task
    /// they run. Empty once the process is gone.
    #[must_use]
    pub fn title(&self) -> String {
        let line = std::fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let words = line.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        words.map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        Process::find(self.pid).is_some_and(|now| now.started == self.started)
    }

    /// Ends it at once with SIGKILL; `false` when it was gone already.
    pub fn kill(&self) -> bool {
        self.signal(Signal::KILL)
    }

    /// Asks it to end, with SIGTERM; `false` when it was gone already.
    pub fn terminate(&self) -> bool {
        self.signal(Signal::TERM)
    }

    /// Stops it with SIGSTOP until [`Process::resume`]: a process that hangs.
    pub fn suspend(&self) -> bool {
        self.signal(Signal::STOP)
    }

    /// Lets it go on after [`Process::suspend`].
    pub fn resume(&self) -> bool {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> bool {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else { return false };
        // The descriptor comes first: from here on the number cannot pass to another process unnoticed.
        let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
        self.is_alive() && pidfd_send_signal(&descriptor, signal).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use super::*;
    use crate::eventually;

    /// A shell that starts a sleeping child and waits for it.
    fn family() -> Child {
        let script = "sleep 600 & wait";
        Command::new("sh").args(["-c", script]).stdin(Stdio::null()).spawn().unwrap()
    }

    #[test]
    fn descendants_are_found_named_and_killed() {
        let mut shell = family();
        let sleeper = eventually(Duration::from_secs(30), || {
            Process::descendants(shell.id()).into_iter().find(|process| process.title() == "sleep 600")
        });
        let sleeper = sleeper.unwrap();
        assert!(sleeper.is_alive());
        assert!(sleeper.kill());
        // The shell's wait ends with its child.
        assert!(shell.wait().unwrap().code().is_some());
        assert!(!sleeper.is_alive());
        assert!(!sleeper.kill(), "a process that is gone is not signalled");
    }

    #[test]
    fn another_process_with_the_same_number_is_left_alone() {
        let mut sleeper = Command::new("sleep").arg("600").spawn().unwrap();
        let stranger = Process { started: 0, ..Process::find(sleeper.id()).unwrap() };
        assert!(!stranger.is_alive());
        assert!(!stranger.kill());
        assert!(sleeper.try_wait().unwrap().is_none());
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
    }
}
