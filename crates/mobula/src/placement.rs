//! Placement groups: resources that are reserved together.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use crate::cluster::RemoteRef;
use crate::codec;
use crate::engine::RawRef;
use crate::local::LocalGroup;
use crate::task::Demand;
use crate::{Error, Ray, Resources, Result};

/// How the bundles of a placement group are laid out: Ray's strategies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PlacementStrategy {
    /// On as few nodes as will do.
    #[default]
    Pack,
    /// On as many nodes as there are.
    Spread,
    /// All on one node, or not at all.
    StrictPack,
    /// Each on a node of its own, or not at all.
    StrictSpread,
}

/// Bundles of resources that a cluster reserves all together or not at all, for the tasks and actors that are placed in
/// them.
///
/// ```
/// use mobula::{LocalConfig, PlacementStrategy, Ray};
///
/// #[mobula::task]
/// fn work() -> u64 {
///     42
/// }
///
/// let ray = Ray::local(LocalConfig::with_cpus(4.0));
/// let group = ray.placement_group(&[[("CPU", 1.0)], [("CPU", 2.0)]], PlacementStrategy::Pack)?;
/// group.ready(&ray, None)?;
/// let call = work::remote().num_cpus(2.0).placement_group(&group, Some(1));
/// assert_eq!(call.submit(&ray)?.get(&ray)?, 42);
/// group.remove(&ray)?;
/// # Ok::<(), mobula::Error>(())
/// ```
///
/// Cheap to clone, and a [`Value`](crate::Value). It stays until [`remove`](PlacementGroup::remove) or the end of the job.
#[derive(Clone)]
pub struct PlacementGroup {
    pub(crate) raw: RawGroup,
}

/// A placement group of either engine.
#[derive(Clone)]
pub enum RawGroup {
    /// One of this process.
    Local(Arc<LocalGroup>),
    /// One of the cluster, by way of the host.
    Remote(Arc<RemoteRef>),
}

/// What a call of [`Ray::placement_group`] asks for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupSpec {
    pub(crate) bundles: Vec<Resources>,
    pub(crate) strategy: PlacementStrategy,
}

impl GroupSpec {
    pub(crate) fn new<B, S>(bundles: &[B], strategy: PlacementStrategy) -> Result<GroupSpec>
    where
        B: Clone + IntoIterator<Item = (S, f64)>,
        S: Into<String>,
    {
        let invalid = |text: String| Err(Error::Invalid(text));
        if bundles.is_empty() {
            return invalid("a placement group has at least one bundle".into());
        }
        let mut spec = GroupSpec { bundles: Vec::new(), strategy };
        for (at, bundle) in bundles.iter().enumerate() {
            let bundle: BTreeMap<String, f64> =
                bundle.clone().into_iter().map(|(name, n)| (name.into(), n)).collect();
            if let Some((name, n)) = bundle.iter().find(|(_, n)| !(n.is_finite() && **n >= 0.0)) {
                return invalid(format!("bundle {at}: {name} = {n}: a resource is a number from 0 up"));
            }
            if bundle.values().all(|n| *n == 0.0) {
                return invalid(format!("bundle {at} reserves nothing"));
            }
            spec.bundles.push(bundle);
        }
        Ok(spec)
    }
}

impl GroupSpec {
    /// Refuses a group that these nodes could never hold, where that can be told from single bundles: Ray would wait for ever.
    pub(crate) fn check(&self, nodes: &[Resources]) -> Result<()> {
        if std::env::var_os("MOBULA_WAIT_FOR_NODES").is_some() {
            return Ok(());
        }
        for (at, bundle) in self.bundles.iter().enumerate() {
            let demand = Demand::of_resources(bundle);
            if !nodes.iter().any(|node| demand.fits(node)) {
                let asks: Vec<String> = bundle.iter().map(|(name, n)| format!("{n} {name}")).collect();
                let asks = asks.join(", ");
                return Err(Error::Unschedulable(format!(
                    "bundle {at} asks for {asks}, and no node has that much"
                )));
            }
        }
        if self.strategy == PlacementStrategy::StrictSpread && self.bundles.len() > nodes.len() {
            return Err(Error::Unschedulable(format!(
                "STRICT_SPREAD wants {} nodes, and there are {}",
                self.bundles.len(),
                nodes.len()
            )));
        }
        Ok(())
    }
}

impl PlacementGroup {
    /// Waits until its resources are reserved.
    ///
    /// # Errors
    /// [`Timeout`](Error::Timeout) where they are not within `timeout`, [`Invalid`](Error::Invalid) once it was removed.
    pub fn ready(&self, ray: &Ray, timeout: Option<Duration>) -> Result<()> {
        ray.engine().group_ready(&self.raw, crate::ray::finite(timeout))
    }

    /// Gives its resources back. What still runs in it is killed on a cluster, and runs to its end on the local engine.
    ///
    /// # Errors
    /// [`Disconnected`](Error::Disconnected).
    pub fn remove(&self, ray: &Ray) -> Result<()> {
        ray.engine().remove_group(&self.raw)
    }

    /// The host's, of a cluster.
    pub(crate) fn remote(&self) -> Option<&RemoteRef> {
        match &self.raw {
            RawGroup::Remote(remote) => Some(remote),
            RawGroup::Local(_) => None,
        }
    }

    /// Its number, in the JSON of a call's options; 0 for one of the local engine, whose options nobody writes.
    pub(crate) fn serialize_number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(match &self.raw {
            RawGroup::Remote(remote) => remote.id(),
            RawGroup::Local(_) => 0,
        })
    }
}

impl PartialEq for PlacementGroup {
    fn eq(&self, other: &Self) -> bool {
        match (&self.raw, &other.raw) {
            (RawGroup::Local(a), RawGroup::Local(b)) => Arc::ptr_eq(a, b),
            (RawGroup::Remote(a), RawGroup::Remote(b)) => a.id() == b.id(),
            _ => false,
        }
    }
}

impl Eq for PlacementGroup {}

impl fmt::Debug for PlacementGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.raw {
            RawGroup::Local(group) => write!(f, "PlacementGroup({:p})", Arc::as_ptr(group)),
            RawGroup::Remote(remote) => write!(f, "PlacementGroup({})", remote.id()),
        }
    }
}

impl Serialize for PlacementGroup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let index = match &self.raw {
            RawGroup::Remote(remote) => codec::export_ref(&RawRef::Remote(remote.clone())),
            RawGroup::Local(_) => None,
        };
        match index {
            Some(index) => serializer.serialize_u64(index),
            None => Err(serde::ser::Error::custom(
                "a placement group can only be passed between tasks and actors",
            )),
        }
    }
}

impl<'de> Deserialize<'de> for PlacementGroup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let index = u64::deserialize(deserializer)?;
        match codec::import_ref(index) {
            Some(RawRef::Remote(remote)) => Ok(PlacementGroup { raw: RawGroup::Remote(remote) }),
            _ => Err(de::Error::custom(format!("no placement group number {index} came with this value"))),
        }
    }
}
