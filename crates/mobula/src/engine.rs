//! The seam between what users call and what runs it.
//!
//! Everything typed ends above this trait; below it are two engines that know tasks only as a [`TaskDef`] and values only
//! as "something that can be encoded". The local engine never encodes; the cluster engine always does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::{ActorDef, Creation, MethodSubmission, RawActor};
use crate::cluster::RemoteRef;
use crate::codec::{self, Encoded};
use crate::local::Entry;
use crate::placement::{GroupSpec, RawGroup};
use crate::shared::Shared;
use crate::task::{Arg, Options, TaskDef};
use crate::{Error, Node, Resources, Result, RuntimeContext, Value};

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
    pub(crate) shared: Shared,
    append: fn(&Shared, &mut codec::Encoder) -> Result<()>,
}

impl AnyValue {
    pub(crate) fn new<T: Value>(value: T) -> Self {
        AnyValue { shared: Shared::new(value), append: |shared, encoder| encoder.append(shared.get::<T>()?) }
    }

    pub(crate) fn encode(&self) -> Result<Encoded> {
        self.encode_with(codec::Encoder::default())
    }

    pub(crate) fn encode_with(&self, mut encoder: codec::Encoder) -> Result<Encoded> {
        self.append_to(&mut encoder)?;
        Ok(encoder.finish())
    }

    pub(crate) fn append_to(&self, encoder: &mut codec::Encoder) -> Result<()> {
        (self.append)(&self.shared, encoder)
    }
}

/// A value as an engine hands it out.
pub enum Fetched {
    /// The value itself, perhaps shared with others.
    Shared(Shared),
    /// The value in transit.
    Encoded(Encoded),
}

impl Fetched {
    /// The value as its own: moved out where nobody else holds it.
    pub(crate) fn into_owned<T: Value>(self) -> Result<T> {
        match self {
            Fetched::Shared(shared) => shared.into_owned(),
            Fetched::Encoded(encoded) => codec::decode(&encoded),
        }
    }

    pub(crate) fn into_shared<T: Value>(self) -> Result<Arc<T>> {
        match self {
            Fetched::Shared(shared) => shared.into_arc(),
            Fetched::Encoded(encoded) => codec::decode(&encoded).map(Arc::new),
        }
    }
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
    /// Starts an actor, which makes itself ready in its own time.
    fn spawn(&self, creation: Creation) -> Result<RawActor>;
    /// Calls a method of an actor.
    fn call(&self, call: MethodSubmission) -> Result<Vec<RawRef>>;
    /// The live actor of that name, which has to be one of that type.
    fn get_actor(&self, actor: &'static ActorDef, name: &str, namespace: Option<&str>) -> Result<RawActor>;
    /// Ends an actor at once; without `no_restart` as if its process had died.
    fn kill(&self, actor: &RawActor, no_restart: bool) -> Result<()>;
    fn create_group(&self, spec: &GroupSpec) -> Result<RawGroup>;
    fn group_ready(&self, group: &RawGroup, timeout: Option<Duration>) -> Result<()>;
    fn remove_group(&self, group: &RawGroup) -> Result<()>;
    fn context(&self) -> Result<RuntimeContext>;
    fn env_var(&self, name: &str) -> Option<String>;
    fn working_dir(&self) -> Result<PathBuf>;
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
    /// Where the cluster's dashboard is, if it has one.
    fn dashboard(&self) -> Result<Option<String>> {
        Ok(None)
    }
    /// One line that describes where this engine runs, for people.
    fn describe(&self) -> Result<String>;
    fn is_local(&self) -> bool;
}
