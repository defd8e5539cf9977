//! Flies the newest weights, at the speed of the environment, so that people see what the network can do by now.

use std::thread;
use std::time::{Duration, Instant};

use super::board::Board;
use crate::flight::Pilot;

/// The environment's own: 50 steps a second.
const STEP: Duration = Duration::from_millis(20);
/// From the end of a game to the next.
const PAUSE: Duration = Duration::from_secs(1);

/// Plays game after game until the training is over. Each begins with the weights that are newest then, and keeps them.
pub fn fly(board: &Board) {
    for game in 0.. {
        let (round, mut pilot) = loop {
            if board.has_ended() {
                return;
            }
            let newest = board.newest();
            let ready = newest.and_then(|(round, weights, max_steps)| {
                // Another sky for every game.
                Some((round, Pilot::new(&weights, 42 + game, max_steps).ok()?))
            });
            match ready {
                Some(ready) => break ready,
                None => thread::sleep(Duration::from_millis(50)),
            }
        };
        board.take_off(game, round, &pilot);
        let begin = Instant::now();
        let mut steps = 0;
        while let Ok(Some(pose)) = pilot.step() {
            board.pose(game, pilot.reward(), pose);
            steps += 1;
            // By the clock, not by the sleeps' sum: a busy machine makes those longer.
            thread::sleep((begin + STEP * steps).saturating_duration_since(Instant::now()));
            if board.has_ended() {
                return;
            }
        }
        thread::sleep(PAUSE);
    }
}
