//! Checks that are errors, not panics: a case runs in the driver, where a panic would end them all.

use std::fmt::Debug;

use anyhow::{Result, bail};
use mobula::Error;

/// Fails where the two differ.
#[track_caller]
pub fn equal<A: PartialEq<B> + Debug, B: Debug>(actual: A, expected: B) -> Result<()> {
    if actual != expected {
        bail!("{}: {actual:?} instead of {expected:?}", std::panic::Location::caller());
    }
    Ok(())
}

/// Fails where the condition does not hold.
#[track_caller]
pub fn holds(condition: bool, what: impl Debug) -> Result<()> {
    if !condition {
        bail!("{}: {what:?}", std::panic::Location::caller());
    }
    Ok(())
}

/// Fails where there is no error, or another than `expected` accepts.
#[track_caller]
pub fn fails<T: Debug>(outcome: mobula::Result<T>, expected: fn(&Error) -> bool) -> Result<Error> {
    match outcome {
        Err(error) if expected(&error) => Ok(error),
        other => bail!("{}: {other:?}", std::panic::Location::caller()),
    }
}
