//! What a task asks for: Ray's options, in the attribute and at the call.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Error, PlacementGroup, Resources, Result, RuntimeEnv};

/// Where a task may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Scheduling {
    /// Ray's default: near its arguments, then wherever there is room.
    #[default]
    Default,
    /// Spread over the nodes, Ray's `"SPREAD"`.
    Spread,
    /// On one node, given by its id ([`Node::id`](crate::Node)).
    NodeAffinity {
        /// The node's id in hexadecimal.
        node_id: String,
        /// Elsewhere rather than not at all, should the node be gone.
        soft: bool,
    },
    /// In a placement group.
    PlacementGroup {
        /// Which.
        #[serde(serialize_with = "PlacementGroup::serialize_number")]
        group: PlacementGroup,
        /// In this of its bundles; `None` for any that has room.
        bundle: Option<usize>,
    },
}

impl Scheduling {
    pub(crate) fn in_group(group: &PlacementGroup, bundle: Option<usize>) -> Scheduling {
        Scheduling::PlacementGroup { group: group.clone(), bundle }
    }
}

/// Ray's task options. `None` means "as the attribute says", and there "as Ray's default is".
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Options {
    /// CPUs; 1 unless said otherwise. Fractions are fine, 0 too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_cpus: Option<f64>,
    /// GPUs; 0 unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_gpus: Option<f64>,
    /// Memory in bytes that the task reserves for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Custom resources by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<String, f64>,
    /// How often a task is tried again when its worker or node dies, and on errors too with `retry_exceptions`: 3 unless
    /// said otherwise, -1 for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<i64>,
    /// Whether an `Err` or a panic is tried again as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_exceptions: Option<bool>,
    /// The name that Ray's state API and dashboard show; the function's path unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the task may run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduling: Option<Scheduling>,
    /// What the task's process needs to find there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_env: Option<RuntimeEnv>,
}

impl Options {
    /// These options, with everything that `over` sets put in their place.
    pub fn overridden_by(&self, over: &Options) -> Options {
        let mut resources = self.resources.clone();
        resources.extend(over.resources.iter().map(|(name, n)| (name.clone(), *n)));
        Options {
            num_cpus: over.num_cpus.or(self.num_cpus),
            num_gpus: over.num_gpus.or(self.num_gpus),
            memory: over.memory.or(self.memory),
            resources,
            max_retries: over.max_retries.or(self.max_retries),
            retry_exceptions: over.retry_exceptions.or(self.retry_exceptions),
            name: over.name.clone().or_else(|| self.name.clone()),
            scheduling: over.scheduling.clone().or_else(|| self.scheduling.clone()),
            runtime_env: over.runtime_env.clone().or_else(|| self.runtime_env.clone()),
        }
    }

    /// How often a failure may be tried again, before and after it ran.
    pub fn retries(&self) -> u64 {
        match self.max_retries.unwrap_or(3) {
            -1 => u64::MAX,
            n => n.max(0) as u64,
        }
    }

    /// Refuses what no engine can honour.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid), naming the option, its value and the allowed range.
    pub fn validate(&self) -> Result<()> {
        let amounts = [("num_cpus", self.num_cpus), ("num_gpus", self.num_gpus)];
        let named = self.resources.iter().map(|(name, n)| (name.as_str(), Some(*n)));
        for (name, amount) in amounts.into_iter().chain(named) {
            if let Some(n) = amount
                && !(n.is_finite() && n >= 0.0)
            {
                return Err(Error::Invalid(format!("{name} = {n}: a resource is a number from 0 up")));
            }
        }
        for taken in ["CPU", "GPU", "memory"] {
            if self.resources.contains_key(taken) {
                return Err(Error::Invalid(format!(
                    "resource `{taken}` has an option of its own: num_cpus, num_gpus or memory"
                )));
            }
        }
        if let Some(n) = self.max_retries
            && n < -1
        {
            return Err(Error::Invalid(format!("max_retries = {n}: it is -1 (for ever), 0 or more")));
        }
        self.runtime_env.as_ref().map_or(Ok(()), RuntimeEnv::validate)
    }
}

/// What a task asks of a node, in Ray's units of a ten-thousandth.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    pub cpu: i64,
    pub gpu: i64,
    pub memory: i64,
    pub custom: Vec<(String, i64)>,
}

/// Ray's resolution of resources.
pub const UNIT: i64 = 10_000;

/// An amount in that resolution.
fn units(amount: f64) -> i64 {
    (amount * UNIT as f64).round() as i64
}

