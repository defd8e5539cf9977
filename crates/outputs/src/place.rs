//! What a name stands for.

use std::fs::{self, File};
use std::io;
use std::os::fd::{FromRawFd as _, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

/// As many links as Linux follows.
const LINKS: usize = 40;

/// Where a result goes.
#[derive(Debug)]
pub enum Place {
    /// There is no such file, but may be.
    Nothing(PathBuf),
    /// A regular file, by a name that is no link.
    File(PathBuf),
    /// Anything else that can be written.
    Stream(File),
}

/// What a name leads to.
#[derive(Debug)]
pub enum Target {
    Nothing(PathBuf),
    File(PathBuf),
    /// One of this process's descriptors.
    Descriptor(RawFd),
    /// A pipe, a terminal, a device, or what another process has open.
    Stream(PathBuf),
}

/// Follows the name to its place. A pipe is opened, which waits for a reader as ever.
pub fn resolve(path: &Path) -> io::Result<Place> {
    Ok(match follow(path)? {
        Target::Nothing(path) => Place::Nothing(path),
        Target::File(path) => Place::File(path),
        // Opening it anew would write from the start of a file that somebody writes the end of.
        Target::Descriptor(number) => Place::Stream(duplicate(number)?),
        Target::Stream(path) => Place::Stream(File::options().write(true).open(&path)?),
    })
}

/// Follows the name, and opens nothing.
pub fn follow(path: &Path) -> io::Result<Target> {
    if crate::is_stdout(path) {
        return Ok(Target::Descriptor(libc::STDOUT_FILENO));
    }
    if path.as_os_str().as_bytes().ends_with(b"/") {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut at = path.to_path_buf();
    for _ in 0..LINKS {
        if let Some(descriptor) = own_descriptor(&at) {
            return Ok(Target::Descriptor(descriptor));
        }
        let about = match fs::symlink_metadata(&at) {
            Ok(about) => about,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Target::Nothing(at)),
            Err(cause) => return Err(cause),
        };
        let kind = about.file_type();
        if kind.is_symlink() && !is_magic(&at) {
            at = parent(&at).join(fs::read_link(&at)?);
        } else if kind.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        } else if kind.is_file() {
            return Ok(Target::File(at));
        } else if kind.is_socket() {
            return Err(io::Error::other("it is a socket, which nobody can write to by its name"));
        } else {
            return Ok(Target::Stream(at));
        }
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}

/// Whether a name leads to one of this process's descriptors.
pub fn is_descriptor(path: &Path) -> bool {
    matches!(follow(path), Ok(Target::Descriptor(_)))
}

/// The folder that a name is in.
pub fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The number of this process's descriptor that a name stands for, such as `/proc/self/fd/1`; `/dev/stdout` leads there.
fn own_descriptor(path: &Path) -> Option<RawFd> {
    let number = path.file_name()?.to_str()?.parse().ok()?;
    let folder = fs::canonicalize(parent(path)).ok()?;
    let below = folder.strip_prefix("/proc").ok()?.to_str()?;
    let own = std::process::id().to_string();
    (below.strip_prefix(own.as_str())?.ends_with("/fd")).then_some(number)
}

/// Whether a link is one of the kernel's, which lead to what has no name: another process's descriptor.
fn is_magic(path: &Path) -> bool {
    fs::canonicalize(parent(path)).is_ok_and(|folder| folder.starts_with("/proc") && folder.ends_with("fd"))
}

fn duplicate(descriptor: RawFd) -> io::Result<File> {
    // SAFETY: the call takes any number, and says so where it is no open descriptor.
    let copy = unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 3) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open, and nobody else knows of it.
    Ok(unsafe { File::from_raw_fd(copy) })
}
