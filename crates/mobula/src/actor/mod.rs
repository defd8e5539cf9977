//! Actors: values that live in one place and are called there.
//!
//! `#[mobula::actor]` leaves an `impl` block as it is and puts beside it a handle type with the same methods, which start a
//! [`MethodCall`], and a group type, whose methods call all of its members at once. What the two engines see of an actor is
//! its [`ActorDef`]: a function that makes an [`Instance`], and one function for each method.

mod call;
mod def;
mod group;
mod handle;
mod method;
mod options;

pub use call::ActorCall;
pub(crate) use call::Creation;
pub use def::{ActorDef, Instance, MethodDef, find, find_method, registered, state};
pub use group::{GroupCall, GroupRef};
pub use handle::sealed::Token as Sealed;
pub use handle::{Actor, ActorHandle, RawActor};
pub(crate) use method::MethodSubmission;
pub use method::{ManyMethodCall, MethodCall, MethodOptions};
pub use options::{ActorOptions, Lifetime};
pub(crate) use options::{less, times};
