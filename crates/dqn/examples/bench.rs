//! Prints what a learn step and a greedy action take, at every width.

use std::time::Duration;

fn main() -> Result<(), dqn::Error> {
    for width in dqn::Width::ALL.into_iter().filter(|width| width.is_supported()) {
        println!("{}", dqn::bench::bench(&dqn::Config::default(), width, Duration::from_secs(1))?);
    }
    Ok(())
}
