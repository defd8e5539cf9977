//! The handle that everything starts from.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::{Actor, ActorHandle, Sealed};
use crate::engine::{AnyValue, Engine, Fetched, RawRef};
use crate::local::{LocalConfig, LocalEngine};
use crate::placement::{GroupSpec, PlacementGroup, PlacementStrategy};
use crate::{Error, Node, ObjectRef, Resources, Result, RuntimeContext, Value};

/// A connection to the engine: threads of this process, or a Ray cluster.
///
/// `#[mobula::main]` hands one to the program, and a task whose first parameter is a `&Ray` gets one, so that it can submit,
/// put and get as the driver does. Cheap to clone, and usable from several threads.
#[derive(Clone)]
pub struct Ray {
    engine: Arc<dyn Engine>,
}

impl fmt::Debug for Ray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_local() { "Ray(local)" } else { "Ray(cluster)" })
    }
}

/// What [`Ray::get`] takes: a reference, or several.
pub trait Get {
    /// The value, or a `Vec` of them in order.
    type Output;
    #[doc(hidden)]
    fn get(self, ray: &Ray, timeout: Option<Duration>) -> Result<Self::Output>;
}

impl<T: Value> Get for &ObjectRef<T> {
    type Output = T;

    fn get(self, ray: &Ray, timeout: Option<Duration>) -> Result<T> {
        ray.fetch_one(&self.raw, timeout)?.into_owned()
    }
}

impl<T: Value> Get for &[ObjectRef<T>] {
    type Output = Vec<T>;

    fn get(self, ray: &Ray, timeout: Option<Duration>) -> Result<Vec<T>> {
        let refs: Vec<&RawRef> = self.iter().map(|r| &r.raw).collect();
        let mut values = Vec::with_capacity(refs.len());
        ray.engine.get(&refs, finite(timeout), &mut |value| {
            values.push(value.into_owned()?);
            Ok(())
        })?;
        Ok(values)
    }
}

impl<T: Value> Get for &Vec<ObjectRef<T>> {
    type Output = Vec<T>;

    fn get(self, ray: &Ray, timeout: Option<Duration>) -> Result<Vec<T>> {
        Get::get(self.as_slice(), ray, timeout)
    }
}

impl<T: Value, const N: usize> Get for &[ObjectRef<T>; N] {
    type Output = Vec<T>;

    fn get(self, ray: &Ray, timeout: Option<Duration>) -> Result<Vec<T>> {
        Get::get(self.as_slice(), ray, timeout)
    }
}

impl Ray {
    /// The local engine on its own, for tests and for programs without `#[mobula::main]`.
    ///
    /// ```
    /// use mobula::{LocalConfig, Ray};
    /// let ray = Ray::local(LocalConfig::default());
    /// let object = ray.put("hello".to_string())?;
    /// assert_eq!(ray.get(&object)?, "hello");
    /// # Ok::<(), mobula::Error>(())
    /// ```
    pub fn local(config: LocalConfig) -> Ray {
        Ray::over(Arc::new(LocalEngine::start(config)))
    }

