//! What to do when an actor dies in the middle of a round.

use std::time::Duration;

use mobula::{Error, Ray, Result};

/// Tries again so often, with pauses that grow: a node that died is noticed within half a minute.
const TRIES: u32 = 8;

/// Runs `step`, which may be repeated, until it gets through; `repair` is called before each repetition.
///
/// # Errors
/// What `step` failed with, where it is not the loss of an actor, a node or weights, or where it goes on too long.
pub fn recovering<T>(
    ray: &Ray,
    incidents: &mut Vec<String>,
    mut step: impl FnMut() -> Result<T>,
    mut repair: impl FnMut() -> Result<()>,
) -> Result<T> {
    let mut tries = 0;
    loop {
        let error = match step() {
            Ok(value) => return Ok(value),
            Err(error) if tries < TRIES && is_loss(&error) => error,
            Err(error) => return Err(error),
        };
        ray.check_cancelled()?;
        tries += 1;
        let text = error.to_string();
        incidents.push(text.lines().next().unwrap_or_default().to_string());
        std::thread::sleep(Duration::from_millis(100 << tries));
        // What dies while it is being repaired is seen by the next try.
        let _ = repair();
    }
}

fn is_loss(error: &Error) -> bool {
    match error {
        Error::ActorDied(text) => !text.contains("could not be made"),
        Error::NodeDied(_) | Error::WorkerCrashed(_) | Error::ObjectLost(_) => true,
        Error::TaskFailed { message, .. } => {
            message.contains("has lost the weights") || message.contains("died")
        }
        _ => false,
    }
}
