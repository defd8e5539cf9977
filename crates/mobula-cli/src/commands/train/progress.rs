//! What people see while it trains.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mobula_trainer::{Metrics, Round};

use crate::ui::thousands;

/// A line that follows the rounds; where there is no terminal, one every fifty rounds.
pub struct Progress {
    bar: ProgressBar,
    last: Option<f64>,
    target: f64,
    terminal: bool,
}

impl Progress {
    /// Before the first round.
    pub fn new() -> Progress {
        let terminal = io::stderr().is_terminal();
        let drawn = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, drawn);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
            bar.set_style(style);
        }
        Progress { bar, last: None, target: 0.0, terminal }
    }

    /// On the way to an average reward of `target`.
    pub fn aim(&mut self, target: f64) {
        self.target = target;
    }

    /// A round is over.
    pub fn round(&mut self, round: &Round, metrics: &Metrics) {
        for incident in &round.incidents {
            self.bar.suspend(|| eprintln!("round {}: {incident}", round.number));
        }
        if let Some(test) = &round.test {
            self.last = Some(test.average);
        }
        let rate = metrics.env_steps as f64 / metrics.seconds.max(1e-9);
        let line = format!(
            "round {}  average reward {} of {}  last episodes {:.1}  ε {:.3}  {} steps/s",
            round.number,
            self.last.map_or("–".into(), |last| format!("{last:.1}")),
            self.target,
            metrics.episodic_return,
            metrics.epsilon,
            thousands(rate as u64),
        );
        if self.terminal {
            self.bar.set_message(line);
            self.bar.tick();
        } else if round.test.is_some() && round.number.is_multiple_of(50) {
            eprintln!("{line}  {:.1} s", metrics.seconds);
        }
    }

    /// Takes the line away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
