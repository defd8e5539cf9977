//! A file on its way to its name.
//!
//! Linux has files without a name (`O_TMPFILE`), which are gone however their process ends. Where the file system has none, a
//! file gets a name that begins with [`PREFIX`] and holds a lock: signals that end the process remove it (`abandon`), and so
//! does the next process that works in the folder and finds it without a lock.

use std::collections::HashSet;
use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Mutex, Once};

use crate::keep::Kept;
use crate::place::parent;

/// How the names begin that a kill can leave behind.
pub const PREFIX: &str = ".mobula-out-";

/// A file that is nobody's yet.
#[derive(Debug)]
pub struct Temporary {
    pub file: File,
    /// Its name, if it has one.
    named: Option<Named>,
}

impl Temporary {
    /// One that can get this name: on the same file system. It has already what it should keep of an earlier one.
    pub fn beside(path: &Path, kept: Option<&Kept>) -> io::Result<Temporary> {
        let folder = parent(path);
        clear(folder);
        // Nobody else should read what was its owner's alone.
        let mode = if kept.is_some() { 0o600 } else { 0o666 };
        let temporary = match nameless(folder, mode) {
            Some(file) => Temporary { file, named: None },
            None => Temporary::with_a_name(folder, mode)?,
        };
        kept.map_or(Ok(()), |kept| kept.give(&temporary.file))?;
        Ok(temporary)
    }

    /// One for bytes that will be copied.
    pub fn anywhere() -> io::Result<Temporary> {
        let folder = std::env::temp_dir();
        if let Some(file) = nameless(&folder, 0o600) {
            return Ok(Temporary { file, named: None });
        }
        let mut temporary = Temporary::with_a_name(&folder, 0o600)?;
        // It needs none.
        temporary.named = None;
        Ok(temporary)
    }

    pub(crate) fn with_a_name(folder: &Path, mode: u32) -> io::Result<Temporary> {
        loop {
            let named = Named::new(folder)?;
            let options = || {
                let mut options = File::options();
                options.read(true).write(true).create_new(true).mode(mode).custom_flags(libc::O_CLOEXEC);
                options
            };
            let file = match options().open(&named.path) {
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
                    named.forget();
                    continue;
                }
                other => other?,
            };
            // Somebody who cleared the folder may have been faster. Where there are no locks nobody clears.
            let _ = file.lock();
            if file.metadata()?.nlink() > 0 {
                return Ok(Temporary { file, named: Some(named) });
            }
        }
    }

    /// Gives it its name for good, in place of what has it where `replace` says so, and sees that the disk knows.
    pub fn name(&mut self, path: &Path, replace: bool) -> io::Result<()> {
        let folder = parent(path);
        let named = match self.named.take() {
            Some(named) => named,
            None => {
                if !replace && link(&self.file, path).is_ok() {
                    sync(folder);
                    return Ok(());
                }
                let _ = self.file.lock();
                self.intermediate(folder)?
            }
        };
        fs::rename(&named.path, path)?;
        named.forget();
        sync(folder);
        Ok(())
    }

    /// A name to be renamed, for one that had none.
    fn intermediate(&mut self, folder: &Path) -> io::Result<Named> {
        loop {
            let named = Named::new(folder)?;
            match link(&self.file, &named.path) {
                Ok(()) => return Ok(named),
                Err(cause) => named.forget_unless(cause.kind() != io::ErrorKind::AlreadyExists, cause)?,
            }
        }
    }
}

/// A file without a name in a folder, if the file system has such.
fn nameless(folder: &Path, mode: u32) -> Option<File> {
    // It gets its name by way of the kernel's list of open files.
    if !Path::new("/proc/self/fd").is_dir() {
        return None;
    }
    File::options().read(true).write(true).mode(mode).custom_flags(libc::O_TMPFILE).open(folder).ok()
}

fn link(file: &File, to: &Path) -> io::Result<()> {
    let from = c_path(Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd())))?;
    let to = c_path(to)?;
    // SAFETY: both are C strings.
    let code = unsafe {
        libc::linkat(libc::AT_FDCWD, from.as_ptr(), libc::AT_FDCWD, to.as_ptr(), libc::AT_SYMLINK_FOLLOW)
    };
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A new name is on the disk once its folder is; where folders cannot be opened, as it may.
fn sync(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        folder.sync_all().ok();
    }
}

fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)
}

/// A name that goes when this does, or the process.
#[derive(Debug)]
struct Named {
    path: PathBuf,
    slot: Option<&'static AtomicPtr<libc::c_char>>,
}

/// The names to be removed when a signal comes. There are hardly ever two.
static NAMES: [AtomicPtr<libc::c_char>; 64] = [const { AtomicPtr::new(std::ptr::null_mut()) }; 64];

impl Named {
    fn new(folder: &Path) -> io::Result<Named> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        watch();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let random = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), number);
        let path = folder.join(format!("{PREFIX}{:x}-{random:016x}", std::process::id()));
        // A signal may come in another folder than this one.
        let text = c_path(&std::path::absolute(&path)?)?.into_raw();
        let null = std::ptr::null_mut();
        let free = |slot: &&AtomicPtr<_>| {
            slot.compare_exchange(null, text, Ordering::SeqCst, Ordering::SeqCst).is_ok()
        };
        let slot = NAMES.iter().find(free);
        if slot.is_none() {
            // SAFETY: it came from `into_raw`, and nobody else has it.
            drop(unsafe { CString::from_raw(text) });
        }
        Ok(Named { path, slot })
    }

    /// It is no longer this one's to remove.
    fn forget(mut self) {
        self.release();
        self.path = PathBuf::new();
    }

    fn forget_unless(self, failed: bool, cause: io::Error) -> io::Result<()> {
        self.forget();
        if failed { Err(cause) } else { Ok(()) }
    }

    fn release(&mut self) {
        if let Some(slot) = self.slot.take() {
            // A signal's handler that has read it already still reads it: so few bytes may stay.
            slot.store(std::ptr::null_mut(), Ordering::SeqCst);
        }
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        if self.path.as_os_str().is_empty() {
            return;
        }
        let _ = fs::remove_file(&self.path);
        self.release();
    }
}

/// Removes all names: as safe in a signal's handler as `unlink`.
extern "C" fn abandon() {
    for slot in &NAMES {
        let name = slot.swap(std::ptr::null_mut(), Ordering::SeqCst);
        if !name.is_null() {
            // SAFETY: what was stored there is a C string that is never freed.
            unsafe { libc::unlink(name) };
        }
    }
}

extern "C" fn ended(signal: libc::c_int) {
    abandon();
    // SAFETY: both may be called in a handler; the second ends the process, as without this handler.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}

/// Sees to it that names go when the process ends, by `exit` or by a signal that nobody has made plans for.
fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the function lives as long as the process.
        unsafe { libc::atexit(abandon) };
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGXFSZ, libc::SIGXCPU]
        {
            // SAFETY: all zeros are a valid value, and both structures live during the calls.
            unsafe {
                let mut now: libc::sigaction = std::mem::zeroed();
                if libc::sigaction(signal, std::ptr::null(), &raw mut now) == 0
                    && now.sa_sigaction == libc::SIG_DFL
                {
                    now.sa_sigaction = ended as *const () as usize;
                    libc::sigaction(signal, &raw const now, std::ptr::null_mut());
                }
            }
        }
    });
}

/// Removes what a kill has left in a folder; once in each, for a process that writes there often.
fn clear(folder: &Path) {
    static CLEARED: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);
    let Ok(mut cleared) = CLEARED.lock() else { return };
    if !cleared.get_or_insert_default().insert(std::path::absolute(folder).unwrap_or_default()) {
        return;
    }
    drop(cleared);
    clear_now(folder);
}

pub(crate) fn clear_now(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_name().as_bytes().starts_with(PREFIX.as_bytes()) {
            continue;
        }
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let Ok(file) = File::options().read(true).custom_flags(flags).open(entry.path()) else { continue };
        if file.metadata().is_ok_and(|about| about.is_file()) && file.try_lock().is_ok() {
            let _ = fs::remove_file(entry.path());
        }
    }
}
