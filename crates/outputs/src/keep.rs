//! What a file keeps when it is replaced: owner, mode, access lists and other attributes.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;

/// More than any file system allows for one file.
const MOST: usize = 1 << 16;

/// What there was.
#[derive(Debug)]
pub struct Kept {
    /// How many names it has.
    pub names: u64,
    mode: u32,
    owner: (u32, u32),
    attributes: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Kept {
    pub fn of(file: &File) -> io::Result<Kept> {
        let about = file.metadata()?;
        Ok(Kept {
            names: about.nlink(),
            mode: about.mode() & 0o7777,
            owner: (about.uid(), about.gid()),
            attributes: attributes(file)?,
        })
    }

    /// Gives it to another file; fails where this user may not.
    pub fn give(&self, file: &File) -> io::Result<()> {
        let about = file.metadata()?;
        let descriptor = file.as_raw_fd();
        if (about.uid(), about.gid()) != self.owner {
            // SAFETY: the descriptor is the file's.
            check(unsafe { libc::fchown(descriptor, self.owner.0, self.owner.1) })?;
        }
        for (name, value) in &self.attributes {
            // SAFETY: the name ends with a zero byte, and the value is as long as it says.
            check(unsafe {
                libc::fsetxattr(descriptor, name.as_ptr().cast(), value.as_ptr().cast(), value.len(), 0)
            })?;
        }
        // Last: the others may change it.
        // SAFETY: the descriptor is the file's.
        check(unsafe { libc::fchmod(descriptor, self.mode) })
    }
}

fn check(code: libc::c_int) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Names, each with its zero byte, and values. None where the file system has no such thing.
fn attributes(file: &File) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let descriptor = file.as_raw_fd();
    let mut names = vec![0_u8; MOST];
    // SAFETY: the buffer is as long as it says.
    let length = unsafe { libc::flistxattr(descriptor, names.as_mut_ptr().cast(), names.len()) };
    let Ok(length) = usize::try_from(length) else {
        let cause = io::Error::last_os_error();
        return if cause.raw_os_error() == Some(libc::EOPNOTSUPP) { Ok(Vec::new()) } else { Err(cause) };
    };
    let mut found = Vec::new();
    for name in names[..length].split_inclusive(|byte| *byte == 0) {
        let Ok(text) = CStr::from_bytes_with_nul(name) else { continue };
        let mut value = vec![0_u8; MOST];
        // SAFETY: the name ends with a zero byte, and the buffer is as long as it says.
        let length =
            unsafe { libc::fgetxattr(descriptor, text.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
        value.truncate(usize::try_from(length).map_err(|_| io::Error::last_os_error())?);
        found.push((name.to_vec(), value));
    }
    Ok(found)
}

/// Has the file system set aside room for this many bytes, where it can. What is in the file stays.
pub fn make_room(file: &File, length: u64) -> io::Result<()> {
    if length == 0 {
        return Ok(());
    }
    let length = libc::off_t::try_from(length).map_err(io::Error::other)?;
    // SAFETY: the descriptor is the file's.
    match check(unsafe { libc::fallocate(file.as_raw_fd(), 0, 0, length) }) {
        Err(cause) if cause.raw_os_error() == Some(libc::EOPNOTSUPP) => Ok(()),
        other => other,
    }
}
