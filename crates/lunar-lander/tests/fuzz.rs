//! Random options and actions, sensible and not: errors, never panics, and the batch keeps to the scalar.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use lunar_lander::policy::Chance;
use lunar_lander::{
    Action, AutoReset, Batch, Environment, LunarLander, Options, OptionsError, StepError, VectorEnvironment,
    Width,
};

fn options(chance: &mut Chance) -> Options {
    let mut unit = || f64::from(chance.throttle());
    Options {
        gravity: -6.0 + 5.999 * unit(),
        wind_power: 40.0 * unit(),
        turbulence_power: 10.0 * unit(),
        continuous: unit() > 0.0,
        enable_wind: unit() > 0.0,
        max_episode_steps: (600.0 + 599.0 * unit()) as u32,
    }
}

fn action(chance: &mut Chance, options: &Options) -> Action {
    if !options.continuous {
        return chance.discrete();
    }
    match chance.bits() % 8 {
        0 => Action::Continuous([f32::INFINITY, f32::NEG_INFINITY]),
        1 => Action::Continuous([0.0, -0.5]),
        _ => Action::Continuous([2.0 * chance.throttle(), 2.0 * chance.throttle()]),
    }
}

/// Steps batches of random options, with a scalar environment beside lane 0; returns the steps taken.
fn fuzz(seed: u64, target: usize) -> Result<usize, Box<dyn std::error::Error>> {
    let mut chance = Chance::new(seed);
    let mut steps = 0;
    while steps < target {
        let options = options(&mut chance);
        let count = 1 + (chance.bits() % 70) as usize;
        let width = Width::ALL[(chance.bits() % 6) as usize];
        let mut batch = Batch::with(options, count, AutoReset::SameStep, width)?;
        let mut lander = LunarLander::new(options)?;
        let first = u128::from(chance.bits()) << 64 | u128::from(chance.bits());
        assert_eq!(batch.reset_from(first)[0], lander.reset(first));
        for _ in 0..400 {
            let actions: Vec<Action> = (0..count).map(|_| action(&mut chance, &options)).collect();
            let one = lander.step(actions[0])?;
            let all = batch.step(&actions)?;
            assert_eq!(
                (all.rewards[0], all.terminated[0], all.truncated[0]),
                (one.reward, one.terminated, one.truncated)
            );
            for values in all.observations {
                assert!(values.iter().all(|value| value.is_finite()), "{options:?}: {values:?}");
            }
            if one.done() {
                assert_eq!(all.final_observations[0], one.observation);
                assert_eq!(all.observations[0], lander.reset_next());
            } else {
                assert_eq!(all.observations[0], one.observation);
            }
            steps += count;
        }
    }
    Ok(steps)
}

#[test]
fn random_options_and_actions() {
    assert!(fuzz(1, 60_000).unwrap() >= 60_000);
}

/// `cargo test --release -p lunar-lander --test fuzz -- --ignored`
#[test]
#[ignore = "minutes long"]
fn ten_million_steps() {
    assert!(fuzz(2, 10_000_000).unwrap() >= 10_000_000);
}

#[test]
fn bad_options_are_errors() {
    let with = |change: fn(&mut Options)| {
        let mut options = Options::default();
        change(&mut options);
        LunarLander::new(options).map(|_| ()).unwrap_err()
    };
    assert_eq!(with(|o| o.gravity = 0.0), OptionsError::Gravity(0.0));
    assert_eq!(with(|o| o.gravity = -12.0), OptionsError::Gravity(-12.0));
    assert!(matches!(with(|o| o.gravity = f64::NAN), OptionsError::Gravity(_)));
    assert!(matches!(with(|o| o.wind_power = f64::INFINITY), OptionsError::Power { name: "wind_power", .. }));
    assert!(matches!(with(|o| o.turbulence_power = f64::NAN), OptionsError::Power { .. }));
    assert_eq!(with(|o| o.max_episode_steps = 0), OptionsError::NoSteps);
    assert_eq!(Batch::new(Options::default(), 0).unwrap_err(), OptionsError::Empty);
}

#[test]
fn bad_actions_are_errors_and_change_nothing() {
    let mut lander = LunarLander::new(Options::default()).unwrap();
    assert_eq!(lander.step(Action::Discrete(0)), Err(StepError::NotReset));
    lander.reset(5);
    let before = lander.bodies();
    assert_eq!(lander.step(Action::Discrete(4)), Err(StepError::Discrete { given: 4, count: 4 }));
    assert!(matches!(lander.step(Action::Continuous([0.0; 2])), Err(StepError::Kind { .. })));
    assert_eq!(lander.bodies(), before);
    while !lander.step(Action::Discrete(0)).unwrap().done() {}
    assert_eq!(lander.step(Action::Discrete(0)), Err(StepError::Ended));

    let mut lander = LunarLander::new(Options { continuous: true, ..Options::default() }).unwrap();
    lander.reset(5);
    let nan = lander.step(Action::Continuous([0.0, f32::NAN]));
    assert!(matches!(nan, Err(StepError::NotANumber(_))));

    let mut batch = Batch::new(Options::default(), 2).unwrap();
    assert_eq!(batch.step(&[Action::Discrete(0); 2]).unwrap_err(), StepError::NotReset);
    batch.reset_from(0);
    assert_eq!(batch.step(&[Action::Discrete(0)]).unwrap_err(), StepError::Count { given: 1, expected: 2 });
    let actions = [Action::Discrete(0), Action::Discrete(9)];
    let before = batch.bodies(0);
    assert_eq!(batch.step(&actions).unwrap_err(), StepError::Discrete { given: 9, count: 4 });
    assert_eq!(batch.bodies(0), before);
}

#[test]
fn an_episode_is_truncated_at_its_limit() {
    let options = Options { max_episode_steps: 3, ..Options::default() };
    let mut lander = LunarLander::new(options).unwrap();
    lander.reset(0);
    let ends: Vec<bool> = (0..3).map(|_| lander.step(Action::Discrete(0)).unwrap().truncated).collect();
    assert_eq!(ends, [false, false, true]);
}
