//! A new actor on its way: options, then `spawn`.

use std::marker::PhantomData;

use super::{Actor, ActorDef, ActorHandle, ActorOptions, Lifetime, Sealed};
use crate::task::{Arg, Scheduling, option_setters};
use crate::{Ray, Result, RuntimeEnv};

/// An actor whose constructor's arguments are given; what `Type::remote(…)` returns.
///
/// Options set here override the attribute's. Nothing happens before [`spawn`](ActorCall::spawn).
#[must_use = "nothing runs before `spawn`"]
pub struct ActorCall<A> {
    creation: Creation,
    kind: PhantomData<fn() -> A>,
}

/// One actor on its way to an engine.
pub struct Creation {
    pub(crate) actor: &'static ActorDef,
    pub(crate) args: Vec<Arg>,
    pub(crate) overrides: Option<Box<ActorOptions>>,
}

impl Creation {
    /// The attribute's options with the call's over them, found to be possible.
    pub(crate) fn options(&self) -> Result<ActorOptions> {
        let attribute = self.actor.options();
        let options =
            self.overrides.as_ref().map_or_else(|| attribute.clone(), |over| attribute.overridden_by(over));
        options.validate(self.actor)?;
        Ok(options)
    }
}

impl<A: Actor> ActorCall<A> {
    #[doc(hidden)]
    pub fn new(args: Vec<Arg>) -> Self {
        ActorCall { creation: Creation { actor: A::def(), args, overrides: None }, kind: PhantomData }
    }

    fn over(&mut self) -> &mut ActorOptions {
        self.creation.overrides.get_or_insert_default()
    }

    /// Starts the actor and returns a handle to it at once: calls wait until its constructor has run.
    ///
    /// # Errors
    /// [`Invalid`](crate::Error::Invalid) for an option out of range and for a name that is taken,
    /// [`Unschedulable`](crate::Error::Unschedulable) for an actor that is larger than every node. What the constructor fails
    /// with comes out of the first call: [`ActorDied`](crate::Error::ActorDied).
    pub fn spawn(self, ray: &Ray) -> Result<A::Handle> {
        Ok(A::Handle::from_raw(ray.engine().spawn(self.creation)?, Sealed))
    }

    /// Where the name stands: Ray's namespaces.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.over().namespace = Some(namespace.into());
        self
    }

    /// It lives until it is killed, not only as long as its handles and its job.
    pub fn detached(mut self) -> Self {
        self.over().lifetime = Some(Lifetime::Detached);
        self
    }

    /// How often it is started again after it died; -1 for ever.
    pub fn max_restarts(mut self, n: i64) -> Self {
        self.over().max_restarts = Some(n);
        self
    }

    /// How often a call is tried again that was lost with the actor; -1 for ever.
    pub fn max_task_retries(mut self, n: i64) -> Self {
        self.over().max_task_retries = Some(n);
        self
    }

    /// How many calls may run at once, where all methods take `&self`.
    pub fn max_concurrency(mut self, n: usize) -> Self {
        self.over().max_concurrency = Some(n);
        self
    }

    /// A live actor of the same name in place of a new one, where there is one.
    pub fn get_if_exists(mut self) -> Self {
        self.over().get_if_exists = Some(true);
        self
    }
}

option_setters! {
    [impl<A: Actor> ActorCall<A>] |call| &mut call.over().base;
    /// CPUs that the actor holds as long as it lives; fractions and 0 are fine.
    num_cpus(n: f64) |o| o.num_cpus = Some(n);
    /// GPUs that the actor holds.
    num_gpus(n: f64) |o| o.num_gpus = Some(n);
    /// Bytes of memory that the actor reserves.
    memory(bytes: u64) |o| o.memory = Some(bytes);
    /// An amount of a custom resource.
    resource(name: impl Into<String>, amount: f64) |o| { o.resources.insert(name.into(), amount) };
    /// The name by which [`Ray::get_actor`] finds it.
    name(name: impl Into<String>) |o| o.name = Some(name.into());
    /// Spread such actors over the nodes: Ray's `"SPREAD"`.
    spread() |o| o.scheduling = Some(Scheduling::Spread);
    /// On the node with this id; with `soft`, elsewhere if it is gone.
    node_affinity(node_id: impl Into<String>, soft: bool)
        |o| o.scheduling = Some(Scheduling::NodeAffinity { node_id: node_id.into(), soft });
    /// In a [placement group](crate::PlacementGroup): in this bundle, or in any with room.
    placement_group(group: &crate::PlacementGroup, bundle: Option<usize>)
        |o| o.scheduling = Some(Scheduling::in_group(group, bundle));
    /// What its process needs to find there.
    runtime_env(env: RuntimeEnv) |o| o.runtime_env = Some(env);
}
