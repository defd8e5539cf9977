//! Reads a checkpoint, prints the rewards of games 42 to 51, and writes it again: `convert FROM [TO]`.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let from = arguments.next().ok_or("usage: convert FROM [TO]")?;
    let weights = dqn::checkpoint::load(Path::new(&from))?;
    let seeds: Vec<u64> = (42..52).collect();
    for (seed, game) in seeds.iter().zip(dqn::play(&weights, &seeds, 1000)?) {
        println!("{seed} {:?} {}", game.reward, game.steps);
    }
    if let Some(to) = arguments.next() {
        dqn::checkpoint::save(&weights, Path::new(&to))?;
    }
    Ok(())
}
