//! How many episodes and steps training takes, one line for each seed: `solve [SEEDS [FIRST [DIRECTORY]]]`.
//! With a directory, the weights of seed n go to `n.pth` there.

use std::ops::ControlFlow;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let seeds = arguments.next().map_or(Ok(5), |argument| argument.parse())?;
    let first = arguments.next().map_or(Ok(0), |argument| argument.parse())?;
    let directory = arguments.next();
    let mut episodes = Vec::new();
    for seed in first..first + seeds {
        let mut training = dqn::Single::new(dqn::Config::default(), dqn::SingleRules::default(), seed)?;
        let start = Instant::now();
        let mut test_steps = 0;
        let stop = training.run(|_, round| {
            test_steps += round.test.iter().flat_map(|test| &test.games).map(|game| game.steps).sum::<u32>();
            ControlFlow::Continue(())
        })?;
        let time = start.elapsed().as_secs_f64();
        let agent = training.agent();
        println!(
            "seed {seed:>3}  {stop:?}  {:>5} episodes  {:>7} steps  {test_steps:>7} test steps  {time:>6.2} s  {:>7.0} steps/s",
            agent.episodes(),
            agent.steps(),
            agent.steps() as f64 / time,
        );
        if let Some(directory) = &directory {
            let path = std::path::Path::new(directory).join(format!("{seed}.pth"));
            dqn::checkpoint::save(&agent.weights(), &path)?;
        }
        episodes.push((agent.episodes(), agent.steps(), time));
    }
    episodes.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    if let (Some(low), Some(median), Some(high)) =
        (episodes.first(), episodes.get(episodes.len() / 2), episodes.last())
    {
        println!("episodes: {} to {}, median {}", low.0, high.0, median.0);
    }
    let mut times: Vec<_> = episodes.iter().map(|&(_, _, time)| time).collect();
    times.sort_by(f64::total_cmp);
    if let Some(median) = times.get(times.len() / 2) {
        println!("seconds: median {median:.2}");
    }
    Ok(())
}
