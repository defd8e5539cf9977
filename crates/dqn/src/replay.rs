//! What the agent has seen: the last transitions, and batches of them by chance.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::floats;
use crate::random::Random;
use crate::rows::{Row, flat, flat_mut, rows};
use crate::simd::prefetch;
use crate::sizes::{MAX_ACTIONS, MAX_OBSERVATION};

/// What came of an action: one step of an episode, or several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition<'a> {
    /// What the agent saw.
    pub state: &'a [f32],
    /// What it did.
    pub action: u8,
    /// What that earned; over several steps, with those after the first discounted.
    pub reward: f32,
    /// What it saw then.
    pub next_state: &'a [f32],
    /// The factor on the next state's value: γ, after n steps its nth power, and 0 where the episode ended.
    pub discount: f32,
}

/// A batch of transitions, each part in a list of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// What the agent saw, one observation after the other.
    pub states: Vec<f32>,
    /// What it did.
    pub actions: Vec<u8>,
    /// What that earned.
    pub rewards: Vec<f32>,
    /// What it saw then, one observation after the other.
    pub next_states: Vec<f32>,
    /// The factors on the next states' values, 0 where the episode ended.
    pub discounts: Vec<f32>,
}

impl Batch {
    /// Forgets all transitions.
    pub fn clear(&mut self) {
        self.states.clear();
        self.actions.clear();
        self.rewards.clear();
        self.next_states.clear();
        self.discounts.clear();
    }

    /// Adds a transition.
    pub fn push(&mut self, transition: &Transition<'_>) {
        self.states.extend_from_slice(transition.state);
        self.actions.push(transition.action);
        self.rewards.push(transition.reward);
        self.next_states.extend_from_slice(transition.next_state);
        self.discounts.push(transition.discount);
    }
}

/// The last transitions, up to a capacity; batches are drawn uniformly without replacement.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Saved")]
pub struct Replay {
    capacity: usize,
    /// Numbers in an observation.
    observation: usize,
    /// Where the next transition goes once the capacity is reached.
    next: usize,
    /// Both states of each transition side by side, from the beginning of a cache line on (LunarLander's fill just one):
    /// a batch is few misses.
    states: Vec<Row>,
    /// Rewards and discounts.
    rewards: Vec<[f32; 2]>,
    actions: Vec<u8>,
    chosen: Chosen,
}

impl Replay {
    /// An empty memory of `capacity` transitions between observations of so many numbers.
    ///
    /// # Panics
    ///
    /// An observation of no numbers.
    pub fn new(capacity: usize, observation: usize) -> Self {
        assert!(observation > 0, "an observation of no numbers");
        Self {
            capacity: capacity.max(1),
            observation,
            next: 0,
            states: Vec::new(),
            rewards: Vec::new(),
            actions: Vec::new(),
            chosen: Chosen::default(),
        }
    }

    /// Transitions in memory.
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether nothing has been stored.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Rows that a transition's states fill.
    #[inline]
    fn across(&self) -> usize {
        rows(2 * self.observation)
    }

    /// Stores a transition, in place of the oldest if the memory is full.
    ///
    /// # Panics
    ///
    /// Its observations have another size than the memory's.
    #[inline]
    pub fn push(&mut self, transition: &Transition<'_>) {
        let across = self.across();
        let place = if self.len() < self.capacity {
            self.states.extend(std::iter::repeat_n(Row::ZERO, across));
            self.rewards.push([0.0; 2]);
            self.actions.push(0);
            self.len() - 1
        } else {
            self.next
        };
        let (state, rest) =
            flat_mut(&mut self.states[place * across..][..across]).split_at_mut(self.observation);
        state.copy_from_slice(transition.state);
        rest[..self.observation].copy_from_slice(transition.next_state);
        self.rewards[place] = [transition.reward, transition.discount];
        self.actions[place] = transition.action;
        self.next = (self.next + 1) % self.capacity;
    }

