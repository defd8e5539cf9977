//! Environments in lockstep whose episodes each have a seed of their own.

use environment::{AutoReset, DiscreteVectorEnvironment};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::random::Random;

/// Environments in lockstep, each in an episode with a seed of its own.
///
/// An episode is made of its seed and its actions: that is what is [saved](Self::save), and whoever goes on plays them again.
/// So an environment needs no way to be saved.
pub struct Lanes {
    environment: Box<dyn DiscreteVectorEnvironment + Send>,
    seeds: Vec<u64>,
    /// The actions of each episode so far.
    actions: Vec<Vec<u8>>,
    /// What each lane sees, row after row.
    observations: Vec<f32>,
    /// The sum of each episode's rewards so far.
    returns: Vec<f64>,
    /// What the last step led to, before the next episode began where one was over.
    next: Vec<f32>,
    rewards: Vec<f64>,
    terminated: Vec<bool>,
    truncated: Vec<bool>,
}

/// Episodes under way, as they are saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedLanes {
    seeds: Vec<u64>,
    actions: Vec<Vec<u8>>,
}

impl Lanes {
    /// So many environments of this kind, with episodes of so many steps at most; every one begins an episode.
    ///
    /// # Errors
    ///
    /// No environments, or no steps.
    pub fn new(
        kind: &dyn DiscreteVectorEnvironment,
        count: usize,
        max_episode_steps: u32,
        random: &mut Random,
    ) -> Result<Self, Error> {
        let mut lanes = Self::empty(kind, count, max_episode_steps)?;
        lanes.seeds.fill_with(|| random.bits());
        lanes.begin()?;
        Ok(lanes)
    }

    fn empty(
        kind: &dyn DiscreteVectorEnvironment,
        count: usize,
        max_episode_steps: u32,
    ) -> Result<Self, Error> {
        let environment = kind.alike(count, AutoReset::Disabled, Some(max_episode_steps))?;
        let size = environment.observation_size();
        Ok(Self {
            environment,
            seeds: vec![0; count],
            actions: vec![Vec::new(); count],
            observations: vec![0.0; size * count],
            returns: vec![0.0; count],
            next: vec![0.0; size * count],
            rewards: vec![0.0; count],
            terminated: vec![false; count],
            truncated: vec![false; count],
        })
    }

    fn begin(&mut self) -> Result<(), Error> {
        let seeds: Vec<u128> = self.seeds.iter().map(|&seed| seed.into()).collect();
        self.observations.copy_from_slice(self.environment.reset_flat(&seeds)?);
        Ok(())
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.seeds.len()
    }

    /// What lane `i` sees.
    #[inline]
    pub fn observation(&self, i: usize) -> &[f32] {
        let size = self.observations.len() / self.seeds.len();
        &self.observations[i * size..][..size]
    }

    /// What the last step led lane `i` to, before the next episode began where one was over.
    #[inline]
    pub fn next_observation(&self, i: usize) -> &[f32] {
        let size = self.next.len() / self.seeds.len();
        &self.next[i * size..][..size]
    }

    /// What the last step earned in lane `i`, and whether the episode ended with it: by its own rules, by the time limit.
    #[inline]
    pub fn outcome(&self, i: usize) -> (f64, bool, bool) {
        (self.rewards[i], self.terminated[i], self.truncated[i])
    }

    /// One step of all; where an episode is over, `ended` is told its lane, its reward and its length, and the next one begins with
    /// a seed that `random` draws.
    ///
    /// # Errors
    ///
    /// As the environment's.
    pub fn step(
        &mut self,
        actions: &[u8],
        random: &mut Random,
        mut ended: impl FnMut(usize, f64, u32),
    ) -> Result<(), Error> {
        let step = self.environment.step_flat(actions)?;
        self.next.copy_from_slice(step.observations);
        self.rewards.copy_from_slice(step.rewards);
        self.terminated.copy_from_slice(step.terminated);
        self.truncated.copy_from_slice(step.truncated);
        self.observations.copy_from_slice(&self.next);
        let size = self.observations.len() / self.seeds.len();
        for (i, &action) in actions.iter().enumerate() {
            self.returns[i] += self.rewards[i];
            self.actions[i].push(action);
            if self.terminated[i] || self.truncated[i] {
                ended(i, self.returns[i], self.actions[i].len() as u32);
                (self.seeds[i], self.returns[i]) = (random.bits(), 0.0);
                self.actions[i].clear();
                let first = self.environment.reset_flat_at(i, self.seeds[i].into());
                self.observations[i * size..][..size].copy_from_slice(first);
            }
        }
        Ok(())
    }

