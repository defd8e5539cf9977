//! Which Python makes the environments.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Error, Result};

/// The oldest Python that the newest Ray runs on.
const OLDEST: (u32, u32) = (3, 10);
/// In this order: 3.11 has wheels of every Ray from 2.43 on, newer ones have not.
const PROGRAMS: [&str; 5] = ["python3.11", "python3.12", "python3.10", "python3", "python"];
/// Prints the version, and whether environments can be made (Debian ships `ensurepip` separately).
const QUESTION: &str = "\
import importlib.util, sys
print(*sys.version_info[:2], all(importlib.util.find_spec(m) for m in ('venv', 'ensurepip')))";

/// The interpreter to make environments with: `MOBULA_TEST_PYTHON`, else the first of [`PROGRAMS`] that fits.
pub(super) fn find() -> Result<PathBuf> {
    match std::env::var_os("MOBULA_TEST_PYTHON").filter(|program| !program.is_empty()) {
        Some(program) => first_of(&[PathBuf::from(program)]),
        None => first_of(&PROGRAMS.map(PathBuf::from)),
    }
}

/// The first program that is a Python new enough and complete.
pub(super) fn first_of(programs: &[PathBuf]) -> Result<PathBuf> {
    let mut tried = Vec::new();
    let mut bare = None;
    for program in programs {
        match ask(program) {
            Some((version, true)) if version >= OLDEST => return Ok(program.clone()),
            Some((version, false)) if version >= OLDEST => bare = bare.or(Some(program)),
            Some((version, _)) => {
                tried.push(format!("{}: {}.{}", program.display(), version.0, version.1));
            }
            None => tried.push(format!("{}: does not run", program.display())),
        }
    }
    Err(match bare {
        Some(program) => Error::NoVenv { python: program.display().to_string() },
        None => Error::NoPython { tried: tried.join(", ") },
    })
}

/// Its version, and whether it can make environments.
fn ask(program: &Path) -> Option<((u32, u32), bool)> {
    let output = Command::new(program).args(["-c", QUESTION]).stdin(Stdio::null()).output().ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    let mut words = answer.split_ascii_whitespace();
    let version = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((version, words.next()? == "True"))
}
