//! Tasks: functions that run somewhere else.
//!
//! `#[mobula::task]` leaves the function as it is and puts a type of the same name beside it (types and functions have
//! separate namespaces), whose `remote` starts a [`TaskCall`]. What the two engines see of the function is its
//! [`TaskDef`].

mod args;
mod call;
mod def;
mod failure;
mod map;
mod options;

pub use args::{Again, Arg, Args, GATHER, INLINE, IntoArg, NEXT_REF, Param, WireArgs, references};
pub(crate) use call::option_setters;
pub use call::{ManyCall, TaskCall};
pub use def::{About, NoSplit, Output, SplitProbe, TaskDef, find, registered};
pub(crate) use def::{Made, fnv};
pub use failure::{Outcome, TaskFailure, catch};
pub use map::{MapCall, run_chunk};
pub use options::{Demand, Options, Scheduling, UNIT};
