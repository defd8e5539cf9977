//! Many runs over a grid of parameters.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use mobula::{ObjectRef, Ray};

use crate::finished::{Finished, train};
use crate::plan::Plan;
use crate::{report, run_dir};

/// The grid: every combination of its lists.
#[derive(Debug, Clone)]
pub struct Grid {
    /// What all runs have in common.
    pub base: Plan,
    /// Agents.
    pub agents: Vec<usize>,
    /// Transitions in a learn step.
    pub batch_sizes: Vec<usize>,
    /// Episodes of each Agent in a round.
    pub epochs: Vec<usize>,
    /// CPUs of each actor; `None` is as the engine has it.
    pub num_cpus: Vec<Option<f64>>,
    /// How many seeds each setting gets, from the base's on.
    pub seeds: u64,
}

impl Grid {
    /// All runs.
    ///
    /// # Errors
    /// An empty list; a plan that makes no sense.
    pub fn plans(&self) -> Result<Vec<(Plan, Option<f64>)>> {
        let mut all = Vec::new();
        for &agents in &self.agents {
            for &batch_size in &self.batch_sizes {
                for &epochs_per_sync in &self.epochs {
                    for &num_cpus in &self.num_cpus {
                        for seed in self.base.seed..self.base.seed.saturating_add(self.seeds) {
                            let mut plan = Plan { agents, epochs_per_sync, seed, ..self.base.clone() };
                            plan.config.batch_size = batch_size;
                            plan.check()?;
                            all.push((plan, num_cpus));
                        }
                    }
                }
            }
        }
        ensure!(!all.is_empty(), "the grid is empty: each list needs a value, and seeds must be 1 or more");
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
        let grid = Grid {
            base: Plan { seed: 7, ..Plan::default() },
            agents: vec![1, 4],
            batch_sizes: vec![32, 64, 128],
            epochs: vec![1],
            num_cpus: vec![None],
            seeds: 2,
        };
        let plans = grid.plans().unwrap();
        assert_eq!(plans.len(), 12);
        assert_eq!((plans[0].0.agents, plans[0].0.config.batch_size, plans[0].0.seed), (1, 32, 7));
        assert_eq!((plans[11].0.agents, plans[11].0.config.batch_size, plans[11].0.seed), (4, 128, 8));
        assert!(Grid { seeds: 0, ..grid.clone() }.plans().is_err());
        assert!(Grid { agents: vec![0], ..grid }.plans().is_err());
    }
}
