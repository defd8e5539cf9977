//! `mobula bench`: every figure beside a baseline that is measured in the same run.

mod core;
mod dqn;
mod first;
mod lander;
mod table;
mod wordcount;

use mobula::Ray;

/// Measure, beside a baseline in the same run.
#[derive(Debug, clap::Args)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
}

/// What to measure.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// The engine: tasks per second; embedded beside rayon, on a cluster beside a Python driver.
    Core(core::Core),
    /// What a driver meets first; for `bench core`.
    #[command(hide = true)]
    First(first::First),
    /// The counting of words, beside a plain `HashMap<String, u64>`.
    #[command(name = "wordcount")]
    WordCount(wordcount::WordCountBench),
    /// LunarLander: steps per second of one core, one environment at a time and a batch in lockstep.
    Lander(lander::LanderBench),
    /// The learner: a learn step and a greedy action, beside what the processor's peak would need.
    Dqn(dqn::DqnBench),
}

impl Bench {
    /// Whether it measures this process only, wherever the address points.
    pub fn is_embedded(&self) -> bool {
        matches!(self.what, What::WordCount(_) | What::Lander(_) | What::Dqn(_))
    }

    pub fn run(&self, ray: &Ray, json: bool) -> anyhow::Result<()> {
        match &self.what {
            What::Core(bench) => bench.run(ray, json),
            What::First(bench) => bench.run(ray),
            What::WordCount(bench) => bench.run(ray, json),
            What::Lander(bench) => bench.run(json),
            What::Dqn(bench) => bench.run(json),
        }
    }
}
