//! A call of an actor's method on its way: options, then `submit`.

use std::marker::PhantomData;

use serde::Serialize;

use super::{MethodDef, RawActor};
use crate::task::Arg;
use crate::{Error, ObjectRef, Ray, Result, Value};

/// A method call whose arguments are given; what a handle's method returns.
///
/// Nothing runs before [`submit`](MethodCall::submit) or [`get`](MethodCall::get). Calls that one caller submits to one actor run in
/// that order.
#[must_use = "nothing runs before `submit` or `get`"]
pub struct MethodCall<T> {
    submission: MethodSubmission,
    kind: PhantomData<fn() -> T>,
}

/// A method call whose `Vec` comes back as several objects; what [`num_returns`](MethodCall::num_returns) makes of a call.
#[must_use = "nothing runs before `submit_all`"]
pub struct ManyMethodCall<T>(MethodCall<Vec<T>>);

/// What one call of a method asks for. `None` means "as the actor does".
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MethodOptions {
    /// The name that Ray's state API and dashboard show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How often the call is tried again where the actor dies meanwhile; -1 for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_task_retries: Option<i64>,
    /// Whether an `Err` or a panic is tried again too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_exceptions: Option<bool>,
}

/// One method call on its way to an engine.
pub struct MethodSubmission {
    pub(crate) actor: RawActor,
    pub(crate) method: &'static MethodDef,
    pub(crate) args: Vec<Arg>,
    pub(crate) overrides: Option<Box<MethodOptions>>,
    pub(crate) num_returns: Option<usize>,
}

impl MethodSubmission {
    /// Refuses what no engine can honour.
    pub(crate) fn validate(&self) -> Result<()> {
        if self.num_returns == Some(0) {
            return Err(Error::Invalid("num_returns = 0: a method makes at least one object".into()));
        }
        match self.overrides.as_ref().and_then(|over| over.max_task_retries) {
            Some(n) if n < -1 => {
                Err(Error::Invalid(format!("max_task_retries = {n}: it is -1 (for ever), 0 or more")))
            }
            _ => Ok(()),
        }
    }
}

impl<T: Value> MethodCall<T> {
    #[doc(hidden)]
    pub fn new(actor: &RawActor, method: &'static MethodDef, args: Vec<Arg>) -> Self {
        let actor = actor.clone();
        MethodCall {
            submission: MethodSubmission { actor, method, args, overrides: None, num_returns: None },
            kind: PhantomData,
        }
    }

    fn over(&mut self) -> &mut MethodOptions {
        self.submission.overrides.get_or_insert_default()
    }

    /// Hands the call to the engine. It runs once its arguments are there and the actor comes to it.
    ///
    /// # Errors
    /// [`ActorDied`](Error::ActorDied), [`Invalid`](Error::Invalid) for an option out of range, [`Codec`](Error::Codec) for an
    /// argument that serde refuses. What goes wrong later comes out of the reference.
    pub fn submit(self, ray: &Ray) -> Result<ObjectRef<T>> {
        let made = ray.engine().call(self.submission)?.pop();
        made.map(ObjectRef::new).ok_or_else(|| Error::Internal("the engine returned no reference".into()))
    }

    /// Submits the call and waits for its value.
    ///
    /// # Errors
    /// As [`submit`](MethodCall::submit), and what the method failed with.
    pub fn get(self, ray: &Ray) -> Result<T> {
        self.submit(ray)?.get(ray)
    }

    /// The name that Ray's state API and dashboard show.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.over().name = Some(name.into());
        self
    }

    /// How often the call is tried again where the actor dies meanwhile; -1 for ever.
    pub fn max_task_retries(mut self, n: i64) -> Self {
        self.over().max_task_retries = Some(n);
        self
    }

    /// Whether an `Err` or a panic is tried again too.
    pub fn retry_exceptions(mut self, yes: bool) -> Self {
        self.over().retry_exceptions = Some(yes);
        self
    }
}

impl<T: Value> MethodCall<Vec<T>> {
    /// The method's `Vec` has `n` elements, and each becomes an object of its own: Ray's `num_returns`.
    ///
    /// A `Vec` of another length fails the call.
    pub fn num_returns(mut self, n: usize) -> ManyMethodCall<T> {
        self.submission.num_returns = Some(n);
        ManyMethodCall(self)
    }
}

impl<T: Value> ManyMethodCall<T> {
    /// Hands the call to the engine: [`MethodCall::submit`], with a reference for each element.
    ///
    /// # Errors
    /// As [`MethodCall::submit`].
    pub fn submit_all(self, ray: &Ray) -> Result<Vec<ObjectRef<T>>> {
        let refs = ray.engine().call(self.0.submission)?;
        Ok(refs.into_iter().map(ObjectRef::new).collect())
    }
}