impl Demand {
    /// Of a task.
    pub fn of(options: &Options) -> Demand {
        Demand::with_cpus(options, 1.0)
    }

    /// Of an actor, for as long as it lives.
    pub fn of_actor(options: &Options) -> Demand {
        Demand::with_cpus(options, 0.0)
    }

    /// Of a bundle of a placement group.
    pub fn of_resources(bundle: &Resources) -> Demand {
        let amount = |name: &str| bundle.get(name).copied().unwrap_or(0.0);
        let named = bundle.iter().filter(|(name, _)| !["CPU", "GPU", "memory"].contains(&name.as_str()));
        Demand {
            cpu: units(amount("CPU")),
            gpu: units(amount("GPU")),
            memory: amount("memory") as i64,
            custom: named.map(|(name, n)| (name.clone(), units(*n))).collect(),
        }
    }

    fn with_cpus(options: &Options, default: f64) -> Demand {
        Demand {
            cpu: units(options.num_cpus.unwrap_or(default)),
            gpu: units(options.num_gpus.unwrap_or(0.0)),
            memory: options.memory.unwrap_or(0) as i64,
            custom: options.resources.iter().map(|(name, n)| (name.clone(), units(*n))).collect(),
        }
    }

    /// One CPU and nothing else: what most tasks ask for.
    pub fn is_one_cpu(&self) -> bool {
        self.cpu == UNIT && self.gpu == 0 && self.memory == 0 && self.custom.is_empty()
    }

    /// Whether this much is enough for that much.
    pub fn covers(&self, other: &Demand) -> bool {
        let has = |name: &str| self.custom.iter().find(|(known, _)| known == name).map_or(0, |(_, n)| *n);
        self.cpu >= other.cpu
            && self.gpu >= other.gpu
            && self.memory >= other.memory
            && other.custom.iter().all(|(name, n)| has(name) >= *n)
    }

    /// Adds `sign` times the other.
    pub fn add(&mut self, other: &Demand, sign: i64) {
        self.cpu += sign * other.cpu;
        self.gpu += sign * other.gpu;
        self.memory += sign * other.memory;
        for (name, n) in &other.custom {
            match self.custom.iter_mut().find(|(known, _)| known == name) {
                Some((_, amount)) => *amount += sign * n,
                None => self.custom.push((name.clone(), sign * n)),
            }
        }
    }

    /// Whether a node with these resources could ever run it.
    pub fn fits(&self, node: &Resources) -> bool {
        let has = |name: &str| node.get(name).copied().unwrap_or(0.0);
        self.cpu <= units(has("CPU"))
            && self.gpu <= units(has("GPU"))
            && self.memory as f64 <= has("memory")
            && self.custom.iter().all(|(name, n)| *n <= units(has(name)))
    }
}

impl std::fmt::Display for Demand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let amount = |n: i64| n as f64 / UNIT as f64;
        write!(f, "{} CPU", amount(self.cpu))?;
        if self.gpu > 0 {
            write!(f, ", {} GPU", amount(self.gpu))?;
        }
        if self.memory > 0 {
            write!(f, ", {} bytes of memory", self.memory)?;
        }
        self.custom.iter().try_for_each(|(name, n)| write!(f, ", {} {name}", amount(*n)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_overrides_the_attribute_option_by_option() {
        let attribute = Options { num_cpus: Some(2.0), max_retries: Some(5), ..Default::default() };
        let call = Options { num_cpus: Some(0.5), name: Some("x".into()), ..Default::default() };
        let both = attribute.overridden_by(&call);
        assert_eq!((both.num_cpus, both.max_retries, both.name.as_deref()), (Some(0.5), Some(5), Some("x")));
    }

    #[test]
    fn impossible_options_are_refused_with_the_range() {
        let refused = |options: Options| options.validate().unwrap_err().to_string();
        assert!(refused(Options { num_cpus: Some(-1.0), ..Default::default() }).contains("num_cpus = -1"));
        assert!(refused(Options { num_gpus: Some(f64::NAN), ..Default::default() }).contains("from 0 up"));
        assert!(refused(Options { max_retries: Some(-2), ..Default::default() }).contains("-1 (for ever)"));
        let resources = BTreeMap::from([("CPU".to_string(), 1.0)]);
        assert!(refused(Options { resources, ..Default::default() }).contains("num_cpus"));
    }

    #[test]
    fn fractions_do_not_drift() {
        let demand = Demand::of(&Options { num_cpus: Some(0.1), ..Default::default() });
        assert_eq!(demand.cpu * 10, UNIT);
    }
}
