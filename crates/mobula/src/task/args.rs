//! The arguments of a task on their way in.

use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;

use crate::codec::{self, Encoded};
use crate::engine::{AnyValue, Fetched, RawRef};
use crate::shared::Shared;
use crate::{Error, ObjectRef, Result, Value};

/// One argument as the caller gave it.
#[derive(Clone)]
pub enum Arg {
    /// By value.
    Value(AnyValue),
    /// By reference: the task sees the object's value.
    Ref(RawRef),
    /// A list of references: the task sees a `Vec` of their values, which the function makes of shared ones.
    Gather(Vec<RawRef>, CollectShared),
}

/// The references that are taken as arguments.
pub fn references(args: &[Arg]) -> impl Iterator<Item = &RawRef> {
    args.iter().flat_map(|arg| match arg {
        Arg::Value(_) => &[][..],
        Arg::Ref(raw) => std::slice::from_ref(raw),
        Arg::Gather(refs, _) => refs,
    })
}

/// Makes a `Vec<T>` of objects that hold a `T` each, where `T` is known only to the caller.
pub type CollectShared = fn(Vec<Fetched>) -> Result<Fetched>;

fn collect_shared<T: Value>(values: Vec<Fetched>) -> Result<Fetched> {
    let values: Result<Vec<T>> = values.into_iter().map(Fetched::into_owned).collect();
    Ok(Fetched::Shared(Shared::new(values?)))
}

/// What may stand for a parameter of type `T`: a `T`, a reference to one, or, for a `Vec`, a list of references.
///
/// Either way the task's function gets a `T`; where it is a reference, the task starts once the value is there. What refers
/// to something else does not compile:
///
/// ```compile_fail,E0277
/// #[mobula::task]
/// fn length(text: &str) -> usize {
///     text.len()
/// }
///
/// # fn main() -> mobula::Result<()> {
/// # let ray = mobula::Ray::local(mobula::LocalConfig::default());
/// let number = ray.put(5_u64)?;
/// length::remote(number).submit(&ray)?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{T}` is wanted here, or a reference to one, not a `{Self}`",
    label = "expected `{T}` or `ObjectRef<{T}>`"
)]
pub trait IntoArg<T> {
    #[doc(hidden)]
    fn into_arg(self) -> Arg;
}

impl<T: Value> IntoArg<T> for T {
    fn into_arg(self) -> Arg {
        Arg::Value(AnyValue::new(self))
    }
}

impl IntoArg<String> for &str {
    fn into_arg(self) -> Arg {
        Arg::Value(AnyValue::new(self.to_string()))
    }
}

impl<T: Value> IntoArg<T> for ObjectRef<T> {
    fn into_arg(self) -> Arg {
        Arg::Ref(self.raw)
    }
}

impl<T: Value> IntoArg<T> for &ObjectRef<T> {
    fn into_arg(self) -> Arg {
        Arg::Ref(self.raw.clone())
    }
}

/// An argument that is given more than once: to each actor of a group.
pub struct Again<T> {
    arg: Arg,
    kind: PhantomData<fn() -> T>,
}

impl<T> Again<T> {
    /// To be given with [`again`](Again::again).
    pub fn new(arg: Arg) -> Self {
        Again { arg, kind: PhantomData }
    }

    /// Once more. A value is shared with those who got it before.
    pub fn again(&self) -> Self {
        Again::new(self.arg.clone())
    }
}

impl<T: Value> IntoArg<T> for Again<T> {
    fn into_arg(self) -> Arg {
        self.arg
    }
}

impl<T: Value> IntoArg<Vec<T>> for Vec<ObjectRef<T>> {
    fn into_arg(self) -> Arg {
        Arg::Gather(self.into_iter().map(|r| r.raw).collect(), collect_shared::<T>)
    }
}

