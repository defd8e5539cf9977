//! Seeds, limits, ends and resets of environments made of rules.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use environment::random::Generator;
use environment::{
    AutoReset, BatchError, Discrete, DiscreteVectorEnvironment, Dynamics, Environment, Single, StepError,
    Transition, VectorEnvironment, Vectorized,
};

/// Counts up by the action; ends at 3 or more.
#[derive(Clone, Debug, Default)]
struct Count(f32);

impl Dynamics for Count {
    type Action = Discrete<3>;
    type Observation = [f32; 2];

    fn start(&mut self, random: &mut Generator) -> [f32; 2] {
        self.0 = 0.0;
        [0.0, random.uniform(0.0, 1.0) as f32]
    }

    fn step(&mut self, action: Discrete<3>, _: &mut Generator) -> Transition<[f32; 2]> {
        self.0 += action.index() as f32;
        Transition { observation: [self.0, -1.0], reward: f64::from(self.0), terminated: self.0 >= 3.0 }
    }
}

fn add(n: u8) -> Discrete<3> {
    Discrete::new(n).unwrap()
}

/// The second number that `seed`'s episode number `n` starts with.
fn start(seed: u128, n: usize) -> f32 {
    let mut random = Generator::new(seed);
    (0..=n).map(|_| random.uniform(0.0, 1.0) as f32).last().unwrap()
}

fn two(auto_reset: AutoReset) -> Vectorized<Count> {
    let mut two = Vectorized::new(Count::default(), 2, auto_reset).unwrap().time_limit(4).unwrap();
    assert_eq!(two.reset(&[10, 20]).unwrap(), [[0.0, start(10, 0)], [0.0, start(20, 0)]]);
    two
}

#[test]
fn one_ends_by_its_rules_or_by_the_limit() {
    let mut one = Single::new(Count::default()).time_limit(2).unwrap();
    assert_eq!(one.step(add(0)), Err(StepError::NotReset));
    one.reset(10);
    assert!(!one.step(add(1)).unwrap().done());
    // Both at once are both told, as Gymnasium does.
    let step = one.step(add(2)).unwrap();
    assert!(step.terminated && step.truncated && step.reward == 3.0);
    assert_eq!(one.step(add(0)), Err(StepError::Ended));
    assert_eq!(one.reset_next(), [0.0, start(10, 1)]);
    assert_eq!(Single::new(Count::default()).time_limit(0).unwrap_err(), BatchError::NoSteps);
}

#[test]
fn the_same_step_resets() {
    let mut two = two(AutoReset::SameStep);
    two.step(&[add(2), add(0)]).unwrap();
    let step = two.step(&[add(2), add(1)]).unwrap();
    assert_eq!(step.observations, [[0.0, start(10, 1)], [1.0, -1.0]]);
    assert_eq!((step.final_observations[0], step.rewards), ([4.0, -1.0], &[4.0, 1.0][..]));
    assert_eq!((step.terminated, step.truncated), (&[true, false][..], &[false, false][..]));
    let step = two.step(&[add(1), add(0)]).unwrap();
    assert_eq!((step.observations[0], step.terminated[0]), ([1.0, -1.0], false));
    // The second has had four steps.
    let step = two.step(&[add(1), add(0)]).unwrap();
    assert_eq!((step.truncated, step.terminated), (&[false, true][..], &[false, false][..]));
    assert_eq!((step.final_observations[1], step.observations[1]), ([1.0, -1.0], [0.0, start(20, 1)]));
}

#[test]
fn the_next_step_resets_and_earns_nothing() {
    let mut two = two(AutoReset::NextStep);
    two.step(&[add(2), add(0)]).unwrap();
    assert_eq!(two.step(&[add(2), add(0)]).unwrap().observations[0], [4.0, -1.0]);
    let step = two.step(&[add(2), add(0)]).unwrap();
    assert_eq!(
        (step.observations[0], step.rewards[0], step.terminated[0]),
        ([0.0, start(10, 1)], 0.0, false)
    );
    assert_eq!(two.step(&[add(2), add(0)]).unwrap().observations[0], [2.0, -1.0]);
}

#[test]
fn who_is_not_reset_rests() {
    let mut two = two(AutoReset::Disabled);
    two.step(&[add(2), add(0)]).unwrap();
    two.step(&[add(2), add(0)]).unwrap();
    let step = two.step(&[add(2), add(1)]).unwrap();
    assert_eq!(
        (step.observations[0], step.rewards, step.terminated[0]),
        ([4.0, -1.0], &[0.0, 1.0][..], true)
    );
    assert_eq!(two.reset_at(0, Some(30)), [0.0, start(30, 0)]);
    assert_eq!(two.step(&[add(1), add(0)]).unwrap().observations[0], [1.0, -1.0]);
    assert_eq!(two.reset_at(0, None), [0.0, start(30, 1)]);
}

#[test]
fn what_cannot_be_stepped_is_refused_and_nothing_changes() {
    let none = Vectorized::new(Count::default(), 0, AutoReset::SameStep);
    assert_eq!(none.unwrap_err(), BatchError::Count(0));
    let mut fresh = Vectorized::new(Count::default(), 2, AutoReset::SameStep).unwrap();
    assert_eq!(fresh.step(&[add(0); 2]).unwrap_err(), StepError::NotReset);
    fresh.reset_at(0, Some(1));
    assert_eq!(fresh.step(&[add(0); 2]).unwrap_err(), StepError::NotReset, "the other one");
    let mut two = two(AutoReset::SameStep);
    assert_eq!(two.step(&[add(0)]).unwrap_err(), StepError::Count { given: 1, expected: 2 });
    assert_eq!(two.reset(&[1, 2, 3]).unwrap_err(), StepError::Count { given: 3, expected: 2 });
    let error = two.step_flat(&[1, 3]).unwrap_err();
    assert_eq!(error, StepError::Discrete { given: 3, count: 3 });
    assert_eq!(error.to_string(), "action 3 is not one of the 3 from 0 to 2");
    assert_eq!(two.step_flat(&[1, 0]).unwrap().observations, [1.0, -1.0, 0.0, -1.0], "nobody had moved");
}

/// A learner that chooses its environment by name holds a box.
#[test]
fn a_box_is_what_is_in_it() {
    let mut boxed: Box<dyn DiscreteVectorEnvironment + Send> = Box::new(two(AutoReset::SameStep));
    let mut again = boxed.alike(3, AutoReset::NextStep, None).unwrap();
    fn sizes(all: &impl DiscreteVectorEnvironment) -> (usize, usize, usize, Option<u32>) {
        (all.environments(), all.observation_size(), all.actions(), all.max_episode_steps())
    }
    assert_eq!((sizes(&boxed), sizes(&again)), ((2, 2, 3, Some(4)), (3, 2, 3, Some(4))));
    assert_eq!(boxed.step_flat(&[2, 1]).unwrap().observations, [2.0, -1.0, 1.0, -1.0]);
    assert_eq!(again.reset_flat(&[10, 11, 12]).unwrap()[1], start(10, 0));
}
