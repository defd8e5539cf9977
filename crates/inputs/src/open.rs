//! How an input is opened, wherever that is.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::InputError;

/// Opens a regular file. What has become a pipe since it was found does not make anybody wait.
///
/// # Errors
/// The system's; what is no regular file is [`io::ErrorKind::InvalidInput`].
pub fn open(path: &Path) -> io::Result<File> {
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC).open(path)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file any more"));
    }
    Ok(file)
}

/// What is in a file that says its size is 0, up to this many bytes.
///
/// # Errors
/// [`InputError::Unreadable`].
pub fn read_unmeasured(path: &Path, most: u64) -> Result<Vec<u8>, InputError> {
    let read = || {
        let mut bytes = Vec::new();
        open(path)?.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|cause| InputError::Unreadable { path: path.into(), cause })
}
