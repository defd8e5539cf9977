//! Many runs over a grid of parameters.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use mobula::{ObjectRef, Ray};

use crate::finished::{Finished, train};
use crate::parameters::parameter;
use crate::plan::Plan;
use crate::{report, run_dir};

/// The grid: every combination of the axes' values.
#[derive(Debug, Clone)]
pub struct Grid {
    /// What all runs have in common.
    pub base: Plan,
    /// Parameters by their names, and the values of each.
    pub axes: Vec<(String, Vec<String>)>,
    /// CPUs of each actor; `None` is as the engine has it.
    pub num_cpus: Vec<Option<f64>>,
    /// How many seeds each setting gets, from the base's on.
    pub seeds: u64,
}

/// The most runs of a sweep.
const MAX_RUNS: u64 = 100_000;

impl Grid {
    /// All runs.
    ///
    /// # Errors
    /// An empty list, or more runs than anybody waits for; a plan that makes no sense.
    pub fn plans(&self) -> Result<Vec<(Plan, Option<f64>)>> {
        let lengths = self.axes.iter().map(|(_, values)| values.len()).chain([self.num_cpus.len()]);
        let settings = lengths.fold(1_u64, |all, length| all.saturating_mul(length as u64));
        let runs = settings.saturating_mul(self.seeds);
        ensure!(runs > 0, "the grid is empty: each list needs a value, and seeds must be 1 or more");
        ensure!(
            runs <= MAX_RUNS,
            "the grid has {runs} runs, {} seeds each, and may have {MAX_RUNS}",
            self.seeds
        );
        let mut plans = vec![self.base.clone()];
        for (name, values) in &self.axes {
            let parameter = parameter(name)?;
            let mut next = Vec::with_capacity(plans.len() * values.len());
            for plan in plans {
                for value in values {
                    let mut plan = plan.clone();
                    parameter.set(&mut plan, value)?;
                    next.push(plan);
                }
            }
            plans = next;
        }
        let mut all = Vec::new();
        for plan in plans {
            plan.check()?;
            for &num_cpus in &self.num_cpus {
                for seed in plan.seed..plan.seed.saturating_add(self.seeds) {
                    all.push((Plan { seed, ..plan.clone() }, num_cpus));
                }
            }
        }
        Ok(all)
    }
}

/// A sweep's folder: `runs.jsonl` has a [`Finished`] for each run that has ended, `report.html` what they show.
pub struct Sweep {
    path: PathBuf,
    done: Vec<Finished>,
    left: Vec<(Plan, Option<f64>)>,
}

impl Sweep {
    /// Opens the folder; runs of the grid that have ended there are not run again.
    ///
    /// # Errors
    /// The file system's, and as [`Grid::plans`].
    pub fn open(path: &Path, grid: &Grid) -> Result<Sweep> {
        let plans = grid.plans()?;
        fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))?;
        let text = fs::read_to_string(path.join("runs.jsonl")).unwrap_or_default();
        let done: Vec<Finished> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let key = |plan: &Plan, cpus: &Option<f64>| serde_json::to_string(&(plan, cpus));
        let known: HashSet<String> =
            done.iter().map(|run| key(&run.plan, &run.num_cpus)).collect::<Result<_, _>>()?;
        let mut left = Vec::new();
        for (plan, cpus) in plans {
            if !known.contains(&key(&plan, &cpus)?) {
                left.push((plan, cpus));
            }
        }
        Ok(Sweep { path: path.into(), done, left })
    }

    /// Runs that have ended.
    pub fn done(&self) -> &[Finished] {
        &self.done
    }

    /// Runs that are left.
    pub fn left(&self) -> usize {
        self.left.len()
    }

    /// Runs what is left, as many at a time as the engine has room for; `observe` sees each as it ends, and what went wrong with
    /// those that failed.
    ///
    /// # Errors
    /// The file system's; an interrupt. Runs that have ended are in the folder.
    pub fn run(
        &mut self,
        ray: &Ray,
        mut observe: impl FnMut(Result<&Finished, &mobula::Error>),
    ) -> Result<()> {
        self.write_report()?;
        let mut log = open(&self.path.join("runs.jsonl"))?;
        let left = std::mem::take(&mut self.left);
        let mut under_way: Vec<ObjectRef<Finished>> = left
            .into_iter()
            .map(|(plan, cpus)| train::remote(plan, cpus).submit(ray))
            .collect::<Result<_, _>>()?;
        while !under_way.is_empty() {
            let (ended, rest) = ray.wait(under_way, 1, None)?;
            under_way = rest;
            for run in ended {
                match run.get(ray) {
                    Ok(run) => {
                        let mut line = serde_json::to_vec(&run)?;
                        line.push(b'\n');
                        log.write_all(&line)?;
                        observe(Ok(&run));
                        self.done.push(run);
                        self.write_report()?;
                    }
                    Err(error @ mobula::Error::Cancelled(_)) => return Err(error.into()),
                    Err(error) => observe(Err(&error)),
                }
            }
        }
        Ok(())
    }

    fn write_report(&self) -> Result<()> {
        run_dir::write(&self.path.join("report.html"), report::html(&self.done).as_bytes())
    }
}

fn open(path: &Path) -> Result<File> {
    // A line that was being written when a sweep was killed must not run into the next.
    let text = fs::read(path).unwrap_or_default();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    if text.last().is_some_and(|last| *last != b'\n') {
        file.write_all(b"\n")?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_every_combination() {
        let axis =
            |name: &str, values: &[&str]| (name.to_string(), values.iter().map(|v| v.to_string()).collect());
        let grid = Grid {
            base: Plan { seed: 7, ..Plan::textbook() },
            axes: vec![axis("agents", &["1", "4"]), axis("batch-size", &["32", "64", "128"])],
            num_cpus: vec![None],
            seeds: 2,
        };
        let plans = grid.plans().unwrap();
        assert_eq!(plans.len(), 12);
        assert_eq!((plans[0].0.agents, plans[0].0.config.batch_size, plans[0].0.seed), (1, 32, 7));
        assert_eq!((plans[11].0.agents, plans[11].0.config.batch_size, plans[11].0.seed), (4, 128, 8));
        let refused = |grid: Grid| grid.plans().unwrap_err().to_string();
        assert!(refused(Grid { seeds: 0, ..grid.clone() }).contains("seeds must be 1 or more"));
        assert!(refused(Grid { seeds: 9_999_999_999, ..grid.clone() }).contains("59999999994 runs"));
        assert!(refused(Grid { axes: vec![axis("agents", &["0"])], ..grid.clone() }).contains("agents is 0"));
        let axes = vec![axis("rollout", &["8", "16"])];
        assert!(refused(Grid { axes, ..grid }).contains("rollout means nothing with --rules textbook"));
    }
}
