//! Typed references to objects.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use crate::engine::RawRef;
use crate::{Ray, Result, Value, codec};

/// A reference to a `T` that a task will return or that was [`put`](Ray::put): Ray's `ObjectRef`.
///
/// Cloning is cheap, and the object lives as long as a reference to it does; dropping the last one releases it. As an
/// argument of a task a reference stands for its value, which the task then gets resolved; inside a value (a `Vec`, a
/// field) it stays a reference and keeps its object alive.
pub struct ObjectRef<T> {
    pub(crate) raw: RawRef,
    kind: PhantomData<fn() -> T>,
}

impl<T> ObjectRef<T> {
    pub(crate) fn new(raw: RawRef) -> Self {
        ObjectRef { raw, kind: PhantomData }
    }
}

impl<T: Value> ObjectRef<T> {
    /// Waits for the value: [`Ray::get`].
    ///
    /// # Errors
    /// Whatever the task that makes the value failed with.
    pub fn get(&self, ray: &Ray) -> Result<T> {
        ray.get(self)
    }

    /// Waits for the value at most `timeout` long.
    ///
    /// # Errors
    /// [`Timeout`](crate::Error::Timeout), or whatever the task failed with.
    pub fn get_timeout(&self, ray: &Ray, timeout: Duration) -> Result<T> {
        ray.get_timeout(self, timeout)
    }

    /// Waits for the value and shares it: without a copy on the local engine.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_shared(&self, ray: &Ray) -> Result<Arc<T>> {
        ray.get_shared(self)
    }
}

impl<T> Clone for ObjectRef<T> {
    fn clone(&self) -> Self {
        ObjectRef::new(self.raw.clone())
    }
}

impl<T> fmt::Debug for ObjectRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectRef<{}>(", std::any::type_name::<T>())?;
        match &self.raw {
            RawRef::Local(entry) => write!(f, "{:p})", Arc::as_ptr(entry)),
            RawRef::Remote(remote) => write!(f, "{})", remote.id()),
        }
    }
}

impl<T> Serialize for ObjectRef<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match codec::export_ref(&self.raw) {
            Some(index) => serializer.serialize_u64(index),
            None => Err(serde::ser::Error::custom("an ObjectRef can only be passed between tasks")),
        }
    }
}

impl<'de, T> Deserialize<'de> for ObjectRef<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let index = u64::deserialize(deserializer)?;
        codec::import_ref(index)
            .map(ObjectRef::new)
            .ok_or_else(|| de::Error::custom(format!("no reference number {index} came with this value")))
    }
}
