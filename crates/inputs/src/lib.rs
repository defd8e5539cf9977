//! One notion of an input, wherever a program runs: embedded, attached to a cluster, or as a job that takes its files along.
//!
//! A path that the user names is a regular file, or a folder, which stands for all regular files below it, hidden ones
//! aside ([`find`]). Links lead to files; a link to a folder below the one that was named is left out, for it could lead in
//! circles. So are pipes, sockets and devices. What is below a folder and should be a file, but cannot be read, is left out too,
//! and told of: [`Found::left_out`].
//!
//! A file is what it holds, not what it says its size is: those of `/proc` say 0 ([`File::is_unmeasured`]).
//!
//! Paths are bytes: [`path_bytes`] and [`shown`] carry them where text is expected.

mod open;
pub mod path_bytes;
mod walk;

use std::io;
use std::path::{Path, PathBuf};

pub use open::{open, read_unmeasured};
pub use walk::find;

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, from the one that was named on.
    pub path: PathBuf,
    /// Its size, as the system has it.
    pub length: u64,
    /// Which of the paths that were named it is, or is below.
    pub root: usize,
    /// Where below that; empty for the path itself.
    pub below: PathBuf,
}

impl File {
    /// Whether its size says nothing: it is 0, but there is something to read.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_unmeasured(&self) -> Result<bool, InputError> {
        Ok(self.length == 0 && !read_unmeasured(&self.path, 1)?.is_empty())
    }
}

/// What paths stand for.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, in the order of the paths and below each in that of the names.
    pub files: Vec<File>,
    /// The folders: which path each belongs to, and where below it.
    pub folders: Vec<(usize, PathBuf)>,
    /// What should be a file, or a folder, and cannot be read.
    pub left_out: Vec<LeftOut>,
}

/// Something below a folder that was named, which cannot be read.
#[derive(Debug)]
pub struct LeftOut {
    /// Its path.
    pub path: PathBuf,
    /// What the system said.
    pub cause: io::Error,
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_link = self.path.is_symlink() && self.cause.kind() == io::ErrorKind::NotFound;
        let what = if is_link { "a link to nowhere" } else { "left out" };
        write!(f, "{}: {what} ({})", shown(&self.path), self.cause)
    }
}

/// The sentences that tell of what was left out, the first few by name: none where nothing was.
#[must_use]
pub fn warnings(left_out: &[LeftOut]) -> Vec<String> {
    const TOLD: usize = 10;
    let mut all: Vec<String> = left_out.iter().take(TOLD).map(|left| format!("warning: {left}")).collect();
    if left_out.len() > TOLD {
        all.push(format!("warning: and {} more were left out", left_out.len() - TOLD));
    }
    all
}

/// The sentence on a result that lacks what was left out; `None` where nothing was.
#[must_use]
pub fn lacks(left_out: &[LeftOut]) -> Option<String> {
    match left_out.len() {
        0 => None,
        1 => Some("the result lacks an input that could not be read".to_owned()),
        n => Some(format!("the result lacks {n} inputs that could not be read")),
    }
}

/// What the user may do about that.
pub const LACKS_HINT: &str = "the warnings name them: mend or remove them";

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A path that is not there, or cannot be looked at.
    #[error("cannot read {}: {cause}", shown(.path))]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Neither a file nor a directory.
    #[error("{} is neither a file nor a directory, but {}", shown(.path), .what)]
    NoFile {
        /// The path.
        path: PathBuf,
        /// What it is, with its article.
        what: &'static str,
    },
    /// Directories without a file in them.
    #[error("there is no file to read below {}", list(.0))]
    Empty(Vec<PathBuf>),
}

impl InputError {
    /// What the user may do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            InputError::Unreadable { .. } => "is the path right, and may you read it?",
            InputError::NoFile { .. } => "give files, or directories that hold some",
            InputError::Empty(_) => "hidden files and folders are left out: name them to have them counted",
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| shown(path)).collect::<Vec<_>>().join(", ")
}

/// A path for people: what is no text in it becomes U+FFFD.
#[must_use]
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}
