//! A call on its way: options, then `submit`.

use std::marker::PhantomData;

use super::{Arg, Options, Scheduling, TaskDef};
use crate::engine::Submission;
use crate::{ObjectRef, PlacementGroup, Ray, Result, RuntimeEnv, Value};

/// A task call whose arguments are given; what `function::remote(…)` returns.
///
/// Options set here override the attribute's. Nothing runs before [`submit`](TaskCall::submit).
#[must_use = "nothing runs before `submit`"]
pub struct TaskCall<T> {
    task: &'static TaskDef,
    args: Vec<Arg>,
    overrides: Option<Box<Options>>,
    kind: PhantomData<fn() -> T>,
}

/// A task call whose `Vec` comes back as several objects; what [`num_returns`](TaskCall::num_returns) makes of a call.
#[must_use = "nothing runs before `submit_all`"]
pub struct ManyCall<T> {
    call: TaskCall<Vec<T>>,
    num_returns: usize,
}

impl<T: Value> TaskCall<T> {
    #[doc(hidden)]
    pub fn new(task: &'static TaskDef, args: Vec<Arg>) -> Self {
        TaskCall { task, args, overrides: None, kind: PhantomData }
    }

    pub(crate) fn with(task: &'static TaskDef, args: Vec<Arg>, overrides: Option<Box<Options>>) -> Self {
        TaskCall { task, args, overrides, kind: PhantomData }
    }

    fn over(&mut self) -> &mut Options {
        self.overrides.get_or_insert_default()
    }

    /// Hands the task to the engine. It runs once its arguments are there and a node has room.
    ///
    /// # Errors
    /// [`Invalid`](crate::Error::Invalid) for an option out of range, [`Unschedulable`](crate::Error::Unschedulable) for
    /// a task that is larger than every node, [`Codec`](crate::Error::Codec) for an argument that serde refuses.
    pub fn submit(self, ray: &Ray) -> Result<ObjectRef<T>> {
        let raw = ray.engine().submit_one(self.submission(None))?;
        Ok(ObjectRef::new(raw))
    }

    fn submission(self, num_returns: Option<usize>) -> Submission {
        Submission { task: self.task, args: self.args, overrides: self.overrides, num_returns }
    }
}

impl<T: Value> TaskCall<Vec<T>> {
    /// The task's `Vec` has `n` elements, and each becomes an object of its own: Ray's `num_returns`.
    ///
    /// A `Vec` of another length fails the task.
    pub fn num_returns(self, n: usize) -> ManyCall<T> {
        ManyCall { call: self, num_returns: n }
    }
}

impl<T: Value> ManyCall<T> {
    /// Hands the task to the engine: [`TaskCall::submit`], with a reference for each element.
    ///
    /// # Errors
    /// As [`TaskCall::submit`].
    pub fn submit_all(self, ray: &Ray) -> Result<Vec<ObjectRef<T>>> {
        let n = self.num_returns;
        let refs = ray.engine().submit(self.call.submission(Some(n)))?;
        Ok(refs.into_iter().map(ObjectRef::new).collect())
    }
}

/// Writes the setters of options for one kind of call: which call, where its options are, then each with its documentation.
macro_rules! option_setters {
    ([$($head:tt)*] |$call:ident| $over:expr; $($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) |$options:ident| $set:expr;)*) => {
        $($head)* {
            $($(#[$doc])* pub fn $name(mut self $(, $arg: $type)*) -> Self {
                let $call = &mut self;
                let $options = $over;
                $set;
                self
            })*
        }
    };
}
pub(crate) use option_setters;

macro_rules! task_setters {
    ($($setters:tt)*) => {
        option_setters! { [impl<T: Value> TaskCall<T>] |call| call.over(); $($setters)* }
        option_setters! { [impl<T: Value> ManyCall<T>] |many| many.call.over(); $($setters)* }
    };
}

task_setters! {
    /// CPUs that the task takes while it runs; fractions and 0 are fine.
    num_cpus(n: f64) |o| o.num_cpus = Some(n);
    /// GPUs that the task takes while it runs.
    num_gpus(n: f64) |o| o.num_gpus = Some(n);
    /// Bytes of memory that the task reserves.
    memory(bytes: u64) |o| o.memory = Some(bytes);
    /// An amount of a custom resource.
    resource(name: impl Into<String>, amount: f64) |o| { o.resources.insert(name.into(), amount) };
    /// How often the task is tried again; -1 for ever.
    max_retries(n: i64) |o| o.max_retries = Some(n);
    /// Whether an `Err` or a panic is tried again too, not only the loss of a worker.
    retry_exceptions(yes: bool) |o| o.retry_exceptions = Some(yes);
    /// The name that Ray's state API and dashboard show.
    name(name: impl Into<String>) |o| o.name = Some(name.into());
    /// Spread such tasks over the nodes: Ray's `"SPREAD"`.
    spread() |o| o.scheduling = Some(Scheduling::Spread);
    /// On the node with this id; with `soft`, elsewhere if it is gone.
    node_affinity(node_id: impl Into<String>, soft: bool)
        |o| o.scheduling = Some(Scheduling::NodeAffinity { node_id: node_id.into(), soft });
    /// In a [placement group](PlacementGroup): in this bundle, or in any with room.
    placement_group(group: &PlacementGroup, bundle: Option<usize>)
        |o| o.scheduling = Some(Scheduling::in_group(group, bundle));
    /// What its process needs to find there.
    runtime_env(env: RuntimeEnv) |o| o.runtime_env = Some(env);
}
