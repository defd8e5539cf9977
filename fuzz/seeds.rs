//! `seeds TARGET N`: writes N well-formed inputs into `corpus/TARGET`, for the fuzzer to begin with.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let [_, target, n] = &args[..] else { panic!("usage: seeds TARGET N") };
    let kind = ["c_table", "values", "arguments"].iter().position(|name| name == target);
    let kind = kind.expect("the target is c_table, values or arguments") as u8;
    let folder = Path::new("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    for seed in 0..n.parse().expect("a number of inputs") {
        std::fs::write(folder.join(format!("seed-{seed}")), mobula::fuzz::sample(kind, seed))?;
    }
    Ok(())
}
