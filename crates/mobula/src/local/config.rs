//! What the one node of the local engine has.

use std::collections::BTreeMap;

use crate::Resources;

/// The resources of the local engine. They are accounts, as Ray's are: `num_cpus` says how many one-CPU tasks run at a
/// time, not how fast.
#[derive(Debug, Clone)]
pub struct LocalConfig {
    /// CPUs; by default what the machine has, or `MOBULA_NUM_CPUS`.
    pub num_cpus: f64,
    /// GPUs; none by default.
    pub num_gpus: f64,
    /// Bytes of memory for tasks that reserve some; by default what the machine has free.
    pub memory: u64,
    /// Custom resources; none by default.
    pub resources: BTreeMap<String, f64>,
}

impl Default for LocalConfig {
    fn default() -> Self {
        LocalConfig {
            num_cpus: cpus(),
            num_gpus: 0.0,
            memory: available_memory().unwrap_or(1 << 32),
            resources: BTreeMap::new(),
        }
    }
}

impl LocalConfig {
    /// The defaults with this many CPUs.
    pub fn with_cpus(num_cpus: f64) -> Self {
        LocalConfig { num_cpus, ..LocalConfig::default() }
    }

    pub(super) fn totals(&self) -> Resources {
        let mut all = self.resources.clone();
        all.insert("CPU".into(), self.num_cpus);
        all.insert("memory".into(), self.memory as f64);
        if self.num_gpus > 0.0 {
            all.insert("GPU".into(), self.num_gpus);
        }
        all
    }
}

fn cpus() -> f64 {
    let asked = std::env::var("MOBULA_NUM_CPUS")
        .ok()
        .and_then(|n| n.parse().ok())
        .filter(|n: &f64| n.is_finite() && *n >= 1.0);
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64))
}

fn available_memory() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
