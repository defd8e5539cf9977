//! What the tests of the command share: a folder to work in, the command run there, what it said.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

// Each test program uses its own part of this.
#![allow(dead_code)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use tempfile::TempDir;

/// The executable that is tested.
pub const MOBULA: &str = env!("CARGO_BIN_EXE_mobula");

/// A run that takes longer has stopped.
const LIMIT: Duration = Duration::from_secs(300);

/// A folder of its own for each test: the current one of the command, with `tmp` in it for temporary files.
pub struct Place {
    root: TempDir,
}

impl Place {
    pub fn new() -> Place {
        let root = tempfile::Builder::new().prefix("mobula-cli-").tempdir().unwrap();
        // Other users must get in: a test runs the command as one of them.
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(root.path().join("tmp")).unwrap();
        fs::set_permissions(root.path().join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
        Place { root }
    }

    /// A place with these files, a byte string each.
    pub fn with<T: AsRef<[u8]>>(files: &[(&str, T)]) -> Place {
        let place = Place::new();
        for (name, bytes) in files {
            place.put(name, bytes);
        }
        place
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a file, and the folders above it.
    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The names in a folder, hidden ones too, in order.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A program that starts here with an empty environment: no `PATH`, so no Python either.
    pub fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.root()).env_clear().env("PATH", "").env("TMPDIR", self.path("tmp"));
        command.timeout(LIMIT);
        command
    }

    /// The command with these arguments, divided at spaces.
    pub fn mobula(&self, line: &str) -> Command {
        let mut command = self.program(MOBULA);
        command.args(line.split_whitespace());
        command
    }

    /// `mobula wordcount` with these arguments, run to its end.
    pub fn wordcount(&self, line: &str) -> Run {
        run(self.mobula("wordcount").args(line.split_whitespace()))
    }

    /// Nothing is left behind in the folder for temporary files, but for the user's own folder of libraries.
    #[track_caller]
    pub fn assert_no_temporary_files(&self) {
        let mut left = self.names("tmp");
        left.retain(|name| name.strip_prefix("mobula-").is_none_or(|rest| rest.parse::<u32>().is_err()));
        assert_eq!(left, Vec::<String>::new(), "left in the folder for temporary files");
    }
}

/// What a run of the command came to.
#[derive(Debug)]
pub struct Run {
    /// `None` for a run that was ended, by a signal or because it took too long.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

impl Run {
    /// It succeeded.
    #[track_caller]
    pub fn ok(self) -> Run {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// It failed with this exit code, printed no result, and ended with an error in the form that all have: `error: `
    /// and a sentence, a blank line, `hint: ` and another.
    #[track_caller]
    pub fn error(&self, code: i32) -> Told {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.out, "", "{self:#?}");
        // On a cluster, the line that tells of it comes first.
        let start = if self.err.starts_with("error: ") {
            Some(0)
        } else {
            self.err.find("\nerror: ").map(|at| at + 1)
        };
        let told = start.and_then(|at| self.err[at..].strip_prefix("error: ")?.split_once("\n\nhint: "));
        let Some((message, hint)) = told else { panic!("not in the form of an error: {self:#?}") };
        for part in [message, hint] {
            assert!(!part.trim().is_empty() && !part.contains("error: "), "{self:#?}");
            assert!(!part.contains("panicked") && !part.contains("Traceback"), "{self:#?}");
        }
        Told { message: message.into(), hint: hint.trim_end().into() }
    }
}

/// An error as the user sees it.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    pub message: String,
    pub hint: String,
}

impl Told {
    /// Message and hint contain these words.
    #[track_caller]
    pub fn says(&self, message: &[&str], hint: &str) {
        message.iter().for_each(|words| assert!(self.message.contains(words), "no {words:?} in {self:#?}"));
        assert!(self.hint.contains(hint), "no {hint:?} in {self:#?}");
    }
}
