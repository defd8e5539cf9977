//! One call to many actors, and one future for all.

use std::time::Duration;

use super::MethodCall;
use crate::task::{Arg, IntoArg};
use crate::{Get, ObjectRef, Ray, Result, Value};

/// The same call to every actor of a group; what a group's method returns.
///
/// The arguments are given once and shared by all.
#[must_use = "nothing runs before `submit` or `get_all`"]
pub struct GroupCall<T> {
    calls: Vec<MethodCall<T>>,
}

/// What the members of a group will return, in the group's order: one future for all.
///
/// As an argument it stands for the `Vec` of its values, as a list of references does.
#[derive(Debug, Clone)]
pub struct GroupRef<T> {
    refs: Vec<ObjectRef<T>>,
}

impl<T: Value> GroupCall<T> {
    #[doc(hidden)]
    pub fn new(calls: Vec<MethodCall<T>>) -> Self {
        GroupCall { calls }
    }

    /// Changes each call: `agents.train(1).each(|call| call.max_task_retries(2))`.
    pub fn each(self, change: impl FnMut(MethodCall<T>) -> MethodCall<T>) -> Self {
        GroupCall { calls: self.calls.into_iter().map(change).collect() }
    }

    /// Submits every call.
    ///
    /// # Errors
    /// As [`MethodCall::submit`]; the calls before the one that was refused run all the same.
    pub fn submit(self, ray: &Ray) -> Result<GroupRef<T>> {
        let refs: Result<_> = self.calls.into_iter().map(|call| call.submit(ray)).collect();
        Ok(GroupRef { refs: refs? })
    }

    /// Submits every call and waits for all values.
    ///
    /// # Errors
    /// As [`submit`](GroupCall::submit), and the first failure in the group's order.
    pub fn get_all(self, ray: &Ray) -> Result<Vec<T>> {
        self.submit(ray)?.get_all(ray)
    }
}

impl<T: Value> GroupRef<T> {
    /// Waits for all values.
    ///
    /// # Errors
    /// The first failure in the group's order.
    pub fn get_all(&self, ray: &Ray) -> Result<Vec<T>> {
        ray.get(&self.refs)
    }

    /// Waits for all, and gives each member's value or failure.
    pub fn get_each(&self, ray: &Ray) -> Vec<Result<T>> {
        self.refs.iter().map(|object| object.get(ray)).collect()
    }

    /// The single references, in the group's order.
    pub fn refs(&self) -> &[ObjectRef<T>] {
        &self.refs
    }

    /// The single references, in the group's order.
    pub fn into_refs(self) -> Vec<ObjectRef<T>> {
        self.refs
    }
}

impl<T: Value> Get for &GroupRef<T> {
    type Output = Vec<T>;

    fn get(self, ray: &Ray, timeout: Option<Duration>) -> Result<Vec<T>> {
        Get::get(&self.refs, ray, timeout)
    }
}

impl<T: Value> IntoArg<Vec<T>> for GroupRef<T> {
    fn into_arg(self) -> Arg {
        IntoArg::<Vec<T>>::into_arg(self.refs)
    }
}

impl<T: Value> IntoArg<Vec<T>> for &GroupRef<T> {
    fn into_arg(self) -> Arg {
        IntoArg::<Vec<T>>::into_arg(self.refs())
    }
}
