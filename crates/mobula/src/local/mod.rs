//! The local engine: Ray's semantics on the threads of this process.
//!
//! Values are shared as they are and never encoded. [`Entry`] is an object, [`job`] a task on its way, [`scheduler`] decides
//! what runs, and [`engine`] is the face of it all. The README beside this file explains the protocol.

mod actor;
mod claim;
mod config;
mod engine;
mod entry;
mod group;
mod handle;
mod job;
mod mailbox;
mod names;
mod pending;
mod scheduler;
#[cfg(test)]
mod tests;
mod worker;

pub use config::LocalConfig;
pub use engine::LocalEngine;
pub use entry::Entry;
pub use group::LocalGroup;
pub use handle::LocalHandle;