impl<T: Value> IntoArg<Vec<T>> for &[ObjectRef<T>] {
    fn into_arg(self) -> Arg {
        Arg::Gather(self.iter().map(|r| r.raw.clone()).collect(), collect_shared::<T>)
    }
}

impl<T: Value> IntoArg<Vec<T>> for &Vec<ObjectRef<T>> {
    fn into_arg(self) -> Arg {
        self.as_slice().into_arg()
    }
}

/// The arguments as the task's function takes them, one after another.
pub struct Args<'a>(Source<'a>);

enum Source<'a> {
    Shared(std::vec::IntoIter<Fetched>),
    Wire(WireArgs<'a>),
}

/// The arguments of a task on a worker: one message for all that came by value, and the resolved references beside it.
pub struct WireArgs<'a> {
    pub(crate) inline: &'a [u8],
    pub(crate) blobs: Vec<Bytes>,
    pub(crate) refs: Vec<RawRef>,
    pub(crate) resolved: std::vec::IntoIter<Encoded>,
}

/// How an argument stands in the message: its value follows.
pub const INLINE: u8 = 0;
/// The next resolved reference is its value.
pub const NEXT_REF: u8 = 1;
/// A `u32` follows (little endian), and that many resolved references are the elements of its value.
pub const GATHER: u8 = 2;

/// A parameter's value: its own, or shared with others that hold the object.
pub enum Param<T> {
    #[doc(hidden)]
    Owned(T),
    #[doc(hidden)]
    Shared(Arc<T>),
}

impl<T> Param<T> {
    /// Of a value that is nobody else's.
    pub fn own(value: T) -> Self {
        Param::Owned(value)
    }
}

impl<T: Clone> Param<T> {
    /// The value as its own; cloned only if somebody else still holds it.
    pub fn into_owned(self) -> T {
        match self {
            Param::Owned(value) => value,
            Param::Shared(shared) => Arc::unwrap_or_clone(shared),
        }
    }
}

impl<T> AsRef<T> for Param<T> {
    fn as_ref(&self) -> &T {
        match self {
            Param::Owned(value) => value,
            Param::Shared(shared) => shared,
        }
    }
}

impl<'a> Args<'a> {
    pub(crate) fn shared(args: Vec<Fetched>) -> Self {
        Args(Source::Shared(args.into_iter()))
    }

    pub(crate) fn wire(args: WireArgs<'a>) -> Self {
        Args(Source::Wire(args))
    }

    /// The next argument, which the task's function calls `name`.
    ///
    /// # Errors
    /// [`Codec`](Error::Codec) where what came is not a `T`.
    pub fn next<T: Value>(&mut self, name: &'static str) -> Result<Param<T>> {
        let taken = match &mut self.0 {
            Source::Shared(args) => {
                args.next().ok_or_else(missing).and_then(Fetched::into_shared).map(Param::Shared)
            }
            Source::Wire(args) => args.take().map(Param::Owned),
        };
        taken.map_err(|e| match e {
            Error::Codec(why) => Error::Codec(format!("argument `{name}`: {why}")),
            other => other,
        })
    }
}

fn missing() -> Error {
    Error::Codec("it did not come with the call".into())
}

impl WireArgs<'_> {
    fn take<T: Value>(&mut self) -> Result<T> {
        let (&kind, rest) = self.inline.split_first().ok_or_else(missing)?;
        self.inline = rest;
        match kind {
            INLINE => codec::decode_front(&mut self.inline, &self.blobs, &self.refs),
            NEXT_REF => codec::decode(&self.resolved.next().ok_or_else(missing)?),
            GATHER => {
                let (count, rest) = self.inline.split_first_chunk::<4>().ok_or_else(missing)?;
                self.inline = rest;
                let count = u32::from_le_bytes(*count) as usize;
                if count > self.resolved.len() {
                    return Err(missing());
                }
                codec::decode_list(self.resolved.by_ref().take(count))
            }
            other => Err(Error::Codec(format!("it is marked {other}, which is no kind of argument"))),
        }
    }
}
