//! Nodes and what they have.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Amounts by resource name, as Ray writes them: `CPU`, `GPU`, `memory` and `object_store_memory` (bytes), custom names.
pub type Resources = BTreeMap<String, f64>;

/// One node of the cluster; the local engine is a cluster of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The node's id, in hexadecimal on a cluster: what [`node_affinity`](crate::TaskCall::node_affinity) takes.
    pub id: String,
    /// Whether it is up.
    pub alive: bool,
    /// Its host name.
    pub hostname: String,
    /// Its address within the cluster.
    pub address: String,
    /// All that it has, used or not.
    pub resources: Resources,
}