    /// The episodes under way.
    pub fn save(&self) -> SavedLanes {
        SavedLanes { seeds: self.seeds.clone(), actions: self.actions.clone() }
    }

    /// Where these episodes were saved.
    ///
    /// # Errors
    ///
    /// Episodes that are over, or that the environment does not make.
    pub fn restore(
        kind: &dyn DiscreteVectorEnvironment,
        max_episode_steps: u32,
        saved: SavedLanes,
    ) -> Result<Self, Error> {
        let count = saved.seeds.len();
        if saved.actions.len() != count {
            return Err(Error::State(format!(
                "{count} episodes with {} lists of actions",
                saved.actions.len()
            )));
        }
        let mut lanes = Self::empty(kind, count, max_episode_steps)?;
        lanes.seeds = saved.seeds;
        lanes.begin()?;
        let size = lanes.observations.len() / count.max(1);
        // All come to where they were in the same step, so one with a shorter episode begins it later, and takes any action before.
        let longest = saved.actions.iter().map(Vec::len).max().unwrap_or(0);
        let mut actions = vec![0; count];
        for k in 0..longest {
            for (i, all) in saved.actions.iter().enumerate() {
                if k + all.len() == longest {
                    let first = lanes.environment.reset_flat_at(i, lanes.seeds[i].into());
                    lanes.observations[i * size..][..size].copy_from_slice(first);
                    lanes.returns[i] = 0.0;
                }
                actions[i] = if k + all.len() >= longest { all[k + all.len() - longest] } else { 0 };
            }
            let step = lanes.environment.step_flat(&actions)?;
            for (i, all) in saved.actions.iter().enumerate() {
                if k + all.len() < longest {
                    continue;
                }
                if step.terminated[i] || step.truncated[i] {
                    return Err(Error::State("an episode under way that is over".to_owned()));
                }
                lanes.returns[i] += step.rewards[i];
            }
            lanes.observations.copy_from_slice(step.observations);
        }
        // Those that had not taken a step yet.
        for (i, _) in saved.actions.iter().enumerate().filter(|(_, all)| all.is_empty()) {
            let first = lanes.environment.reset_flat_at(i, lanes.seeds[i].into());
            lanes.observations[i * size..][..size].copy_from_slice(first);
        }
        lanes.actions = saved.actions;
        Ok(lanes)
    }
}

#[cfg(test)]
mod tests {
    use lunar_lander::{Batch, Options};

    use super::*;

    #[test]
    fn episodes_under_way_are_played_again_to_where_they_were() {
        let kind = Batch::new(Options::default(), 1).unwrap();
        let mut random = Random::new(3);
        let mut lanes = Lanes::new(&kind, 5, 150, &mut random).unwrap();
        let mut ended = 0;
        for round in 0..6 {
            let saved = lanes.save();
            let bytes = rmp_serde::to_vec(&saved).unwrap();
            let mut again = Lanes::restore(&kind, 150, rmp_serde::from_slice(&bytes).unwrap()).unwrap();
            assert_eq!(again.save(), saved);
            let mut same = random.clone();
            // A step more or less each time, so that some have just begun.
            for step in 0..50 + round {
                let actions: [u8; 5] = std::array::from_fn(|i| ((step * 7 + i * 3 + round) % 4) as u8);
                let (mut ends, mut expected) = (Vec::new(), Vec::new());
                lanes
                    .step(&actions, &mut random, |i, reward, steps| expected.push((i, reward, steps)))
                    .unwrap();
                again.step(&actions, &mut same, |i, reward, steps| ends.push((i, reward, steps))).unwrap();
                assert_eq!(ends, expected);
                ended += ends.len();
                for i in 0..5 {
                    assert_eq!(again.observation(i), lanes.observation(i));
                    assert_eq!(again.next_observation(i), lanes.next_observation(i));
                    assert_eq!(again.outcome(i), lanes.outcome(i));
                }
            }
        }
        assert!(ended > 5, "{ended}");
    }

    #[test]
    fn an_episode_that_cannot_be_is_refused() {
        let kind = Batch::new(Options::default(), 1).unwrap();
        let saved = |actions| SavedLanes { seeds: vec![1], actions };
        let refused = |actions| Lanes::restore(&kind, 150, saved(actions)).err().unwrap().to_string();
        assert!(refused(vec![]).contains("1 episodes with 0 lists"));
        assert!(refused(vec![vec![0; 150]]).contains("under way that is over"));
        assert!(refused(vec![vec![9]]).contains("action 9"));
    }
}
