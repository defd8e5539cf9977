//! Cutting the input for map tasks: evenly by bytes, whatever the files' number and sizes.

use std::path::{Path, PathBuf};

use mobula_inputs::path_bytes::PathBytes;
use serde::{Deserialize, Serialize};

/// A part of one file.
///
/// The range is nominal: the part really counted starts at the first end of a white space at or after `start` (at the
/// very start of the file if that is 0) and ends at the first at or after `end`, or at the file's end. So a word
/// belongs to the part in whose range it starts, and each is counted once however the file is divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The file, as messages call it.
    #[serde(with = "mobula_inputs::path_bytes")]
    pub path: PathBuf,
    /// Where it is, unless that is `path`: tasks on a cluster have folders of their own.
    pub at: Option<PathBytes>,
    /// Its index in the list of files that was divided.
    pub file: usize,
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// The file's length when the input was divided. One of 0 that is not empty, as those of `/proc`, is one piece.
    pub length: u64,
}

/// The input of one map task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Parts of files, in the order of the files.
    pub pieces: Vec<Piece>,
}

impl Piece {
    /// Where to read it.
    #[must_use]
    pub fn place(&self) -> &Path {
        self.at.as_ref().map_or(&self.path, |at| &at.0)
    }
}

impl Split {
    /// Its nominal size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.end - piece.start).sum()
    }
}

/// Divides files of the given lengths into `splits` splits of equal size, give or take a byte.
///
/// Every file is in some split, an empty one too, so that all are opened and one that cannot be read is noticed. Splits
/// stay empty if there are more of them than bytes.
///
/// ```
/// let splits = mobula_wordcount::plan_splits(&[("a", 10), ("b", 20)], 2);
/// assert_eq!(splits[0].pieces.len(), 2);
/// assert_eq!((splits[1].pieces[0].start, splits[1].pieces[0].end), (5, 20));
/// ```
///
/// # Panics
///
/// If `splits` is 0.
#[must_use]
pub fn plan_splits(files: &[(impl AsRef<Path>, u64)], splits: usize) -> Vec<Split> {
    assert!(splits > 0, "an input cannot be divided into 0 splits");
    let total: u64 = files.iter().map(|(_, length)| length).sum();
    let border = |at: usize| (u128::from(total) * at as u128 / splits as u128) as u64;
    let mut planned = vec![Split::default(); splits];
    let (mut at, mut before) = (0, 0);
    for (file, (path, length)) in files.iter().enumerate() {
        let mut start = 0;
        loop {
            while at + 1 < splits && border(at + 1) <= before + start && start < *length {
                at += 1;
            }
            let end = (*length).min(if at + 1 < splits { border(at + 1) - before } else { u64::MAX });
            let path = path.as_ref().to_owned();
            planned[at].pieces.push(Piece { path, at: None, file, start, end, length: *length });
            start = end;
            if start >= *length {
                break;
            }
        }
        before += length;
    }
    planned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_cover_all_files_evenly() {
        let files = [("a", 0u64), ("b", 7), ("c", 0), ("d", 1000), ("e", 1), ("f", 0)];
        for count in [1, 2, 3, 7, 100, 1008, 5000] {
            let splits = plan_splits(&files, count);
            assert_eq!(splits.len(), count);
            let (least, most) = (1008 / count as u64, 1008u64.div_ceil(count as u64));
            assert!(splits.iter().all(|split| (least..=most).contains(&split.bytes())), "{count}");
            let pieces: Vec<_> = splits.iter().flat_map(|split| &split.pieces).collect();
            for (file, (path, length)) in files.iter().enumerate() {
                let mut own = pieces.iter().filter(|piece| piece.file == file).peekable();
                assert!(own.peek().is_some(), "{path} is in no split of {count}");
                let end = own.fold(0, |end, piece| {
                    assert_eq!(
                        (piece.start, piece.length, piece.path.as_path()),
                        (end, *length, Path::new(path))
                    );
                    piece.end
                });
                assert_eq!(end, *length);
            }
        }
    }

    #[test]
    fn no_files_make_empty_splits() {
        assert_eq!(plan_splits(&[] as &[(&str, u64)], 3), vec![Split::default(); 3]);
    }
}
