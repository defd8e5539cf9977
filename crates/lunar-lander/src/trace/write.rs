//! Writing recorded episodes.

use std::io::{self, Write};

use environment::{Environment, StepError};

use super::{Form, MAGIC, Record, Recording};
use crate::action::Action;
use crate::lander::LunarLander;
use crate::observation::{Observation, Step};

/// Writes episodes in the form of a [trace](super).
pub struct Writer<W> {
    output: W,
    form: Form,
}

impl<W: Write> Writer<W> {
    /// Starts a file.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn new(mut output: W, form: Form) -> io::Result<Self> {
        if let Form::WithOptions(options) = form {
            output.write_all(&MAGIC)?;
            output.write_all(&u32::from(options.continuous).to_le_bytes())?;
            output.write_all(&options.gravity.to_le_bytes())?;
            output.write_all(&u32::from(options.enable_wind).to_le_bytes())?;
            output.write_all(&options.wind_power.to_le_bytes())?;
            output.write_all(&options.turbulence_power.to_le_bytes())?;
            output.write_all(&options.max_episode_steps.to_le_bytes())?;
        }
        Ok(Self { output, form })
    }

    /// Writes an episode.
    ///
    /// # Errors
    ///
    /// The output cannot be written, or the plain form has no room for the seed or for an action.
    pub fn write(&mut self, recording: &Recording) -> io::Result<()> {
        let invalid = |what| io::Error::new(io::ErrorKind::InvalidInput, what);
        match self.form {
            Form::Plain => {
                let seed = u32::try_from(recording.seed)
                    .map_err(|_| invalid("a seed of more than 32 bits needs the form with options"))?;
                self.output.write_all(&seed.to_le_bytes())?;
            }
            Form::WithOptions(_) => self.output.write_all(&recording.seed.to_le_bytes())?,
        }
        let count =
            u32::try_from(recording.records.len()).map_err(|_| invalid("an episode of too many records"))?;
        self.output.write_all(&recording.policy.to_le_bytes())?;
        self.output.write_all(&count.to_le_bytes())?;
        for value in recording.draws.heights.iter().chain(&recording.draws.force) {
            self.output.write_all(&value.to_le_bytes())?;
        }
        for record in &recording.records {
            self.record(record)?;
        }
        Ok(())
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        match (record.action, self.form.options().continuous) {
            (Action::Discrete(action), false) => self.output.write_all(&i32::from(action).to_le_bytes())?,
            (Action::Continuous(throttles), true) => {
                for throttle in throttles {
                    self.output.write_all(&throttle.to_le_bytes())?;
                }
            }
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "an action of the other kind")),
        }
        for value in record.dispersion {
            self.output.write_all(&value.to_le_bytes())?;
        }
        let bodies = record.bodies.iter().flat_map(|b| [b.x, b.y, b.angle, b.vx, b.vy, b.omega]);
        for value in record.observation.into_iter().chain(bodies) {
            self.output.write_all(&value.to_le_bytes())?;
        }
        self.output.write_all(&record.reward.to_le_bytes())?;
        self.output.write_all(&i32::from(record.terminated).to_le_bytes())
    }
}

/// Runs one episode with `act` and records it.
///
/// # Errors
///
/// `act` returned an action that the environment does not have.
pub fn record_episode(
    lander: &mut LunarLander,
    seed: u128,
    policy: u32,
    mut act: impl FnMut(&Observation) -> Action,
) -> Result<Recording, StepError> {
    let mut observation = lander.reset(seed);
    let noop = Action::noop(lander.options());
    let mut records = Vec::new();
    let mut push = |lander: &LunarLander, action, step: &Step| {
        records.push(Record {
            action,
            dispersion: lander.dispersion(),
            observation: step.observation,
            bodies: lander.bodies(),
            reward: step.reward,
            terminated: step.terminated,
        });
    };
    push(lander, noop, &Step { observation, reward: 0.0, terminated: false, truncated: false });
    loop {
        let action = act(&observation);
        let step = lander.step(action)?;
        push(lander, action, &step);
        observation = step.observation;
        if step.done() {
            break;
        }
    }
    Ok(Recording { seed, policy, draws: *lander.draws(), records })
}
