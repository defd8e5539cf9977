//! This process's host, once it has introduced itself.

use std::sync::OnceLock;

use super::table::{ABI, Host};
use crate::{Error, Result};

static HOST: OnceLock<Host> = OnceLock::new();

/// The host's table.
///
/// # Errors
/// [`Error::Disconnected`] outside a host.
pub(super) fn host() -> Result<&'static Host> {
    HOST.get().ok_or_else(|| Error::Disconnected("this process is not hosted by Ray".into()))
}

/// The host's table, for a `drop`, which can do nothing about its absence.
pub(super) fn try_host() -> Option<&'static Host> {
    HOST.get()
}

/// Keeps a copy of the table, unless its version is another.
///
/// # Safety
/// `table` points to at least the two numbers that every version begins with and, where they are ours, to a whole table.
pub(super) unsafe fn introduce(table: *const Host) -> bool {
    if table.is_null() {
        return false;
    }
    // SAFETY: the two numbers are there in every version.
    let (abi, size) = unsafe { ((&raw const (*table).abi).read(), (&raw const (*table).size).read()) };
    if abi != ABI || size as usize != size_of::<Host>() {
        return false;
    }
    // SAFETY: the version and the size are ours.
    let _ = HOST.set(unsafe { table.read() });
    true
}
