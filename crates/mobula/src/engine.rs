//! The seam between what users call and what runs it.
//!
//! Everything typed ends above this trait; below it are two engines that know tasks only as a [`TaskDef`] and values only
//! as "something that can be encoded". The local engine never encodes; the cluster engine always does.

use std::any::{Any, TypeId};
use std::sync::Arc;
use std::time::Duration;

use crate::cluster::RemoteRef;
use crate::codec::{self, Encoded};
use crate::local::Entry;
use crate::task::{Arg, Options, TaskDef};
use crate::{Error, Node, Resources, Result, Value};

/// A reference to an object of either engine.
#[derive(Clone)]
pub enum RawRef {
    Local(Arc<Entry>),
    Remote(Arc<RemoteRef>),
}

impl RawRef {
    pub(crate) fn foreign() -> Error {
        Error::Invalid("an object reference of one engine was given to another".into())
    }
}

/// A value of some type, and how to encode it when that turns out to be needed.
#[derive(Clone)]
pub struct AnyValue {
    pub(crate) shared: Arc<dyn Any + Send + Sync>,
    encode: fn(&(dyn Any + Send + Sync)) -> Result<Encoded>,
    append: fn(&(dyn Any + Send + Sync), &mut codec::Encoder) -> Result<()>,
}

impl AnyValue {
    pub(crate) fn new<T: Value>(value: T) -> Self {
        AnyValue { shared: share(value), encode: encode_any::<T>, append: append_any::<T> }
    }

    pub(crate) fn encode(&self) -> Result<Encoded> {
        (self.encode)(&*self.shared)
    }

    pub(crate) fn append_to(&self, encoder: &mut codec::Encoder) -> Result<()> {
        (self.append)(&*self.shared, encoder)
    }
}

/// Tasks without a result are common, and need no allocation for it.
fn share<T: Value>(value: T) -> Arc<dyn Any + Send + Sync> {
    thread_local! {
        static UNIT: Arc<()> = Arc::new(());
    }
    if TypeId::of::<T>() == TypeId::of::<()>() { UNIT.with(|unit| unit.clone()) } else { Arc::new(value) }
}

fn typed<T: Value>(value: &(dyn Any + Send + Sync)) -> Result<&T> {
    value.downcast_ref().ok_or_else(|| {
        Error::Internal(format!("a value is not the {} it was made as", std::any::type_name::<T>()))
    })
}

fn encode_any<T: Value>(value: &(dyn Any + Send + Sync)) -> Result<Encoded> {
    codec::encode(typed::<T>(value)?)
}

fn append_any<T: Value>(value: &(dyn Any + Send + Sync), encoder: &mut codec::Encoder) -> Result<()> {
    encoder.append(typed::<T>(value)?)
}

/// A value as an engine hands it out.
pub enum Fetched {
    /// The value itself, perhaps shared with others.
    Shared(Arc<dyn Any + Send + Sync>),
    /// The value in transit.
    Encoded(Encoded),
}

impl Fetched {
    /// The value as its own: moved out where nobody else holds it.
    pub(crate) fn into_owned<T: Value>(self) -> Result<T> {
        match self {
            Fetched::Shared(any) => Ok(Arc::unwrap_or_clone(downcast::<T>(any)?)),
            Fetched::Encoded(encoded) => codec::decode(&encoded),
        }
    }

    pub(crate) fn into_shared<T: Value>(self) -> Result<Arc<T>> {
        match self {
            Fetched::Shared(any) => downcast(any),
            Fetched::Encoded(encoded) => codec::decode(&encoded).map(Arc::new),
        }
    }
}

fn downcast<T: Value>(any: Arc<dyn Any + Send + Sync>) -> Result<Arc<T>> {
    any.downcast().map_err(|_| Error::Codec(format!("the object is not a {}", std::any::type_name::<T>())))
}

/// One task on its way to an engine.
pub struct Submission {
    pub(crate) task: &'static TaskDef,
    pub(crate) args: Vec<Arg>,
    /// What the call overrides; `None` is the common case and costs nothing.
    pub(crate) overrides: Option<Box<Options>>,
    /// `None`: one return value. `Some(n)`: the task's `Vec` in `n` objects.
    pub(crate) num_returns: Option<usize>,
}

/// What runs tasks and keeps objects.
pub trait Engine: Send + Sync {
    fn submit(&self, call: Submission) -> Result<Vec<RawRef>>;
    /// As `submit` for a call with one return value.
    fn submit_one(&self, call: Submission) -> Result<RawRef> {
        self.submit(call)?.pop().ok_or_else(|| Error::Internal("the engine returned no reference".into()))
    }
    fn put(&self, value: AnyValue) -> Result<RawRef>;
    /// Hands the values to `each` in order, once all are there, or gives the first error in order. `None` waits for ever.
    fn get(
        &self,
        refs: &[&RawRef],
        timeout: Option<Duration>,
        each: &mut dyn FnMut(Fetched) -> Result<()>,
    ) -> Result<()>;
    /// Which are ready, once `num_returns` of them are or the time is up. Failed counts as ready.
    fn wait(&self, refs: &[&RawRef], num_returns: usize, timeout: Option<Duration>) -> Result<Vec<bool>>;
    fn cancel(&self, object: &RawRef, force: bool) -> Result<()>;
    /// `Err(Cancelled)` inside a task that was cancelled.
    fn check_cancelled(&self) -> Result<()>;
    fn nodes(&self) -> Result<Vec<Node>>;
    fn available_resources(&self) -> Result<Resources>;
    /// One line that describes where this engine runs, for people.
    fn describe(&self) -> Result<String>;
    fn is_local(&self) -> bool;
}
