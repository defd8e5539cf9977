//! What can go wrong, told apart.

use std::{io, path::PathBuf};

/// A text that is not valid UTF-8, in the terms of the slice that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid UTF-8 at byte {offset}")]
pub struct InvalidUtf8 {
    /// Where the first invalid sequence starts, in bytes: [`std::str::Utf8Error::valid_up_to`], and the `start` of
    /// Python's `UnicodeDecodeError`.
    pub offset: usize,
}

/// Bytes that are not counted words in flat form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes of counted words are damaged: {0}")]
pub struct Corrupt(pub(crate) &'static str);

/// Why a split could not be counted. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is missing or may not be read.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A directory stands where a file should be.
    #[error("{} is a directory, not a text file", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// Reading failed.
    #[error("cannot read {} at byte {offset}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Where, in bytes from the file's start.
        offset: u64,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is not as long as it was when the splits were planned.
    #[error("{} changed while it was counted: it had {planned} bytes, now {found}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its length when the splits were planned.
        planned: u64,
        /// Its length now.
        found: u64,
    },
    /// A word takes more memory than a word may.
    #[error("{} has a word of more than {} MiB at byte {offset}, and no word may be longer", path.display(), limit >> 20)]
    LongWord {
        /// The file.
        path: PathBuf,
        /// Where the word begins, in bytes from the file's start.
        offset: u64,
        /// How long a word may be, in bytes.
        limit: u64,
    },
    /// The text is not valid UTF-8.
    #[error("{} is not valid UTF-8 at byte {offset}", path.display())]
    InvalidUtf8 {
        /// The file.
        path: PathBuf,
        /// Where its first invalid sequence starts, in bytes from the file's start; the same for any number of splits.
        offset: u64,
    },
}

impl Error {
    /// The file that the error is about.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        match self {
            Self::Open { path, .. }
            | Self::Directory { path }
            | Self::Read { path, .. }
            | Self::Changed { path, .. }
            | Self::LongWord { path, .. }
            | Self::InvalidUtf8 { path, .. } => path,
        }
    }

    /// Where in the file, in bytes, as far as the error has a place.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::Read { offset, .. } | Self::InvalidUtf8 { offset, .. } | Self::LongWord { offset, .. } => {
                Some(*offset)
            }
            Self::Open { .. } | Self::Directory { .. } | Self::Changed { .. } => None,
        }
    }
}
