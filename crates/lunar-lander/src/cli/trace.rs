//! `verify` and `trace`.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use environment::StepError;

use crate::error::OptionsError;
use crate::lander::LunarLander;
use crate::options::Options;
use crate::policy::{self, Chance};
use crate::trace::{
    Field, Form, Policy, ReadError, Reader, Report, VerifyError, Writer, record_episode, verify,
};

/// Why a command on traces failed.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file could not be opened or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be read as a trace.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file could not be replayed.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// An option out of its range.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The policy chose an action that the environment does not have.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// Replays the file `path` and compares every bit. The [`Report`] prints as the command shows it.
///
/// # Errors
///
/// The file cannot be read or replayed.
pub fn verify_report(path: &Path) -> Result<Report, TraceError> {
    let io = |source| TraceError::Io { path: path.display().to_string(), source };
    let reader = Reader::new(File::open(path).map_err(io)?)?;
    Ok(verify(reader.form().options(), reader)?)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} episodes, {} steps", self.episodes, self.records.saturating_sub(self.episodes))?;
        for (i, field) in Field::ALL.iter().enumerate() {
            writeln!(f, "{field:<12} {} mismatches", self.mismatches[i])?;
            if let Some(first) = &self.first[i] {
                let at = format!("episode {} (seed {}), record {}", first.episode, first.seed, first.record);
                writeln!(f, "  first in {at}")?;
                writeln!(f, "  expected {}", first.expected)?;
                writeln!(f, "  found    {}", first.found)?;
            }
        }
        Ok(())
    }
}

/// Who chooses the actions of `trace`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyName {
    /// Each action alike.
    Random,
    /// Nothing.
    Noop,
    /// The hand-written controller.
    Skilful,
}

impl FromStr for PolicyName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "random" => Ok(Self::Random),
            "noop" => Ok(Self::Noop),
            "skilful" => Ok(Self::Skilful),
            _ => Err(format!("policy {name:?} is not one of random, noop, skilful")),
        }
    }
}

/// Records one episode for each seed under the default options, and writes them to `output`, which messages call
/// `path`; returns how many steps they took.
///
/// # Errors
///
/// The output cannot be written.
pub fn write_trace(
    seeds: Range<u32>,
    policy: PolicyName,
    path: &Path,
    output: &mut impl Write,
) -> Result<usize, TraceError> {
    let io = |source| TraceError::Io { path: path.display().to_string(), source };
    let mut output = BufWriter::new(output);
    let mut writer = Writer::new(&mut output, Form::Plain).map_err(io)?;
    let mut lander = LunarLander::new(Options::default())?;
    let noop = crate::action::Action::Discrete(0);
    let mut steps = 0;
    for seed in seeds {
        let mut chance = Chance::new(seed.into());
        let (number, mut act): (_, Box<dyn FnMut(&_) -> _>) = match policy {
            PolicyName::Random => (Policy::Random, Box::new(|_| chance.discrete())),
            PolicyName::Noop => (Policy::Noop, Box::new(|_| noop)),
            PolicyName::Skilful => (Policy::Skilful, Box::new(policy::skilful)),
        };
        let recording = record_episode(&mut lander, seed.into(), number as u32, &mut act)?;
        steps += recording.records.len() - 1;
        writer.write(&recording).map_err(io)?;
    }
    output.flush().map_err(io)?;
    Ok(steps)
}
