//! One way to write a result, for every command and every kind of file.
//!
//! A name stands for a place (`place.rs`): links lead on, `-` is standard output, `/dev/fd/3` and `/proc/self/fd/3` are this
//! process's own descriptor. What stands there decides how it is written:
//!
//! | there is | it is |
//! |---|---|
//! | nothing | made once the result is whole (`temporary.rs`) |
//! | a regular file | replaced whole, by one with the same mode, owner and attributes (`keep.rs`) |
//! | a regular file that cannot be replaced so: it has other names, its folder or its owner forbids it, it is mounted | overwritten once the result is whole, and room for it was found |
//! | a pipe, a terminal, a device | written as it is, as the result comes |
//!
//! Until [`Output::finish`] an earlier file is what it was. A result that is given up, by an error, a signal or a kill, leaves
//! nothing behind: its file has no name before it is whole. Where a file system cannot do that it has one that begins with
//! `.mobula-out-`; a signal takes that away, and what a kill has left the next result in the same folder does.
//!
//! ```
//! use std::io::Write;
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("words");
//! let mut output = mobula_outputs::Output::create(&path)?;
//! output.write_all(b"one\n")?;
//! assert!(!path.exists());
//! output.finish()?;
//! assert_eq!(std::fs::read(&path)?, b"one\n");
//! # Ok::<(), std::io::Error>(())
//! ```

mod keep;
mod place;
mod temporary;

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use keep::Kept;
use place::Place;
use temporary::Temporary;

/// Whether a name stands for standard output by itself: `-`.
#[must_use]
pub fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Writes a line to standard error, or nothing where that is closed or full: what is told there is no result.
pub fn tell(line: std::fmt::Arguments<'_>) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Whether a name stands for something other than a file: standard output, a pipe, a device.
#[must_use]
pub fn is_stream(path: &Path) -> bool {
    is_stdout(path)
        || place::is_descriptor(path)
        || std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// The file that a name stands for, which differs from it where that is a link; `None` for what is no file.
#[must_use]
pub fn target(path: &Path) -> Option<PathBuf> {
    match place::follow(path) {
        Ok(place::Target::Nothing(path) | place::Target::File(path)) => Some(path),
        _ => None,
    }
}

/// Writes a result that is there already.
///
/// # Errors
/// As of [`Output`].
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut output = Output::create(path)?;
    output.write_all(bytes)?;
    output.finish()
}

/// A result on its way to its place. Not buffered.
///
/// # Errors
/// Those of the file system, at [`create`](Output::create) where it is known already that the place cannot be written: a folder
/// stands there, or the file may not be written by this user. Then, and after an error of a later step, a regular file is what
/// it was.
#[derive(Debug)]
pub struct Output {
    /// Where the bytes go for now.
    file: Way,
}

#[derive(Debug)]
enum Way {
    /// To the stream itself.
    Direct(File),
    /// To a file without a name, until they are whole.
    Staged(Temporary, Goal),
}

/// What becomes of a staged file.
#[derive(Debug)]
enum Goal {
    /// It gets this name; where that fails, its bytes go into the file that has it.
    Name(PathBuf, Option<File>),
    /// Its bytes go into this regular file.
    Overwrite(File),
    /// Its bytes go to a stream.
    Stream(File),
}

impl Output {
    /// A result that streams get as it comes.
    ///
    /// # Errors
    /// See [`Output`].
    pub fn create(path: &Path) -> io::Result<Output> {
        let file = match goal(path)? {
            (Goal::Stream(stream), _) => Way::Direct(stream),
            (goal, temporary) => stage(goal, temporary)?,
        };
        Ok(Output { file })
    }

    /// A result that nobody gets before it is whole and [finished](Output::finish), streams neither.
    ///
    /// # Errors
    /// See [`Output`].
    pub fn staged(path: &Path) -> io::Result<Output> {
        let (goal, temporary) = goal(path)?;
        Ok(Output { file: stage(goal, temporary)? })
    }

    /// Puts the result in its place, where it is on the disk then.
    ///
    /// # Errors
    /// See [`Output`].
    pub fn finish(self) -> io::Result<()> {
        match self.file {
            Way::Direct(mut stream) => stream.flush(),
            Way::Staged(mut temporary, Goal::Stream(mut stream)) => {
                temporary.file.seek(SeekFrom::Start(0))?;
                io::copy(&mut temporary.file, &mut stream)?;
                stream.flush()
            }
            Way::Staged(mut temporary, Goal::Overwrite(file)) => overwrite(&mut temporary.file, &file),
            Way::Staged(mut temporary, Goal::Name(path, before)) => {
                temporary.file.sync_all()?;
                match (temporary.name(&path, before.is_some()), before) {
                    (Ok(()), _) => Ok(()),
                    // A mounted file, or another's in a folder like /tmp.
                    (Err(_), Some(before)) => overwrite(&mut temporary.file, &before),
                    (Err(cause), None) => Err(cause),
                }
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Way::Direct(file) => file.write(bytes),
            Way::Staged(temporary, _) => temporary.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is to be done with a result for this name, and the file that it is staged in where that has to be a certain one.
fn goal(path: &Path) -> io::Result<(Goal, Option<Temporary>)> {
    let path = match place::resolve(path)? {
        Place::Stream(stream) => return Ok((Goal::Stream(stream), None)),
        Place::Nothing(path) => {
            let temporary = Temporary::beside(&path, None)?;
            return Ok((Goal::Name(path, None), Some(temporary)));
        }
        Place::File(path) => path,
    };
    // Whoever may not write a file may not replace it either, though its folder might let them.
    let before = File::options().write(true).open(&path)?;
    let kept = Kept::of(&before)?;
    // The other names of a file would keep what it was.
    if kept.names == 1
        && let Ok(temporary) = Temporary::beside(&path, Some(&kept))
    {
        return Ok((Goal::Name(path, Some(before)), Some(temporary)));
    }
    Ok((Goal::Overwrite(before), None))
}

fn stage(goal: Goal, temporary: Option<Temporary>) -> io::Result<Way> {
    Ok(Way::Staged(temporary.map_or_else(Temporary::anywhere, Ok)?, goal))
}

/// Gives a file these bytes, once there is room for them.
fn overwrite(from: &mut File, to: &File) -> io::Result<()> {
    from.seek(SeekFrom::Start(0))?;
    let (length, before) = (from.metadata()?.len(), to.metadata()?.len());
    if let Err(cause) = keep::make_room(to, length) {
        to.set_len(before)?;
        return Err(cause);
    }
    io::copy(from, &mut &*to)?;
    to.set_len(length)?;
    to.sync_all()
}

#[cfg(test)]
mod tests;
