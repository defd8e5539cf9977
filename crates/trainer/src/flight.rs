//! A greedy game as it is drawn in a browser: not pictures but where the bodies are, step by step.
//!
//! A game of a thousand steps is some 50 kB of JSON, sharp at any size; `lander.js` draws it, in the report of a run and on the live
//! page alike.

use anyhow::Result;
use dqn::{Network, Weights};
use lunar_lander::{Action, Environment as _, LunarLander, Options};
use serde::Serialize;

/// One step: x, y and angle of the lander, the left leg and the right leg, in metres and radians; then the action that led there.
pub type Pose = [f64; 10];

/// A game under way.
pub struct Pilot {
    lander: LunarLander,
    network: Network,
    state: [f32; dqn::STATE],
    reward: f64,
    ended: Option<Ending>,
}

/// How a game ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// At rest.
    Landed,
    /// Crashed, or out of sight.
    Lost,
    /// Out of time.
    Timeout,
}

impl Pilot {
    /// A game with these weights at its start.
    pub fn new(weights: &Weights, seed: u64, max_steps: u32) -> Result<Pilot> {
        let mut lander = LunarLander::new(Options { max_episode_steps: max_steps, ..Options::default() })?;
        let state = lander.reset(seed.into());
        Ok(Pilot { lander, network: Network::new(weights), state, reward: 0.0, ended: None })
    }

    /// The next step; none when the game is over.
    pub fn step(&mut self) -> Result<Option<Pose>> {
        if self.ended.is_some() {
            return Ok(None);
        }
        let action = self.network.greedy(&self.state);
        let step = self.lander.step(Action::Discrete(action))?;
        self.state = step.observation;
        self.reward += step.reward;
        if step.done() {
            self.ended = Some(match step.terminated {
                true if step.reward > 0.0 => Ending::Landed,
                true => Ending::Lost,
                false => Ending::Timeout,
            });
        }
        Ok(Some(self.pose(action)))
    }

    fn pose(&self, action: u8) -> Pose {
        let [lander, left, right] = self.lander.bodies();
        // A tenth of a pixel of a large screen.
        let short = |value: f32| (f64::from(value) * 1000.0).round() / 1000.0;
        let of = |body: lunar_lander::BodyState| [body.x, body.y, body.angle].map(short);
        let ([a, b, c], [d, e, f], [g, h, i]) = (of(lander), of(left), of(right));
        [a, b, c, d, e, f, g, h, i, action.into()]
    }

    /// Heights of its ground, two metres from each to the next.
    pub fn ground(&self) -> [f32; 11] {
        self.lander.ground()
    }

    /// The sum of its rewards so far.
    pub fn reward(&self) -> f64 {
        self.reward
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> Option<Ending> {
        self.ended
    }
}

/// A game from its start to its end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flight {
    /// The seed of the environment.
    pub seed: u64,
    /// Heights of the ground, two metres from each to the next.
    pub ground: [f32; 11],
    /// The steps.
    pub poses: Vec<Pose>,
    /// The sum of the rewards.
    pub reward: f64,
    /// How it ended.
    pub ended: Option<Ending>,
}

impl Flight {
    /// Plays a game.
    pub fn of(weights: &Weights, seed: u64, max_steps: u32) -> Result<Flight> {
        let mut pilot = Pilot::new(weights, seed, max_steps)?;
        let mut poses = Vec::new();
        while let Some(pose) = pilot.step()? {
            poses.push(pose);
        }
        Ok(Flight { seed, ground: pilot.ground(), poses, reward: pilot.reward(), ended: pilot.ended() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flight_is_the_game_that_is_played_elsewhere() {
        let weights = Weights::initial([64, 64], 5).unwrap();
        let game = dqn::play(&weights, &[42], 300).unwrap()[0];
        let flight = Flight::of(&weights, 42, 300).unwrap();
        assert_eq!((flight.poses.len(), flight.reward), (game.steps as usize, game.reward));
        assert_eq!(flight.ended != Some(Ending::Timeout), game.ended);
        // From the top of the view down.
        assert!(flight.poses[0][1] > 13.0 && flight.poses.iter().all(|pose| pose[9] <= 3.0));
        assert_eq!(Flight::of(&weights, 42, 3).unwrap().ended, Some(Ending::Timeout));
    }
}
