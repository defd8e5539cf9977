//! Which files a path stands for.

use std::ffi::{CString, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use crate::{File, Found, InputError, LeftOut};

/// The files that the paths stand for; there may be none.
///
/// # Errors
/// Where one of the paths themselves is missing, cannot be read, or is neither a file nor a folder; and where all that is
/// below them had to be left out.
pub fn find(paths: &[PathBuf]) -> Result<Found, InputError> {
    let mut found = Found::default();
    for (root, path) in paths.iter().enumerate() {
        let unreadable = |cause| InputError::Unreadable { path: path.clone(), cause };
        let about = fs::metadata(path).map_err(unreadable)?;
        if about.is_dir() {
            let names = names(path).map_err(unreadable)?;
            found.folders.push((root, PathBuf::new()));
            below(path, root, Path::new(""), names, &mut found);
        } else if about.is_file() {
            found.files.push(File { path: path.clone(), length: about.len(), root, below: PathBuf::new() });
        } else {
            return Err(InputError::NoFile { path: path.clone(), what: kind(&about) });
        }
    }
    match found.left_out.pop() {
        Some(LeftOut { path, cause }) if found.files.is_empty() => {
            Err(InputError::Unreadable { path, cause })
        }
        last => {
            found.left_out.extend(last);
            Ok(found)
        }
    }
}

/// What a folder holds, in order, without what is hidden.
fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if !name.as_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Adds what is below a folder. Folders that are still to be looked at stand in a list: they may be nested deeper than a
/// thread's stack is.
fn below(root_path: &Path, root: usize, at: &Path, names_there: Vec<OsString>, found: &mut Found) {
    // The next name of each folder on the way down, last first.
    let mut way: Vec<(PathBuf, std::vec::IntoIter<OsString>)> = vec![(at.into(), names_there.into_iter())];
    while let Some((folder, rest)) = way.last_mut() {
        let Some(name) = rest.next() else {
            way.pop();
            continue;
        };
        let below = folder.join(&name);
        let path = root_path.join(&below);
        let mut leave_out = |cause| found.left_out.push(LeftOut { path: path.clone(), cause });
        let is_link = match fs::symlink_metadata(&path) {
            Ok(about) => about.is_symlink(),
            Err(cause) => {
                leave_out(cause);
                continue;
            }
        };
        match fs::metadata(&path) {
            Err(cause) => leave_out(cause),
            Ok(about) if about.is_dir() && is_link => {}
            Ok(about) if about.is_dir() => match names(&path) {
                Err(cause) => leave_out(cause),
                Ok(names) => {
                    found.folders.push((root, below.clone()));
                    way.push((below, names.into_iter()));
                }
            },
            Ok(about) if about.is_file() => match may_read(&path) {
                Err(cause) => leave_out(cause),
                Ok(()) => found.files.push(File { path, length: about.len(), root, below }),
            },
            Ok(_) => {}
        }
    }
}

/// Whether this user may read a file, without opening it.
fn may_read(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)?;
    // SAFETY: the path is a C string.
    let code = unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::R_OK, libc::AT_EACCESS) };
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn kind(about: &Metadata) -> &'static str {
    let kind = about.file_type();
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;
    use crate::path_bytes::PathBytes;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn names_of(found: &Found) -> Vec<(&str, u64)> {
        found.files.iter().map(|file| (file.below.to_str().unwrap(), file.length)).collect()
    }

    #[test]
    fn a_directory_is_all_visible_files_below_it_in_order() {
        let folder =
            folder(&[("b", "22"), ("a/z", "1"), ("a/.hidden", "x"), (".git/config", "x"), ("c", "")]);
        let found = find(&[folder.path().into()]).unwrap();
        assert_eq!(names_of(&found), [("a/z", 1), ("b", 2), ("c", 0)]);
        assert_eq!(found.folders, [(0, "".into()), (0, "a".into())]);
        // A file that is named is read, hidden or not.
        let hidden = find(&[folder.path().join("b"), folder.path().join("a/.hidden")]).unwrap();
        assert_eq!((hidden.files.len(), hidden.files[1].root), (2, 1));
    }

    #[test]
    fn pipes_sockets_and_links_to_folders_are_passed_over_and_links_to_nowhere_are_told_of() {
        let folder = folder(&[("a", "1"), ("d/x", "2")]);
        let at = |name: &str| folder.path().join(name);
        assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        symlink("d", at("linked")).unwrap();
        symlink("a", at("link")).unwrap();
        symlink("nowhere", at("broken")).unwrap();
        symlink("circle", at("circle")).unwrap();
        let found = find(&[folder.path().into()]).unwrap();
        assert_eq!(names_of(&found), [("a", 1), ("d/x", 1), ("link", 1)]);
        let warnings = crate::warnings(&found.left_out);
        assert_eq!(warnings.len(), 2);
        assert!(warnings[0].contains("broken: a link to nowhere"), "{warnings:?}");
        // Named by itself, each is an error that says what it is.
        for (name, words) in [("pipe", "but a pipe"), ("socket", "but a socket"), ("broken", "No such file")]
        {
            let error = find(&[at(name)]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(words), "{error}");
        }
        fs::create_dir(at("only")).unwrap();
        symlink("nowhere", at("only/broken")).unwrap();
        assert!(find(&[at("only")]).unwrap_err().to_string().contains("only/broken"));
    }

    #[test]
    fn names_are_bytes_and_folders_as_deep_as_they_like() {
        let folder = tempfile::tempdir().unwrap();
        let name = OsString::from_vec(vec![b'a', 0xff]);
        let mut deep = folder.path().to_path_buf();
        (0..500).for_each(|_| deep.push("d"));
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join(&name), "x").unwrap();
        let found = find(&[folder.path().into()]).unwrap();
        assert_eq!(found.files[0].path, deep.join(&name));
        let sent = rmp_serde::to_vec(&PathBytes(found.files[0].path.clone())).unwrap();
        assert_eq!(rmp_serde::from_slice::<PathBytes>(&sent).unwrap().0, deep.join(&name));
    }

    #[test]
    fn a_size_of_0_may_be_no_size() {
        let empty = folder(&[("empty", "")]);
        let found = find(&[empty.path().join("empty"), "/proc/self/status".into()]).unwrap();
        let unmeasured: Vec<bool> = found.files.iter().map(|file| file.is_unmeasured().unwrap()).collect();
        assert_eq!((found.files[1].length, unmeasured), (0, vec![false, true]));
    }
}
