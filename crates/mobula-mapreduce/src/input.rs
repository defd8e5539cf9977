//! What goes in: files, and what of them one map task gets.

use std::fs;
use std::path::{Path, PathBuf};

use mobula::Blob;
use mobula_wordcount::{Split, read_split};
use serde::{Deserialize, Serialize};

use crate::job::Text;

/// The input of one map task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Input {
    /// Parts of files, which the task reads itself.
    Files(Split),
    /// Text that the driver has read.
    Shipped(Vec<Shipped>),
}

/// A piece of a file's text that travels.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shipped {
    /// The file it is from.
    pub path: PathBuf,
    /// Where it begins there.
    pub offset: u64,
    /// The text, cut between words.
    pub text: Blob,
}

impl Input {
    /// Its size in bytes; of files, the nominal one.
    pub fn bytes(&self) -> u64 {
        match self {
            Input::Files(split) => split.bytes(),
            Input::Shipped(texts) => texts.iter().map(|shipped| shipped.text.len() as u64).sum(),
        }
    }

    /// Reads a split here, for a task that cannot.
    ///
    /// # Errors
    /// Names the file that cannot be read.
    pub(crate) fn read(split: &Split) -> anyhow::Result<Input> {
        let shipped = read_split(split)?.into_iter().map(|chunk| Shipped {
            path: chunk.path,
            offset: chunk.offset,
            text: chunk.text.into(),
        });
        Ok(Input::Shipped(shipped.collect()))
    }

    /// Calls `each` with every piece of text, file by file in order.
    ///
    /// # Errors
    /// Names the file that cannot be read; and `each`'s.
    pub fn texts(&self, mut each: impl FnMut(&Text<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        match self {
            Input::Files(split) => read_split(split)?.iter().try_for_each(|chunk| {
                each(&Text { path: &chunk.path, offset: chunk.offset, bytes: &chunk.text })
            }),
            Input::Shipped(texts) => texts.iter().try_for_each(|shipped| {
                each(&Text { path: &shipped.path, offset: shipped.offset, bytes: &shipped.text })
            }),
        }
    }
}

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A path that is not there, or cannot be looked at.
    #[error("cannot read {}: {cause}", .path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Neither a file nor a directory.
    #[error("{} is neither a file nor a directory", .0.display())]
    NoFile(PathBuf),
    /// Directories without a file in them.
    #[error("there is no file to read below {}", list(.0))]
    Empty(Vec<PathBuf>),
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The regular files that the paths name, with their lengths: a directory stands for all below it, hidden ones aside, in
/// the order of their names.
///
/// Symbolic links are followed to files, not to directories below the one that was named, which could lead in circles.
///
/// # Errors
/// [`InputError`], by name.
pub fn files_below(paths: &[PathBuf]) -> Result<Vec<(PathBuf, u64)>, InputError> {
    let mut files = Vec::new();
    for path in paths {
        let about = look(path)?;
        if about.is_dir() {
            walk(path, &mut files)?;
        } else if about.is_file() {
            files.push((path.clone(), about.len()));
        } else {
            return Err(InputError::NoFile(path.clone()));
        }
    }
    if files.is_empty() { Err(InputError::Empty(paths.to_vec())) } else { Ok(files) }
}

fn look(path: &Path) -> Result<fs::Metadata, InputError> {
    fs::metadata(path).map_err(|cause| InputError::Unreadable { path: path.into(), cause })
}

fn walk(folder: &Path, files: &mut Vec<(PathBuf, u64)>) -> Result<(), InputError> {
    let unreadable = |cause| InputError::Unreadable { path: folder.into(), cause };
    let mut entries: Vec<fs::DirEntry> =
        fs::read_dir(folder).map_err(unreadable)?.collect::<Result<_, _>>().map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        if entry.file_type().map_err(unreadable)?.is_dir() {
            walk(&path, files)?;
            continue;
        }
        let about = look(&path)?;
        if about.is_file() {
            files.push((path, about.len()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_all_visible_files_below_it_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("b", "22"), ("a/z", "1"), ("a/.hidden", "x"), (".git/config", "x"), ("c", "")] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let files = files_below(&[folder.path().into()]).unwrap();
        let found: Vec<_> = files
            .iter()
            .map(|(p, n)| (p.strip_prefix(folder.path()).unwrap().to_str().unwrap(), *n))
            .collect();
        assert_eq!(found, [("a/z", 1), ("b", 2), ("c", 0)]);
        // A file that is named is read, hidden or not.
        assert_eq!(files_below(&[folder.path().join("a/.hidden")]).unwrap().len(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        assert!(files_below(&[missing]).unwrap_err().to_string().contains("missing"));
        assert!(matches!(files_below(&[folder.path().into()]), Err(InputError::Empty(_))));
        assert!(matches!(files_below(&["/dev/null".into()]), Err(InputError::NoFile(_))));
    }
}
