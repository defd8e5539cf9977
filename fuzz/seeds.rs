//! `seeds TARGET N`: writes N well-formed inputs into `corpus/TARGET`, for the fuzzer to begin with.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let [_, target, n] = &args[..] else { panic!("usage: seeds TARGET N") };
    let sample: fn(u64) -> Vec<u8> = match target.as_str() {
        "c_table" => |seed| mobula::fuzz::sample(0, seed),
        "values" => |seed| mobula::fuzz::sample(1, seed),
        "arguments" => |seed| mobula::fuzz::sample(2, seed),
        "lander_trace" => lunar_lander::trace::fuzz::sample,
        "classic_trace" => classic_control::trace::fuzz::sample,
        _ => panic!("the target is c_table, values, arguments, lander_trace or classic_trace"),
    };
    let folder = Path::new("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    for seed in 0..n.parse().expect("a number of inputs") {
        std::fs::write(folder.join(format!("seed-{seed}")), sample(seed))?;
    }
    Ok(())
}
