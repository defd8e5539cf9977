//! What goes in: files, and what of them one map task gets.

use std::path::PathBuf;

use mobula::Blob;
use mobula_inputs::{Found, InputError};
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
    #[serde(with = "mobula_inputs::path_bytes")]
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

/// The files that the paths name, with their lengths ([`mobula_inputs::find`]), without what had to be left out.
///
/// # Errors
/// [`InputError`], by name; also where there is none.
pub fn files_below(paths: &[PathBuf]) -> Result<Vec<(PathBuf, u64)>, InputError> {
    Ok(find(paths)?.files.into_iter().map(|file| (file.path, file.length)).collect())
}

/// As [`mobula_inputs::find`], where there has to be a file.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Found, InputError> {
    let found = mobula_inputs::find(paths)?;
    if found.files.is_empty() { Err(InputError::Empty(paths.to_vec())) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        assert!(files_below(&[missing]).unwrap_err().to_string().contains("missing"));
        assert!(matches!(files_below(&[folder.path().into()]), Err(InputError::Empty(_))));
        let error = files_below(&["/dev/null".into()]).unwrap_err();
        assert!(matches!(error, InputError::NoFile { what: "a device", .. }), "{error}");
    }
}
