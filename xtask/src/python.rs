//! `cargo xtask python`: an environment's interpreter.

use anyhow::{Result, bail};
use clap::Args;
use mobula_testkit::python::{Environment, RAY_VERSIONS, Spec};

/// Make a Python environment, unless it is there, and print its interpreter
///
/// Environments are kept under the build folder, or under MOBULA_TEST_VENVS.
#[derive(Args)]
pub struct Arguments {
    /// The environment's name; `ray-VERSION` needs no requirements [default: the newest Ray]
    name: Option<String>,
    /// What pip installs into it
    #[arg(value_name = "REQUIREMENT")]
    requirements: Vec<String>,
}

/// Prints the path, and nothing else, on stdout.
pub fn run(arguments: Arguments) -> Result<()> {
    let environment = Environment::ensure(&spec(arguments)?)?;
    println!("{}", environment.python().display());
    Ok(())
}

fn spec(arguments: Arguments) -> Result<Spec> {
    let Some(name) = arguments.name else { return Ok(Spec::ray(RAY_VERSIONS[0])) };
    if !arguments.requirements.is_empty() {
        return Ok(Spec::new(name, arguments.requirements));
    }
    match name.strip_prefix("ray-") {
        Some(version) => Ok(Spec::ray(version)),
        None => bail!(
            "no requirements for the environment {name}\n\nhint: `cargo xtask python {name} REQUIREMENT...`, or \
             `cargo xtask python ray-{}`",
            RAY_VERSIONS[0]
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: Option<&str>, requirements: &[&str]) -> Result<Spec> {
        let requirements = requirements.iter().map(|word| (*word).to_owned()).collect();
        spec(Arguments { name: name.map(str::to_owned), requirements })
    }

    #[test]
    fn rays_environments_need_no_requirements_and_others_do() {
        assert_eq!(of(None, &[]).unwrap(), Spec::ray(RAY_VERSIONS[0]));
        assert_eq!(of(Some("ray-2.43.0"), &[]).unwrap(), Spec::ray("2.43.0"));
        assert_eq!(of(Some("peers"), &["polars", "rich"]).unwrap(), Spec::new("peers", ["polars", "rich"]));
        assert!(of(Some("peers"), &[]).unwrap_err().to_string().contains("hint: "));
    }
}
