//! Actors that die in the middle of a run, embedded.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use mobula::{LocalConfig, Ray};
use mobula_trainer::{Mode, Plan, Rules, State, Training};

fn plan() -> Plan {
    Plan { agents: 3, seed: 5, ..Plan::textbook() }
}

/// The fast rules, with rounds that are short and a test after each.
fn fast(mode: Mode) -> Plan {
    let mut plan = Plan::of("LunarLander-v3", Rules::Fast, mode, false);
    (plan.agents, plan.seed, plan.round_steps) = (3, 5, 500);
    plan.solve.gate_reward = -1e9;
    (plan.solve.gate_games, plan.solve.games, plan.solve.max_steps) = (1, 5, 100);
    plan
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
    assert_eq!(round.trained.len(), 3);
    // Its exploration has come as far as the others'.
    let epsilons: Vec<f64> = round.trained.iter().map(|trained| trained.epsilon).collect();
    assert!(epsilons.iter().all(|epsilon| (epsilon - epsilons[0]).abs() < 1e-12), "{epsilons:?}");
    assert!(training.round(&ray).unwrap().incidents.is_empty());
}

#[test]
fn by_the_fast_rules_a_lost_agent_does_the_same() {
    let ray = Ray::local(LocalConfig::default());
    let mut training = Training::start(&ray, fast(Mode::Average), None).unwrap();
    for _ in 0..2 {
        assert!(training.round(&ray).unwrap().incidents.is_empty());
    }
    let agent = training.average_actors().unwrap().1[2].clone();
    ray.kill(&agent, false).unwrap();
    let round = training.round(&ray).unwrap();
    assert_eq!(round.incidents, ["Agent 2 was started again and took the weights of round 2"]);
    let epsilons: Vec<f64> = round.trained.iter().map(|trained| trained.epsilon).collect();
    assert!(epsilons[2] < 1.0 && epsilons.iter().all(|epsilon| *epsilon == epsilons[0]), "{epsilons:?}");
    assert!(round.test.is_some() && training.round(&ray).unwrap().incidents.is_empty());
}

#[test]
fn a_lost_learner_takes_the_last_weights_and_the_run_goes_on() {
    for plan in [Plan { mode: Mode::Shared, ..plan() }, fast(Mode::Shared)] {
        let ray = Ray::local(LocalConfig::default());
        let mut training = Training::start(&ray, plan, None).unwrap();
        for _ in 0..3 {
            assert!(training.round(&ray).unwrap().incidents.is_empty());
        }
        let before = training.weights().clone();
        ray.kill(training.shared_learner().unwrap(), false).unwrap();
        let round = training.round(&ray).unwrap();
        assert_eq!(round.incidents, ["the learner was started again and took the weights of round 3"]);
        // Not those that everything began with: some learn steps away from the last.
        let apart = |a: &dqn::Weights, b: &dqn::Weights| {
            a.values().iter().zip(b.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        assert!(apart(&before, &round.weights) < 0.3, "{}", apart(&before, &round.weights));
        assert!(training.round(&ray).unwrap().incidents.is_empty());
    }
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
    for plan in [plan(), fast(Mode::Average), fast(Mode::Shared)] {
        let mut training = Training::start(&ray, plan, None).unwrap();
        training.round(&ray).unwrap();
        let bytes = training.save(&ray).unwrap().to_bytes().unwrap();
        assert!(State::from_bytes(&bytes[..bytes.len() / 2]).is_err());
        let mut resumed = Training::resume(&ray, State::from_bytes(&bytes).unwrap(), None).unwrap();
        for _ in 0..2 {
            let (one, other) = (resumed.round(&ray).unwrap(), training.round(&ray).unwrap());
            assert_eq!((one.weights, one.test), (other.weights, other.test));
        }
    }
}
