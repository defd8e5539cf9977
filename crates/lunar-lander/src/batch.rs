//! Many environments in lockstep.
//!
//! One step of a batch has three parts. What comes before the velocities (random numbers, engines,
//! contacts) and what comes after them (positions, times of impact, rewards) is each environment's own
//! business. Between them, the velocity problems of all environments are solved side by side
//! ([`crate::simd`](Width)), where nine tenths of the time would go otherwise. The results have the bits of
//! [`LunarLander`](crate::LunarLander)'s, whatever the width and whoever the neighbours.

use environment::random::Generator;
use environment::{
    AutoReset, BatchError, DiscreteAction, DiscreteVectorEnvironment, FlatStep, Phase, StepError,
    VectorEnvironment,
};

use crate::action::{Action, Throttle};
use crate::error::OptionsError;
use crate::lander::{BodyState, Draws, Episode};
use crate::observation::{Observation, VectorStep};
use crate::options::Options;
use crate::physics::world::{EDGES, World};
use crate::simd::{Solver, Width};

/// Many environments of the same options, stepped together.
///
/// ```
/// use lunar_lander::{Action, Batch, Options, VectorEnvironment};
///
/// let mut batch = Batch::new(Options::default(), 16)?;
/// batch.reset_from(7);
/// let mut ended = 0;
/// for _ in 0..200 {
///     let step = batch.step(&[Action::Discrete(2); 16])?;
///     ended += step.terminated.iter().filter(|&&done| done).count();
/// }
/// assert!(ended > 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Batch {
    options: Options,
    auto_reset: AutoReset,
    episodes: Vec<Episode>,
    worlds: Vec<World>,
    phases: Vec<Phase>,
    throttles: Vec<Option<Throttle>>,
    /// Those that are reset in the step under way.
    resetting: Vec<usize>,
    solver: Solver,
    observations: Vec<Observation>,
    final_observations: Vec<Observation>,
    rewards: Vec<f64>,
    terminated: Vec<bool>,
    truncated: Vec<bool>,
}

impl Batch {
    /// `count` environments, on the fastest vectors of this processor, reset in the next step after an end.
    ///
    /// # Errors
    ///
    /// An option out of its range, or no environment at all.
    pub fn new(options: Options, count: usize) -> Result<Self, OptionsError> {
        Self::with(options, count, AutoReset::default(), Width::best())
    }

