//! Steps per second, one at a time and in a batch, for random and for skilful actions.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use environment::{AutoReset, Environment, StepError, VectorEnvironment};

use crate::action::Action;
use crate::batch::Batch;
use crate::error::OptionsError;
use crate::lander::LunarLander;
use crate::observation::Observation;
use crate::options::Options;
use crate::policy::{self, Chance};
use crate::simd::Width;

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// `random` or `skilful`.
    pub actions: &'static str,
    /// Environments stepped together; 1 is [`LunarLander`].
    pub count: usize,
    /// The width of the batch.
    pub width: Option<Width>,
    /// Steps per second of one core, resets included, the choice of the actions not.
    pub steps_per_second: f64,
}

/// All measurements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// In the order in which they were made.
    pub rows: Vec<Row>,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<8} {:>12}  {:<10} {:>12}", "actions", "environments", "width", "steps/s")?;
        for row in &self.rows {
            let width = row.width.map_or("-".to_owned(), |width| format!("{width:?}"));
            let Row { actions, count, steps_per_second, .. } = row;
            writeln!(f, "{actions:<8} {count:>12}  {width:<10} {steps_per_second:>12.0}")?;
        }
        Ok(())
    }
}

/// What went wrong in a measurement; neither happens with the options used here.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// An option out of its range.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// An action that the environment does not have.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// Measures for about `time` per row.
///
/// # Errors
///
/// None in practice, see [`BenchError`].
pub fn run(time: Duration) -> Result<Table, BenchError> {
    let mut table = Table::default();
    for actions in ["random", "skilful"] {
        table.rows.push(scalar(actions, time)?);
        for count in [16, 64, 256] {
            table.rows.push(batch(actions, count, time)?);
        }
    }
    Ok(table)
}

/// Chooses the actions: `random` ones are drawn, others are the controller's.
fn choose(actions: &str, chance: &mut Chance, observation: &Observation) -> Action {
    if actions == "random" { chance.discrete() } else { policy::skilful(observation) }
}

/// [`LunarLander`], one step after the other.
///
/// # Errors
///
/// As [`run`].
pub fn scalar(actions: &'static str, time: Duration) -> Result<Row, BenchError> {
    let mut lander = LunarLander::new(Options::default())?;
    let mut chance = Chance::new(1);
    let mut observation = lander.reset(1);
    let (mut steps, mut spent) = (0_u64, Duration::ZERO);
    while spent < time {
        // The clock takes as long as a controller: it is read once for many steps.
        let start = Instant::now();
        for _ in 0..1000 {
            let step = lander.step(choose(actions, &mut chance, &observation))?;
            observation = if step.done() { lander.reset_next() } else { step.observation };
        }
        steps += 1000;
        spent += start.elapsed();
    }
    black_box(observation);
    Ok(Row { actions, count: 1, width: None, steps_per_second: steps as f64 / spent.as_secs_f64() })
}

/// A [`Batch`] of `count` environments on the best width.
///
/// # Errors
///
/// As [`run`].
pub fn batch(actions: &'static str, count: usize, time: Duration) -> Result<Row, BenchError> {
    let mut batch = Batch::with(Options::default(), count, AutoReset::NextStep, Width::best())?;
    let mut chance = Chance::new(1);
    let mut observations = batch.reset_from(1).to_vec();
    let mut chosen = vec![Action::Discrete(0); count];
    let (mut steps, mut spent) = (0_u64, Duration::ZERO);
    while spent < time {
        for (action, observation) in chosen.iter_mut().zip(&observations) {
            *action = choose(actions, &mut chance, observation);
        }
        let start = Instant::now();
        let step = batch.step(&chosen)?;
        spent += start.elapsed();
        observations.copy_from_slice(step.observations);
        steps += count as u64;
    }
    let steps_per_second = steps as f64 / spent.as_secs_f64();
    Ok(Row { actions, count, width: Some(batch.width()), steps_per_second })
}