    /// Fills `batch` with `count` different transitions (all, if there are fewer), every set of them as
    /// likely as any other.
    pub fn sample(&mut self, count: usize, random: &mut Random, batch: &mut Batch) {
        batch.clear();
        let (len, across, observation) = (self.len(), self.across(), self.observation);
        let count = count.min(len);
        self.chosen.reset(count);
        // Floyd's algorithm: each of the last `count` positions offers a place at or below itself, and
        // takes its own if that is taken. Bentley and Floyd, "A sample of brilliance" (1987).
        for last in len - count..len {
            let offered = random.below(last as u32 + 1);
            let place = if self.chosen.insert(offered) {
                offered as usize
            } else {
                self.chosen.insert(last as u32);
                last
            };
            // Most places were last touched long ago: while the others are chosen, they come from afar.
            prefetch(&self.states[place * across]);
            prefetch(&self.rewards[place]);
            prefetch(&self.actions[place]);
        }
        for &index in &self.chosen.order {
            let i = index as usize;
            let (state, rest) = flat(&self.states[i * across..][..across]).split_at(observation);
            batch.states.extend_from_slice(state);
            batch.next_states.extend_from_slice(&rest[..observation]);
            let [reward, discount] = self.rewards[i];
            batch.rewards.push(reward);
            batch.discounts.push(discount);
            batch.actions.push(self.actions[i]);
        }
    }
}

/// A set of positions that remembers their order: open addressing at a quarter full, in the first cache.
#[derive(Clone, Debug, Default, PartialEq)]
struct Chosen {
    table: Vec<u32>,
    order: Vec<u32>,
}

const FREE: u32 = u32::MAX;

impl Chosen {
    fn reset(&mut self, count: usize) {
        self.table.clear();
        self.table.resize((4 * count).next_power_of_two(), FREE);
        self.order.clear();
    }

    /// Whether `value` was new.
    #[inline]
    fn insert(&mut self, value: u32) -> bool {
        let mask = self.table.len() - 1;
        let mut slot = (value.wrapping_mul(0x9e37_79b1) >> 12) as usize & mask;
        loop {
            match self.table[slot] {
                FREE => break,
                there if there == value => return false,
                _ => slot = (slot + 1) & mask,
            }
        }
        self.table[slot] = value;
        self.order.push(value);
        true
    }
}

/// The memory as it is saved.
#[derive(Serialize, Deserialize)]
struct Saved {
    capacity: usize,
    observation: usize,
    next: usize,
    #[serde(with = "floats")]
    states: Vec<f32>,
    /// Rewards and discounts in turns.
    #[serde(with = "floats")]
    rewards: Vec<f32>,
    #[serde(with = "floats::bytes")]
    actions: Vec<u8>,
}

impl Serialize for Replay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let states = self.states.chunks_exact(self.across());
        let saved = Saved {
            capacity: self.capacity,
            observation: self.observation,
            next: self.next,
            states: states.flat_map(|states| &flat(states)[..2 * self.observation]).copied().collect(),
            rewards: self.rewards.as_flattened().to_vec(),
            actions: self.actions.clone(),
        };
        saved.serialize(serializer)
    }
}

