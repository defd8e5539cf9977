//! What both engines promise: one suite of cases, run embedded and on Ray with the same bodies.
//!
//! A case is a function that gets a [`Ray`] and fails with an `Err`. `tests/local.rs` makes a test of each; the
//! program runs them one after another wherever `--address` says.

mod cases;
mod check;
mod scenes;

use std::io::Write;
use std::time::Instant;

use mobula::Ray;

pub use cases::CASES;

/// One promise.
pub struct Case {
    /// `module::function`.
    pub name: &'static str,
    /// Fails where the promise is not kept.
    pub body: fn(&Ray) -> anyhow::Result<()>,
}

/// Runs the cases whose names contain one of the arguments, or all; exits with 1 where one failed. With `--scene NAME`,
/// plays that scene.
#[mobula::main]
pub fn main(ray: &Ray) -> anyhow::Result<u8> {
    let mut args = mobula::args().into_iter().skip(1).filter_map(|arg| arg.into_string().ok());
    let mut filters = Vec::new();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--address" => drop(args.next()),
            "--scene" => {
                scenes::play(ray, &args.next().unwrap_or_default())?;
                return Ok(0);
            }
            _ if arg.starts_with("--") => {}
            _ => filters.push(arg),
        }
    }
    println!("{}", ray.describe()?);
    let (mut passed, mut failed) = (0, 0);
    for case in
        CASES.iter().filter(|case| filters.is_empty() || filters.iter().any(|f| case.name.contains(f)))
    {
        let start = Instant::now();
        match (case.body)(ray) {
            Ok(()) => {
                passed += 1;
                println!("{} ... ok ({:.2} s)", case.name, start.elapsed().as_secs_f64());
            }
            Err(error) => {
                failed += 1;
                println!("{} ... FAILED: {error:#}", case.name);
            }
        }
        std::io::stdout().flush()?;
    }
    println!("{passed} passed, {failed} failed");
    Ok(u8::from(failed > 0 || passed == 0))
}