    /// As [`new`](Self::new), with a choice of how to reset and how wide to compute; a width that this
    /// processor does not run gives way to the best that it does.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with(
        options: Options,
        count: usize,
        auto_reset: AutoReset,
        width: Width,
    ) -> Result<Self, OptionsError> {
        options.check()?;
        if count == 0 || u32::try_from(count).is_err() {
            return Err(OptionsError::Empty);
        }
        Ok(Self {
            options,
            auto_reset,
            episodes: vec![Episode::new(options, Generator::new(0)); count],
            worlds: vec![World::new(options.gravity as f32, &[0.0; EDGES]); count],
            phases: vec![Phase::NotReset; count],
            throttles: vec![None; count],
            resetting: Vec::with_capacity(count),
            solver: Solver::new(width),
            observations: vec![[0.0; 8]; count],
            final_observations: vec![[0.0; 8]; count],
            rewards: vec![0.0; count],
            terminated: vec![false; count],
            truncated: vec![false; count],
        })
    }

    /// The options that all environments share.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The width in use.
    pub fn width(&self) -> Width {
        self.solver.width()
    }

    /// Starts an episode everywhere, with seeds `seed`, `seed + 1`, …, as Gymnasium's vector environments
    /// do with a single seed.
    pub fn reset_from(&mut self, seed: u128) -> &[Observation] {
        for (i, episode) in self.episodes.iter_mut().enumerate() {
            episode.random = Generator::new(seed.wrapping_add(i as u128));
        }
        self.start_all()
    }

    /// Starts an episode in environment `index`, with the random numbers of `seed`, or with those that
    /// follow its last episode's.
    ///
    /// # Panics
    ///
    /// There is no environment `index`.
    pub fn reset_at(&mut self, index: usize, seed: Option<u128>) -> Observation {
        if let Some(seed) = seed {
            self.episodes[index].random = Generator::new(seed);
        }
        self.begin(index);
        self.worlds[index].step();
        self.finish(index);
        self.observations[index]
    }

    /// Lets environment `index` rest as if its episode had ended: the next step resets it, earns nothing there and ends
    /// nothing, unless resets are [`Disabled`](AutoReset::Disabled).
    ///
    /// # Panics
    ///
    /// There is no environment `index`.
    pub fn rest(&mut self, index: usize) {
        self.phases[index] = Phase::Ended;
    }

    /// The random numbers that environment `index` goes on with.
    ///
    /// # Panics
    ///
    /// There is no environment `index`.
    pub fn generator(&self, index: usize) -> &Generator {
        &self.episodes[index].random
    }

    /// Lets environment `index` go on with other random numbers.
    ///
    /// # Panics
    ///
    /// There is no environment `index`.
    pub fn set_generator(&mut self, index: usize, generator: Generator) {
        self.episodes[index].random = generator;
    }

    /// What the last reset of environment `index` drew.
    pub fn draws(&self, index: usize) -> &Draws {
        &self.episodes[index].draws
    }

    /// The two numbers between -1 and 1 that the last step of environment `index` drew for the engines.
    pub fn dispersion(&self, index: usize) -> [f64; 2] {
        self.episodes[index].dispersion
    }

    /// The lander, the left leg (-1) and the right leg (+1) of environment `index`.
    pub fn bodies(&self, index: usize) -> [BodyState; 3] {
        BodyState::all(&self.worlds[index])
    }

    fn start_all(&mut self) -> &[Observation] {
        self.solver.clear();
        for i in 0..self.worlds.len() {
            self.begin(i);
            self.state(i);
        }
        self.solver.solve(&mut self.worlds);
        for i in 0..self.worlds.len() {
            self.worlds[i].complete();
            self.finish(i);
        }
        &self.observations
    }

    /// The part of a reset before its step.
    fn begin(&mut self, i: usize) {
        self.worlds[i] = self.episodes[i].start();
        self.phases[i] = Phase::Running;
        self.episodes[i].before(&mut self.worlds[i], Throttle::default());
    }

    /// The part of a reset after its step.
    fn finish(&mut self, i: usize) {
        self.observations[i] = self.episodes[i].after(&self.worlds[i]).observation;
        self.rewards[i] = 0.0;
        self.terminated[i] = false;
        self.truncated[i] = false;
    }

    #[inline]
    fn state(&mut self, i: usize) {
        let world = &mut self.worlds[i];
        if world.prepare() {
            self.solver.push(i as u32, world);
        }
    }

    /// Checks all actions, so that an error leaves every environment as it was.
    fn check(&mut self, actions: impl ExactSizeIterator<Item = Action>) -> Result<(), StepError> {
        if actions.len() != self.worlds.len() {
            return Err(StepError::Count { given: actions.len(), expected: self.worlds.len() });
        }
        for ((throttle, action), &phase) in self.throttles.iter_mut().zip(actions).zip(&self.phases) {
            *throttle = match phase {
                Phase::NotReset => return Err(StepError::NotReset),
                Phase::Running => Some(action.throttle(self.options.continuous)?),
                Phase::Ended => None,
            };
        }
        Ok(())
    }

    /// One step of all, whose throttles [`check`](Self::check) has left.
    fn advance(&mut self) {
        self.solver.clear();
        for i in 0..self.worlds.len() {
            match self.throttles[i] {
                Some(throttle) => {
                    self.episodes[i].steps += 1;
                    self.episodes[i].before(&mut self.worlds[i], throttle);
                }
                None if self.auto_reset == AutoReset::NextStep => self.begin(i),
                None => continue,
            }
            self.state(i);
        }
        self.solver.solve(&mut self.worlds);
        for i in 0..self.worlds.len() {
            if self.throttles[i].is_some() {
                self.worlds[i].complete();
                let step = self.episodes[i].after(&self.worlds[i]);
                self.observations[i] = step.observation;
                self.rewards[i] = step.reward;
                self.terminated[i] = step.terminated;
                self.truncated[i] = step.truncated;
                if step.done() {
                    self.phases[i] = Phase::Ended;
                }
            } else if self.auto_reset == AutoReset::NextStep {
                self.worlds[i].complete();
                self.finish(i);
            } else {
                self.rewards[i] = 0.0;
                if self.auto_reset == AutoReset::SameStep {
                    // Nothing ended in this step, whatever the one before said.
                    self.terminated[i] = false;
                    self.truncated[i] = false;
                }
            }
        }
        if self.auto_reset == AutoReset::SameStep {
            self.reset_ended();
        }
    }

    fn last(&self) -> VectorStep<'_> {
        VectorStep {
            observations: &self.observations,
            rewards: &self.rewards,
            terminated: &self.terminated,
            truncated: &self.truncated,
            final_observations: &self.final_observations,
        }
    }

    /// Resets the environments that ended in this step.
    fn reset_ended(&mut self) {
        if !self.phases.contains(&Phase::Ended) {
            return;
        }
        self.solver.clear();
        self.resetting.clear();
        for i in 0..self.worlds.len() {
            if self.phases[i] == Phase::Ended {
                self.resetting.push(i);
                self.final_observations[i] = self.observations[i];
                self.begin(i);
                self.state(i);
            }
        }
        self.solver.solve(&mut self.worlds);
        for &i in &self.resetting {
            self.worlds[i].complete();
            self.observations[i] = self.episodes[i].after(&self.worlds[i]).observation;
        }
    }
}

