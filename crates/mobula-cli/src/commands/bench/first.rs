//! The line of `mobula bench core` about what a program meets first on a cluster: its workers.

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use mobula::{ObjectRef, Ray};

use super::core::PYTHON;

/// Time from attach to the first results, as a process of its own; `bench core` on a cluster starts it.
#[derive(Debug, clap::Args)]
pub struct First {}

#[mobula::task]
fn first() {}

/// When this process had attached, in seconds since 1970; the host sets it.
const ATTACHED: &str = "MOBULA_HOST_ATTACHED";

impl First {
    /// Prints the seconds that passed between the attach and the results of two tasks.
    pub fn run(&self, ray: &Ray) -> Result<()> {
        let tasks = (0..2).map(|_| first::remote().spread().submit(ray));
        let tasks: Vec<ObjectRef<()>> = tasks.collect::<mobula::Result<_>>()?;
        ray.get(&tasks)?;
        let attached: f64 = std::env::var(ATTACHED).context("this is for a cluster")?.parse()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
        Ok(writeln!(io::stdout(), "{}", now - attached)?)
    }
}

/// One of each, begun anew: results per second, as the other lines have it, ours first.
pub fn round(ours_first: bool) -> Result<(f64, f64)> {
    if ours_first {
        let ours = ours()?;
        return Ok((ours, theirs()?));
    }
    let theirs = theirs()?;
    Ok((ours()?, theirs))
}

fn ours() -> Result<f64> {
    let executable = mobula::args().into_iter().next().context("this program has no name")?;
    let mut command = Command::new(executable);
    command.args(["bench", "first", "--address"]).arg(variable("MOBULA_HOST_ADDRESS")?);
    rate(command.env("MOBULA_PYTHON", variable("MOBULA_HOST_PYTHON")?))
}

fn theirs() -> Result<f64> {
    let mut command = Command::new(variable("MOBULA_HOST_PYTHON")?);
    rate(command.args(["-c", PYTHON]).arg(variable("MOBULA_HOST_ADDRESS")?).arg("first"))
}

fn variable(name: &str) -> Result<std::ffi::OsString> {
    std::env::var_os(name).context("this process is not hosted by Python")
}

fn rate(command: &mut Command) -> Result<f64> {
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot start a driver")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let seconds = said.trim().parse::<f64>();
    match seconds {
        Ok(seconds) if output.status.success() => Ok(1.0 / seconds),
        _ => bail!("a driver ended with {} and said {said:?}", output.status),
    }
}
