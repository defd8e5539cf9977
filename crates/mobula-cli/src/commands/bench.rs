//! `mobula bench`.

use mobula::Ray;

/// Measure, beside a baseline in the same run.
#[derive(Debug, clap::Args)]
pub struct Bench {}

impl Bench {
    /// Whether it measures this process only, wherever the address points.
    pub fn is_embedded(&self) -> bool {
        true
    }

    pub fn run(&self, _ray: &Ray, _json: bool) -> anyhow::Result<()> {
        Ok(())
    }
}