impl TryFrom<Saved> for Replay {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self, Error> {
        let Saved { capacity, observation, next, states, rewards, actions } = saved;
        let len = actions.len();
        let full = len == capacity;
        let fits = len <= capacity
            && next < capacity
            && (full || next == len)
            && (1..=MAX_OBSERVATION).contains(&observation)
            && states.len() == len * 2 * observation
            && rewards.len() == 2 * len
            && actions.iter().all(|&action| usize::from(action) < MAX_ACTIONS);
        if !fits {
            return Err(Error::State(format!("a replay of {len} transitions out of {capacity}")));
        }
        let mut replay = Self::new(capacity, observation);
        for ((states, rewards), &action) in
            states.chunks_exact(2 * observation).zip(rewards.chunks_exact(2)).zip(&actions)
        {
            let (state, next_state) = states.split_at(observation);
            let (reward, discount) = (rewards[0], rewards[1]);
            replay.push(&Transition { state, action, reward, next_state, discount });
        }
        replay.next = next;
        Ok(replay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(replay: &mut Replay, i: usize) {
        let state = vec![i as f32; replay.observation];
        let next_state: Vec<f32> = state.iter().map(|x| x + 0.5).collect();
        let discount = if i.is_multiple_of(3) { 0.0 } else { 0.99 };
        let (state, next_state) = (&state[..], &next_state[..]);
        replay.push(&Transition { state, action: (i % 4) as u8, reward: -(i as f32), next_state, discount });
    }

    fn filled(capacity: usize, count: usize, observation: usize) -> Replay {
        let mut replay = Replay::new(capacity, observation);
        (0..count).for_each(|i| push(&mut replay, i));
        replay
    }

    /// The numbers of a batch's transitions.
    fn numbers(batch: &Batch, observation: usize) -> Vec<usize> {
        batch.states.chunks(observation).map(|state| state[0] as usize).collect()
    }

    #[test]
    fn the_oldest_give_way() {
        let mut replay = filled(10, 25, 8);
        let mut batch = Batch::default();
        replay.sample(64, &mut Random::new(0), &mut batch);
        let mut seen = numbers(&batch, 8);
        seen.sort_unstable();
        assert_eq!(seen, (15..25).collect::<Vec<_>>());
    }

    #[test]
    fn a_batch_has_no_transition_twice_and_keeps_its_parts_together() {
        for observation in [8, 1, 9, 40] {
            let mut replay = filled(1000, 70, observation);
            let (mut random, mut batch) = (Random::new(5), Batch::default());
            for _ in 0..100 {
                replay.sample(64, &mut random, &mut batch);
                let mut seen = numbers(&batch, observation);
                for (i, &number) in seen.iter().enumerate() {
                    assert_eq!(batch.actions[i], (number % 4) as u8);
                    assert_eq!(batch.rewards[i], -(number as f32));
                    let part = i * observation..(i + 1) * observation;
                    assert!(batch.states[part.clone()].iter().all(|&x| x == number as f32));
                    assert!(batch.next_states[part].iter().all(|&x| x == number as f32 + 0.5));
                    assert_eq!(batch.discounts[i] == 0.0, number.is_multiple_of(3));
                }
                seen.sort_unstable();
                seen.dedup();
                assert_eq!(seen.len(), 64);
            }
        }
    }

    #[test]
    fn every_transition_is_as_likely_as_any_other() {
        let mut replay = filled(1000, 40, 8);
        let (mut random, mut batch) = (Random::new(6), Batch::default());
        let mut counts = [0; 40];
        for _ in 0..10_000 {
            replay.sample(8, &mut random, &mut batch);
            numbers(&batch, 8).into_iter().for_each(|number| counts[number] += 1);
        }
        // 2000 expected; five standard deviations are 200.
        assert!(counts.iter().all(|count| (1800..2200).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_saved_memory_goes_on_the_same() {
        for (count, observation) in [(0, 8), (7, 5), (10, 8), (23, 9)] {
            let mut replay = filled(10, count, observation);
            let bytes = rmp_serde::to_vec(&replay).unwrap();
            let mut again: Replay = rmp_serde::from_slice(&bytes).unwrap();
            push(&mut replay, 99);
            push(&mut again, 99);
            let (mut a, mut b) = (Batch::default(), Batch::default());
            replay.sample(5, &mut Random::new(1), &mut a);
            again.sample(5, &mut Random::new(1), &mut b);
            assert_eq!(a, b);
        }
    }

    #[test]
    fn a_saved_memory_that_does_not_fit_together_is_refused() {
        let bad = |next, observation| Saved {
            capacity: 4,
            observation,
            next,
            states: vec![0.0; 32],
            rewards: vec![0.0; 4],
            actions: vec![0; 2],
        };
        assert!(Replay::try_from(bad(2, 8)).is_ok());
        for (next, observation) in [(3, 8), (2, 7), (2, 0)] {
            assert!(Replay::try_from(bad(next, observation)).is_err());
        }
    }
}
