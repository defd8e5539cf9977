//! An environment that was let rest begins anew in the next step.
//!
//! With `AutoReset::SameStep` it once began only half: which environments to complete was asked of the flags for ends, and nothing
//! had ended. The next step then showed the old observation and went on in a world whose first step was never taken. Gymnasium had
//! the like in its vector environments (issue 885).

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use lunar_lander::{Action, AutoReset, Batch, Environment, LunarLander, Options, VectorEnvironment, Width};

const LANES: usize = 5;

fn batch(auto_reset: AutoReset, options: Options) -> Batch {
    let mut batch = Batch::with(options, LANES, auto_reset, Width::best()).unwrap();
    batch.reset_from(30);
    batch
}

fn actions(step: usize) -> [Action; LANES] {
    std::array::from_fn(|i| Action::Discrete(((step + i) % 4) as u8))
}

#[test]
fn who_rests_begins_anew_in_the_next_step() {
    for auto_reset in [AutoReset::SameStep, AutoReset::NextStep] {
        let mut rested = batch(auto_reset, Options::default());
        let mut twin = batch(auto_reset, Options::default());
        for step in 0..20 {
            rested.step(&actions(step)).unwrap();
            twin.step(&actions(step)).unwrap();
        }
        rested.rest(0);
        let anew = twin.reset_at(0, None);
        let step = rested.step(&actions(20)).unwrap();
        assert_eq!(step.observations[0], anew, "{auto_reset:?}");
        assert_eq!((step.rewards[0], step.terminated[0], step.truncated[0]), (0.0, false, false));
        assert_eq!(rested.bodies(0), twin.bodies(0));
    }
}

#[test]
fn its_new_episode_goes_on_as_any_other() {
    let mut rested = batch(AutoReset::SameStep, Options::default());
    let mut alone = LunarLander::new(Options::default()).unwrap();
    alone.reset(30);
    alone.reset_next();
    rested.rest(0);
    rested.step(&actions(0)).unwrap();
    let mut ends = 0;
    for step in 1..300 {
        let one = alone.step(actions(step)[0]).unwrap();
        ends += usize::from(one.done());
        let seen = if one.done() { alone.reset_next() } else { one.observation };
        let all = rested.step(&actions(step)).unwrap();
        assert_eq!(
            (all.observations[0], all.rewards[0], all.terminated[0]),
            (seen, one.reward, one.terminated)
        );
    }
    assert!(ends > 0);
}

#[test]
fn an_end_is_told_once() {
    let options = Options { max_episode_steps: 2, ..Options::default() };
    let mut batch = batch(AutoReset::SameStep, options);
    batch.step(&actions(0)).unwrap();
    assert_eq!(batch.step(&actions(1)).unwrap().truncated, [true; LANES]);
    batch.rest(3);
    assert_eq!(batch.step(&actions(2)).unwrap().truncated, [false; LANES]);
}

#[test]
fn without_resets_it_rests_on() {
    let mut batch = batch(AutoReset::Disabled, Options::default());
    let before = batch.step(&actions(0)).unwrap().observations[2];
    batch.rest(2);
    for step in 1..4 {
        let step = batch.step(&actions(step)).unwrap();
        assert_eq!((step.observations[2], step.rewards[2]), (before, 0.0));
    }
}
