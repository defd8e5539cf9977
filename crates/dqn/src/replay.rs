//! What the agent has seen: the last transitions, and batches of them by chance.

use serde::{Deserialize, Serialize};

use crate::config::{ACTIONS, STATE};
use crate::error::Error;
use crate::floats;
use crate::random::Random;
use crate::simd::prefetch;

/// One step of an episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// What the agent saw.
    pub state: [f32; STATE],
    /// What it did, 0 to 3.
    pub action: u8,
    /// What that earned.
    pub reward: f32,
    /// What it saw then.
    pub next_state: [f32; STATE],
    /// Whether the episode ended, be it by the time limit.
    pub done: bool,
}

/// A batch of transitions, each part in a list of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// What the agent saw.
    pub states: Vec<[f32; STATE]>,
    /// What it did, 0 to 3.
    pub actions: Vec<u8>,
    /// What that earned.
    pub rewards: Vec<f32>,
    /// What it saw then.
    pub next_states: Vec<[f32; STATE]>,
    /// Whether the episode ended.
    pub dones: Vec<bool>,
}

impl Batch {
    /// Forgets all transitions.
    pub fn clear(&mut self) {
        self.states.clear();
        self.actions.clear();
        self.rewards.clear();
        self.next_states.clear();
        self.dones.clear();
    }

    /// Adds a transition.
    pub fn push(&mut self, transition: &Transition) {
        self.states.push(transition.state);
        self.actions.push(transition.action);
        self.rewards.push(transition.reward);
        self.next_states.push(transition.next_state);
        self.dones.push(transition.done);
    }
}

/// Both states of a transition, in one cache line: a batch is as many misses as it has transitions.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
struct States([[f32; STATE]; 2]);

/// The last transitions, up to a capacity; batches are drawn uniformly without replacement.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Saved")]
pub struct Replay {
    capacity: usize,
    /// Where the next transition goes once the capacity is reached.
    next: usize,
    states: Vec<States>,
    rewards: Vec<f32>,
    /// Twice the action, plus 1 at an end.
    actions: Vec<u8>,
    chosen: Chosen,
}

impl Replay {
    /// An empty memory of `capacity` transitions.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            next: 0,
            states: Vec::new(),
            rewards: Vec::new(),
            actions: Vec::new(),
            chosen: Chosen::default(),
        }
    }

    /// Transitions in memory.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether nothing has been stored.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Stores a transition, in place of the oldest if the memory is full.
    #[inline]
    pub fn push(&mut self, transition: &Transition) {
        let states = States([transition.state, transition.next_state]);
        let action = transition.action << 1 | u8::from(transition.done);
        if self.len() < self.capacity {
            self.states.push(states);
            self.rewards.push(transition.reward);
            self.actions.push(action);
        } else {
            self.states[self.next] = states;
            self.rewards[self.next] = transition.reward;
            self.actions[self.next] = action;
        }
        self.next = (self.next + 1) % self.capacity;
    }

    /// Fills `batch` with `count` different transitions (all, if there are fewer), every set of them as
    /// likely as any other.
    pub fn sample(&mut self, count: usize, random: &mut Random, batch: &mut Batch) {
        batch.clear();
        let len = self.len();
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
            prefetch(&self.states[place]);
            prefetch(&self.rewards[place]);
            prefetch(&self.actions[place]);
        }
        for &index in &self.chosen.order {
            let i = index as usize;
            let States([state, next_state]) = self.states[i];
            batch.states.push(state);
            batch.next_states.push(next_state);
            batch.rewards.push(self.rewards[i]);
            batch.actions.push(self.actions[i] >> 1);
            batch.dones.push(self.actions[i] & 1 == 1);
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
    next: usize,
    #[serde(with = "floats")]
    states: Vec<f32>,
    #[serde(with = "floats")]
    rewards: Vec<f32>,
    #[serde(with = "floats::bytes")]
    actions: Vec<u8>,
}

impl Serialize for Replay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let saved = Saved {
            capacity: self.capacity,
            next: self.next,
            states: self.states.iter().flat_map(|states| states.0).flatten().collect(),
            rewards: self.rewards.clone(),
            actions: self.actions.clone(),
        };
        saved.serialize(serializer)
    }
}