    pub(crate) fn over(engine: Arc<dyn Engine>) -> Ray {
        Ray { engine }
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    fn fetch_one(&self, raw: &RawRef, timeout: Option<Duration>) -> Result<Fetched> {
        let mut fetched = None;
        self.engine.get(&[raw], finite(timeout), &mut |value| {
            fetched = Some(value);
            Ok(())
        })?;
        fetched.ok_or_else(|| Error::Internal("the engine gave no value for a reference".into()))
    }

    /// Stores a value and returns a reference to it.
    ///
    /// # Errors
    /// [`Codec`](Error::Codec), [`OutOfMemory`](Error::OutOfMemory); none on the local engine.
    pub fn put<T: Value>(&self, value: T) -> Result<ObjectRef<T>> {
        Ok(ObjectRef::new(self.engine.put(AnyValue::new(value))?))
    }

    /// Waits for one value (`&ObjectRef<T>`) or for several in order (`&[ObjectRef<T>]`).
    ///
    /// Inside a task, waiting gives the task's CPUs back for the time being, so that tasks may wait for tasks.
    ///
    /// # Errors
    /// What the task failed with; of several, the first in order.
    pub fn get<G: Get>(&self, refs: G) -> Result<G::Output> {
        refs.get(self, None)
    }

    /// As [`get`](Ray::get), but no longer than `timeout`; from a hundred years on there is no end to it.
    ///
    /// # Errors
    /// [`Timeout`](Error::Timeout) as well.
    pub fn get_timeout<G: Get>(&self, refs: G, timeout: Duration) -> Result<G::Output> {
        refs.get(self, Some(timeout))
    }

    /// Waits for a value and shares it: on the local engine without a copy, however many others hold it.
    ///
    /// # Errors
    /// As [`get`](Ray::get).
    pub fn get_shared<T: Value>(&self, object: &ObjectRef<T>) -> Result<Arc<T>> {
        self.fetch_one(&object.raw, None)?.into_shared()
    }

    /// Waits until `num_returns` of the references are ready or `timeout` is over, and parts them into the ready and the
    /// rest, each in the order given. Ready means that `get` will not block: a task that failed is ready.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) where `num_returns` is 0 or more than there are references.
    #[allow(clippy::type_complexity)]
    pub fn wait<T: Value>(
        &self,
        refs: Vec<ObjectRef<T>>,
        num_returns: usize,
        timeout: Option<Duration>,
    ) -> Result<(Vec<ObjectRef<T>>, Vec<ObjectRef<T>>)> {
        if num_returns == 0 || num_returns > refs.len() {
            return Err(Error::Invalid(format!(
                "wait: num_returns = {num_returns} of {} references: it is at least 1 and at most all",
                refs.len()
            )));
        }
        let ready = self.ready(&refs, num_returns, timeout)?;
        let (done, rest): (Vec<_>, Vec<_>) = refs.into_iter().zip(ready).partition(|(_, ready)| *ready);
        let strip = |list: Vec<(ObjectRef<T>, bool)>| list.into_iter().map(|(object, _)| object).collect();
        Ok((strip(done), strip(rest)))
    }

    pub(crate) fn ready<T>(
        &self,
        refs: &[ObjectRef<T>],
        num_returns: usize,
        timeout: Option<Duration>,
    ) -> Result<Vec<bool>> {
        let raw: Vec<&RawRef> = refs.iter().map(|r| &r.raw).collect();
        self.engine.wait(&raw, num_returns, finite(timeout))
    }

    /// Cancels the task that makes this object, and the tasks that it started.
    ///
    /// A task that waits never starts. One that runs is told at its next call of the engine, or when it asks
    /// ([`check_cancelled`](Ray::check_cancelled)); with `force` Ray ends its worker process at once, and the local
    /// engine, whose threads cannot be ended, drops its result. `get` then gives [`Cancelled`](Error::Cancelled).
    /// Nothing happens where the task is done.
    ///
    /// # Errors
    /// [`Disconnected`](Error::Disconnected).
    pub fn cancel<T>(&self, object: &ObjectRef<T>, force: bool) -> Result<()> {
        self.engine.cancel(&object.raw, force)
    }

    /// For tasks that run long without calling the engine: `Err` once this task was cancelled.
    ///
    /// # Errors
    /// [`Cancelled`](Error::Cancelled), to be passed on with `?`.
    pub fn check_cancelled(&self) -> Result<()> {
        self.engine.check_cancelled()
    }

    /// The live actor of this name and type, in this job's namespace.
    ///
    /// ```
    /// use mobula::{LocalConfig, Ray};
    ///
    /// #[derive(Default)]
    /// struct Counter(u64);
    ///
    /// #[mobula::actor]
    /// impl Counter {
    ///     pub fn new() -> Self {
    ///         Counter::default()
    ///     }
    ///
    ///     pub fn add(&mut self, n: u64) -> u64 {
    ///         self.0 += n;
    ///         self.0
    ///     }
    /// }
    ///
    /// let ray = Ray::local(LocalConfig::default());
    /// let counter = Counter::remote().name("hits").spawn(&ray)?;
    /// counter.add(2).get(&ray)?;
    /// assert_eq!(ray.get_actor::<Counter>("hits")?.add(3).get(&ray)?, 5);
    /// # Ok::<(), mobula::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) where there is none, or one of another type.
    pub fn get_actor<A: Actor>(&self, name: &str) -> Result<A::Handle> {
        Ok(A::Handle::from_raw(self.engine.get_actor(A::def(), name, None)?, Sealed))
    }

    /// As [`get_actor`](Ray::get_actor), in a namespace.
    ///
    /// # Errors
    /// As there.
    pub fn get_actor_in<A: Actor>(&self, namespace: &str, name: &str) -> Result<A::Handle> {
        Ok(A::Handle::from_raw(self.engine.get_actor(A::def(), name, Some(namespace))?, Sealed))
    }

    /// Ends an actor at once, whatever it does. Its calls fail with [`ActorDied`](Error::ActorDied).
    ///
    /// With `no_restart` it stays dead, Ray's default; without, it is started again if it may be (`max_restarts`). A
    /// method that runs meanwhile goes on unseen on the local engine, whose threads cannot be ended, up to its next call of the
    /// engine.
    ///
    /// # Errors
    /// [`Disconnected`](Error::Disconnected). Killing a dead actor does nothing.
    pub fn kill(&self, actor: &impl ActorHandle, no_restart: bool) -> Result<()> {
        self.engine.kill(actor.raw(), no_restart)
    }

    /// Reserves bundles of resources (`CPU`, `GPU`, `memory`, custom names), all together or not at all.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) for an impossible amount, [`Unschedulable`](Error::Unschedulable) where the nodes could never
    /// satisfy it.
    pub fn placement_group<B, S>(&self, bundles: &[B], strategy: PlacementStrategy) -> Result<PlacementGroup>
    where
        B: Clone + IntoIterator<Item = (S, f64)>,
        S: Into<String>,
    {
        let spec = GroupSpec::new(bundles, strategy)?;
        Ok(PlacementGroup { raw: self.engine.create_group(&spec)? })
    }

    /// Where this code runs: node, job, actor, and whether the actor was started again.
    ///
    /// # Errors
    /// [`Disconnected`](Error::Disconnected).
    pub fn context(&self) -> Result<RuntimeContext> {
        self.engine.context()
    }

    /// An environment variable as this task or actor sees it, those of its [`RuntimeEnv`](crate::RuntimeEnv) included. `None`
    /// also for a value that is not Unicode.
    pub fn env_var(&self, name: &str) -> Option<String> {
        self.engine.env_var(name)
    }

    /// The folder in which this task or actor works: that of its [`RuntimeEnv`](crate::RuntimeEnv), or the process's own.
    ///
    /// # Errors
    /// [`Internal`](Error::Internal) where the process's own is gone.
    pub fn working_dir(&self) -> Result<PathBuf> {
        self.engine.working_dir()
    }

    /// The cluster's nodes, dead ones included.
    ///
    /// # Errors
    /// [`Disconnected`](Error::Disconnected).
    pub fn nodes(&self) -> Result<Vec<Node>> {
        self.engine.nodes()
    }

    /// All resources of the nodes that are alive, used or not.
    ///
    /// # Errors
    /// [`Disconnected`](Error::Disconnected).
    pub fn cluster_resources(&self) -> Result<Resources> {
        Ok(Ray::total(&self.nodes()?))
    }

    pub(crate) fn total(nodes: &[Node]) -> Resources {
        let mut all = Resources::new();
        for node in nodes.iter().filter(|node| node.alive) {
            for (name, amount) in &node.resources {
                *all.entry(name.clone()).or_default() += amount;
            }
        }
        all
    }

    /// What of them no task holds at the moment.
    ///
    /// # Errors
    /// [`Disconnected`](Error::Disconnected).
    pub fn available_resources(&self) -> Result<Resources> {
        self.engine.available_resources()
    }

    /// How many different machines the nodes that are alive stand on.
    ///
    /// # Errors
    /// [`Disconnected`](Error::Disconnected).
    pub fn machines(&self) -> Result<usize> {
        let nodes = self.nodes()?;
        Ok(nodes.iter().filter(|node| node.alive).map(|node| &node.hostname).collect::<HashSet<_>>().len())
    }

    /// Where the cluster's dashboard is (`http://host:port`, as the head sees it), if it has one.
    ///
    /// # Errors
    /// [`Disconnected`](Error::Disconnected).
    pub fn dashboard(&self) -> Result<Option<String>> {
        self.engine.dashboard()
    }

    /// One line about the cluster for people: its nodes, CPUs, memory, object store and dashboard.
    ///
    /// # Errors
    /// [`Disconnected`](Error::Disconnected).
    pub fn describe(&self) -> Result<String> {
        self.engine.describe()
    }

    /// Whether tasks run in this process rather than on a cluster.
    pub fn is_local(&self) -> bool {
        self.engine.is_local()
    }
}

/// Neither clocks nor Ray can tell of times as long as [`Duration::MAX`]: who says so means that there is no end.
pub(crate) fn finite(timeout: Option<Duration>) -> Option<Duration> {
    const CENTURY: Duration = Duration::from_secs(100 * 366 * 24 * 3600);
    timeout.filter(|timeout| *timeout < CENTURY)
}
