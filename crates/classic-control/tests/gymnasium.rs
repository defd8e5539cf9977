//! Episodes recorded from Gymnasium 1.4, bit for bit. `xtask/python/classic_record.py tests/fixtures 4 2000` made the files.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use classic_control::trace::{Field, ReadError, Trace, VerifyError};
use classic_control::{Acrobot, CartPole, ClassicControl};
use environment::{
    AutoReset, Discrete, DiscreteAction, DiscreteVectorEnvironment, Environment, StepError, VectorEnvironment,
};

const FILES: [&[u8]; 3] = [
    include_bytes!("fixtures/cart_pole.bin"),
    include_bytes!("fixtures/sutton_barto.bin"),
    include_bytes!("fixtures/acrobot.bin"),
];

#[test]
fn recorded_episodes_match_in_every_bit() {
    for file in FILES {
        let trace = Trace::read(file).unwrap();
        let records: usize = trace.episodes.iter().map(|episode| episode.records.len()).sum();
        assert!(trace.episodes.len() == 4 && records > 500, "{:?}: {records} records", trace.recorded);
        let ends = |end: fn(&classic_control::trace::Record) -> bool| {
            trace.episodes.iter().filter(|episode| end(episode.records.last().unwrap())).count()
        };
        assert!(ends(|end| end.terminated) > 0 && ends(|end| end.truncated) > 0, "{:?}", trace.recorded);
        let one = trace.verify().unwrap();
        assert!(one.is_exact(), "{:?}: {one:#?}", trace.recorded);
        assert_eq!((one.episodes, one.records), (4, records));
        for count in [1, 3, 7] {
            assert_eq!(trace.verify_vec(count).unwrap(), one, "{:?}, {count} together", trace.recorded);
        }
    }
}

#[test]
fn a_bit_that_differs_is_found() {
    let mut trace = Trace::read(FILES[2]).unwrap();
    trace.episodes[1].records[40].state[2] = trace.episodes[1].records[40].state[2].next_up();
    trace.episodes[2].records[0].observation[1] = trace.episodes[2].records[0].observation[1].next_down();
    for report in [trace.verify().unwrap(), trace.verify_vec(4).unwrap()] {
        assert_eq!(report.mismatches, [1, 1, 0, 0]);
        assert_eq!(report.first[Field::State as usize].as_ref().unwrap().record, 40);
        assert_eq!(report.first[Field::Observation as usize].as_ref().unwrap().seed, trace.episodes[2].seed);
    }
}

#[test]
fn files_that_are_none_are_refused() {
    assert!(matches!(Trace::read(&b"PK\x03\x04then some"[..]), Err(ReadError::Start(_))));
    assert!(matches!(Trace::read(&FILES[0][..40_000]), Err(ReadError::Io { .. })));
    let mut other = FILES[0].to_vec();
    other[8] = 9;
    assert!(matches!(Trace::read(&other[..]), Err(ReadError::Value { value: 9, .. })));
    let mut trace = Trace::read(FILES[0]).unwrap();
    trace.episodes[0].records[3].action = 2;
    let refused = StepError::Discrete { given: 2, count: 2 };
    for error in [trace.verify().unwrap_err(), trace.verify_vec(2).unwrap_err()] {
        assert!(
            matches!(&error, VerifyError::Step { record: 3, source, .. } if *source == refused),
            "{error}"
        );
    }
}

/// Whatever the way of resetting, the bits are those of one environment that is reset by hand.
fn ways_of_resetting<C: ClassicControl>(seed: u128)
where
    C::Observation: PartialEq + std::fmt::Debug,
{
    for auto_reset in [AutoReset::NextStep, AutoReset::SameStep] {
        let mut many = C::default().make_vec(3, auto_reset).unwrap();
        let mut one = C::default().make().unwrap();
        let first = many.reset(&[seed, seed + 1, seed + 2]).unwrap()[1];
        assert_eq!(one.reset(seed + 1), first);
        let (mut ended, mut episodes) = (false, 0);
        for step in 0..1600 {
            let action =
                C::Action::from_index((step / 7 % 2 + step % 2) as u8 % C::Action::COUNT as u8).unwrap();
            let all = many.step(&[action; 3]).unwrap();
            let found = (all.observations[1], all.rewards[1], all.terminated[1], all.truncated[1]);
            if ended && auto_reset == AutoReset::NextStep {
                assert_eq!(found, (one.reset_next(), 0.0, false, false));
                ended = false;
                continue;
            }
            let step = one.step(action).unwrap();
            ended = step.done();
            episodes += usize::from(ended);
            let seen = match (ended, auto_reset) {
                (true, AutoReset::SameStep) => {
                    assert_eq!(all.final_observations[1], step.observation);
                    one.reset_next()
                }
                _ => step.observation,
            };
            assert_eq!(found, (seen, step.reward, step.terminated, step.truncated));
        }
        assert!(episodes >= 3, "{episodes} episodes of {}", C::SPEC.id);
    }
}

#[test]
fn every_way_of_resetting_gives_the_same_episodes() {
    ways_of_resetting::<CartPole>(5);
    ways_of_resetting::<Acrobot>(6);
}

#[test]
fn a_learner_sees_rows_and_numbers() {
    let mut many = Acrobot::default().make_vec(2, AutoReset::SameStep).unwrap();
    assert_eq!((many.environments(), many.observation_size(), many.actions()), (2, 6, 3));
    assert_eq!(many.max_episode_steps(), Some(500));
    let mut one = Acrobot::default().make().unwrap();
    let first = many.reset_flat(&[7, 8]).unwrap();
    assert_eq!((first.len(), &first[6..]), (12, &one.reset(8)[..]));
    assert_eq!(many.step_flat(&[0, 3]).unwrap_err(), StepError::Discrete { given: 3, count: 3 });
    let step = many.step_flat(&[0, 2]).unwrap();
    assert_eq!(step.observations[6..], one.step(Discrete::new(2).unwrap()).unwrap().observation);
    // Others of the kind, with a limit of their own.
    let mut short = many.alike(1, AutoReset::Disabled, Some(2)).unwrap();
    short.reset_flat(&[1]).unwrap();
    assert!(!short.step_flat(&[1]).unwrap().truncated[0] && short.step_flat(&[1]).unwrap().truncated[0]);
    assert!(many.alike(0, AutoReset::Disabled, None).is_err());
}
