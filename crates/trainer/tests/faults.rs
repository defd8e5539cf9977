//! Actors that die in the middle of a run, embedded.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use mobula::{LocalConfig, Ray};
use mobula_trainer::{Plan, State, Training};

fn plan() -> Plan {
    Plan { agents: 3, seed: 5, ..Plan::default() }
}

#[test]
fn a_lost_agent_takes_the_global_weights_and_the_run_goes_on() {
    let ray = Ray::local(LocalConfig::default());
    let mut training = Training::start(&ray, plan(), None).unwrap();
    for _ in 0..3 {
        assert!(training.round(&ray).unwrap().incidents.is_empty());
    }
    let agent = training.average_actors().unwrap().1[1].clone();
    ray.kill(&agent, false).unwrap();
    let round = training.round(&ray).unwrap();
    assert_eq!(round.incidents, ["Agent 1 was started again and took the weights of round 3"]);
    assert_eq!(round.episodes.len(), 3);
    // Its exploration has come as far as the others'.
    let epsilons: Vec<f64> = round.episodes.iter().map(|episodes| episodes[0].epsilon).collect();
    assert!(epsilons.iter().all(|epsilon| (epsilon - epsilons[0]).abs() < 1e-12), "{epsilons:?}");
    assert!(training.round(&ray).unwrap().incidents.is_empty());
}

#[test]
fn a_lost_global_net_gets_its_weights_back() {
    let ray = Ray::local(LocalConfig::default());
    let (mut broken, mut whole) =
        (Training::start(&ray, plan(), None).unwrap(), Training::start(&ray, plan(), None).unwrap());
    for number in 1..=11 {
        if number % 4 == 0 {
            ray.kill(broken.average_actors().unwrap().0, false).unwrap();
        }
        broken.round(&ray).unwrap();
        whole.round(&ray).unwrap();
    }
    assert_eq!(broken.weights(), whole.weights());
    assert_eq!(broken.last_average(), whole.last_average());
}

#[test]
fn a_saved_state_that_is_none_is_refused() {
    assert!(State::from_bytes(b"something else").is_err());
    let ray = Ray::local(LocalConfig::default());
    let mut training = Training::start(&ray, plan(), None).unwrap();
    training.round(&ray).unwrap();
    let bytes = training.save(&ray).unwrap().to_bytes().unwrap();
    assert!(State::from_bytes(&bytes[..bytes.len() / 2]).is_err());
    let mut resumed = Training::resume(&ray, State::from_bytes(&bytes).unwrap(), None).unwrap();
    assert_eq!(resumed.round(&ray).unwrap().weights, training.round(&ray).unwrap().weights);
}