impl VectorEnvironment for Batch {
    type Action = Action;
    type Observation = Observation;

    fn count(&self) -> usize {
        self.worlds.len()
    }

    fn reset(&mut self, seeds: &[u128]) -> Result<&[Observation], StepError> {
        if seeds.len() != self.worlds.len() {
            return Err(StepError::Count { given: seeds.len(), expected: self.worlds.len() });
        }
        for (episode, &seed) in self.episodes.iter_mut().zip(seeds) {
            episode.random = Generator::new(seed);
        }
        Ok(self.start_all())
    }

    fn step(&mut self, actions: &[Action]) -> Result<VectorStep<'_>, StepError> {
        self.check(actions.iter().copied())?;
        self.advance();
        Ok(self.last())
    }
}

impl DiscreteVectorEnvironment for Batch {
    fn environments(&self) -> usize {
        self.worlds.len()
    }

    #[inline]
    fn observation_size(&self) -> usize {
        Observation::default().len()
    }

    #[inline]
    fn actions(&self) -> usize {
        Action::COUNT
    }

    fn max_episode_steps(&self) -> Option<u32> {
        Some(self.options.max_episode_steps)
    }

    fn reset_flat(&mut self, seeds: &[u128]) -> Result<&[f32], StepError> {
        Ok(self.reset(seeds)?.as_flattened())
    }

    fn reset_flat_at(&mut self, index: usize, seed: u128) -> &[f32] {
        self.reset_at(index, Some(seed));
        &self.observations[index]
    }

    fn step_flat(&mut self, actions: &[u8]) -> Result<FlatStep<'_>, StepError> {
        self.check(actions.iter().map(|&action| Action::Discrete(action)))?;
        self.advance();
        let VectorStep { observations, rewards, terminated, truncated, final_observations } = self.last();
        let [observations, final_observations] = [observations, final_observations].map(<[_]>::as_flattened);
        Ok(FlatStep { observations, rewards, terminated, truncated, final_observations })
    }

    fn alike(
        &self,
        count: usize,
        auto_reset: AutoReset,
        max_episode_steps: Option<u32>,
    ) -> Result<Box<dyn DiscreteVectorEnvironment + Send>, BatchError> {
        let max_episode_steps = max_episode_steps.unwrap_or(self.options.max_episode_steps);
        let options = Options { max_episode_steps, ..self.options };
        // All other options were checked when this batch was made.
        let batch = Self::with(options, count, auto_reset, self.width()).map_err(|error| match error {
            OptionsError::NoSteps => BatchError::NoSteps,
            _ => BatchError::Count(count),
        })?;
        Ok(Box::new(batch))
    }
}
