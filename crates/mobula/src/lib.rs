//! Ray for Rust: tasks and objects, embedded in one process by default and unchanged on a real Ray cluster.
//!
//! ```
//! use mobula::{LocalConfig, ObjectRef, Ray};
//!
//! #[mobula::task]
//! fn square(x: u64) -> u64 {
//!     x * x
//! }
//!
//! #[mobula::task(num_cpus = 0.5)]
//! fn sum(parts: Vec<u64>) -> u64 {
//!     parts.iter().sum()
//! }
//!
//! fn program(ray: &Ray) -> mobula::Result<u64> {
//!     let squares: Vec<ObjectRef<u64>> = (0..4).map(|x| square::remote(x).submit(ray)).collect::<Result<_, _>>()?;
//!     sum::remote(squares).submit(ray)?.get(ray) // references stand for their values
//! }
//! assert_eq!(program(&Ray::local(LocalConfig::default()))?, 14);
//! # Ok::<(), mobula::Error>(())
//! ```
//!
//! A Mobula program is a Cargo package whose library is an `rlib` and a `cdylib`, with a `main` under
//! [`#[mobula::main]`](macro@main). Its executable runs it on threads, or, given an address, on a cluster, whose nodes need
//! `pip install "ray[default]"` and nothing else.

mod actor;
mod address;
mod blob;
mod cluster;
mod codec;
mod context;
mod engine;
mod error;
mod files;
mod local;
mod node;
mod object_ref;
mod placement;
mod program;
mod ray;
mod runtime_env;
mod shared;
mod task;
mod value;

pub use actor::{Actor, ActorCall, ActorHandle, ActorOptions, GroupCall, GroupRef, Lifetime};
pub use actor::{ManyMethodCall, MethodCall, MethodOptions};
pub use address::Address;
pub use blob::Blob;
pub use cluster::python;
pub use context::RuntimeContext;
pub use error::{Error, Result};
pub use files::Files;
pub use local::LocalConfig;
pub use mobula_macros::{actor, main, task};
pub use node::{Node, Resources};
pub use object_ref::ObjectRef;
pub use placement::{PlacementGroup, PlacementStrategy};
pub use program::{AnyArguments, Arguments, ExitStatus, args, report_error};
pub use ray::{Get, Ray};
pub use runtime_env::RuntimeEnv;
pub use task::{IntoArg, ManyCall, MapCall, Options, Scheduling, TaskCall};
pub use value::Value;

// The macros name this crate from outside; its own tests use them too.
#[cfg(any(test, feature = "fuzz"))]
extern crate self as mobula;

/// What the targets in `fuzz/` run; not for anybody else.
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub use cluster::fuzz;

/// What the macros' expansions use; not for anybody else.
#[doc(hidden)]
pub mod private {
    pub use {inventory, parking_lot, serde};

    pub use crate::actor::{ActorDef, Instance, MethodDef, RawActor, Sealed, state};
    pub use crate::cluster::{ProgramTable, program_table};
    pub use crate::program::{Definition, Parsed, run};
    pub use crate::task::{
        About, Again, Arg, Args, NoSplit, Outcome, Output, Param, SplitProbe, TaskDef, TaskFailure, run_chunk,
    };
}