impl TryFrom<Saved> for Replay {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self, Error> {
        let Saved { capacity, next, states, rewards, actions } = saved;
        let len = actions.len();
        let full = len == capacity;
        let fits = len <= capacity
            && next < capacity
            && (full || next == len)
            && states.len() == len * 2 * STATE
            && rewards.len() == len
            && actions.iter().all(|&action| usize::from(action >> 1) < ACTIONS);
        if !fits {
            return Err(Error::State(format!("a replay of {len} transitions out of {capacity}")));
        }
        let (chunks, _) = states.as_chunks::<STATE>();
        let (pairs, _) = chunks.as_chunks::<2>();
        let states = pairs.iter().map(|&pair| States(pair)).collect();
        Ok(Self { capacity, next, states, rewards, actions, chosen: Chosen::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(i: usize) -> Transition {
        let state = [i as f32; STATE];
        Transition {
            state,
            action: (i % 4) as u8,
            reward: -(i as f32),
            next_state: state.map(|x| x + 0.5),
            done: i.is_multiple_of(3),
        }
    }

    fn filled(capacity: usize, count: usize) -> Replay {
        let mut replay = Replay::new(capacity);
        (0..count).for_each(|i| replay.push(&numbered(i)));
        replay
    }

    #[test]
    fn the_oldest_give_way() {
        let mut replay = filled(10, 25);
        let mut batch = Batch::default();
        replay.sample(64, &mut Random::new(0), &mut batch);
        let mut seen: Vec<_> = batch.states.iter().map(|state| state[0] as usize).collect();
        seen.sort_unstable();
        assert_eq!(seen, (15..25).collect::<Vec<_>>());
    }

    #[test]
    fn a_batch_has_no_transition_twice_and_keeps_its_parts_together() {
        let mut replay = filled(1000, 70);
        let (mut random, mut batch) = (Random::new(5), Batch::default());
        for _ in 0..100 {
            replay.sample(64, &mut random, &mut batch);
            let mut seen: Vec<_> = batch.states.iter().map(|state| state[0] as usize).collect();
            for (i, &index) in seen.iter().enumerate() {
                let expected = numbered(index);
                assert_eq!(batch.actions[i], expected.action);
                assert_eq!(batch.rewards[i], expected.reward);
                assert_eq!(batch.next_states[i], expected.next_state);
                assert_eq!(batch.dones[i], expected.done);
            }
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 64);
        }
    }

    #[test]
    fn every_transition_is_as_likely_as_any_other() {
        let mut replay = filled(1000, 40);
        let (mut random, mut batch) = (Random::new(6), Batch::default());
        let mut counts = [0; 40];
        for _ in 0..10_000 {
            replay.sample(8, &mut random, &mut batch);
            batch.states.iter().for_each(|state| counts[state[0] as usize] += 1);
        }
        // 2000 expected; five standard deviations are 200.
        assert!(counts.iter().all(|count| (1800..2200).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_saved_memory_goes_on_the_same() {
        for count in [0, 7, 10, 23] {
            let mut replay = filled(10, count);
            let bytes = rmp_serde::to_vec(&replay).unwrap();
            let mut again: Replay = rmp_serde::from_slice(&bytes).unwrap();
            replay.push(&numbered(99));
            again.push(&numbered(99));
            let (mut a, mut b) = (Batch::default(), Batch::default());
            replay.sample(5, &mut Random::new(1), &mut a);
            again.sample(5, &mut Random::new(1), &mut b);
            assert_eq!(a, b);
        }
    }

    #[test]
    fn a_saved_memory_that_does_not_fit_together_is_refused() {
        let bad =
            Saved { capacity: 4, next: 3, states: vec![0.0; 32], rewards: vec![0.0; 2], actions: vec![0; 2] };
        assert!(Replay::try_from(bad).is_err());
        let bad =
            Saved { capacity: 4, next: 2, states: vec![0.0; 32], rewards: vec![0.0; 2], actions: vec![9; 2] };
        assert!(Replay::try_from(bad).is_err());
    }
}
