//! Handles: what callers hold of an actor.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use super::ActorDef;
use crate::cluster::RemoteRef;
use crate::codec;
use crate::engine::RawRef;
use crate::local::LocalHandle;

/// A type whose `impl` block carries `#[mobula::actor]`.
pub trait Actor: Sized + 'static {
    /// The generated handle type: `TypeHandle`.
    type Handle: ActorHandle;
    #[doc(hidden)]
    fn def() -> &'static ActorDef;
}

pub(crate) mod sealed {
    /// Only this crate makes one.
    pub struct Token;
}

/// What every handle is, whatever its actor: cheap to clone, and a [`Value`](crate::Value), so that it can be passed to tasks and
/// other actors, alone or inside something.
///
/// An actor that is not detached ends when the last handle to it is dropped and the calls under way are done.
pub trait ActorHandle: Clone + Send + Sync + 'static {
    #[doc(hidden)]
    fn raw(&self) -> &RawActor;
    #[doc(hidden)]
    fn from_raw(raw: RawActor, token: sealed::Token) -> Self;
}

/// An actor of either engine.
#[derive(Clone)]
pub enum RawActor {
    /// One of this process.
    Local(Arc<LocalHandle>),
    /// One of the cluster, by way of the host.
    Remote(Arc<RemoteRef>),
}

impl fmt::Debug for RawActor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RawActor::Local(handle) => write!(f, "{:p}", Arc::as_ptr(handle)),
            RawActor::Remote(remote) => write!(f, "{}", remote.id()),
        }
    }
}

impl Serialize for RawActor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let index = match self {
            RawActor::Remote(remote) => codec::export_ref(&RawRef::Remote(remote.clone())),
            RawActor::Local(_) => None,
        };
        match index {
            Some(index) => serializer.serialize_u64(index),
            None => {
                Err(serde::ser::Error::custom("an actor handle can only be passed between tasks and actors"))
            }
        }
    }
}

impl<'de> Deserialize<'de> for RawActor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let index = u64::deserialize(deserializer)?;
        match codec::import_ref(index) {
            Some(RawRef::Remote(remote)) => Ok(RawActor::Remote(remote)),
            _ => Err(de::Error::custom(format!("no actor handle number {index} came with this value"))),
        }
    }
}
