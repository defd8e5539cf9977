//! The frame of a picture: its scales, its grid and its legend. Colours of text and lines come from the page's style.

use std::fmt::Write as _;

pub const WIDTH: f64 = 900.0;
pub const HEIGHT: f64 = 360.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 20.0;
const BOTTOM: f64 = 62.0;
const TOP: f64 = 12.0;
/// Told apart also by those who see few colours, on light and on dark.
pub const COLOURS: [&str; 8] =
    ["#1f8fd6", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#888888", "#9a6fb0"];

/// The scales: x from 0, y between two values.
pub struct Axes {
    pub right: f64,
    pub low: f64,
    pub high: f64,
}

impl Axes {
    pub fn x(&self, value: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * value / self.right
    }

    pub fn y(&self, value: f64) -> f64 {
        TOP + (HEIGHT - TOP - BOTTOM) * (self.high - value) / (self.high - self.low).max(1e-9)
    }

    /// The title and the beginning of the picture, with grid and labels; `axis` says what x is.
    pub fn open(&self, title: &str, axis: &str) -> String {
        let mut out =
            format!("<h2>{title}</h2><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=img aria-label=\"{title}\">");
        for value in ticks(self.low, self.high) {
            let _ = write!(
                out,
                "<line class=grid x1={LEFT} x2={} y1={:.1} y2={:.1} /><text x={} y={:.1} text-anchor=end dominant-baseline=middle>{}</text>",
                WIDTH - RIGHT,
                self.y(value),
                self.y(value),
                LEFT - 8.0,
                self.y(value),
                label(value)
            );
        }
        for (i, value) in ticks(0.0, self.right).into_iter().enumerate() {
            // Every other one gives way where there is little room.
            let minor = if i % 2 == 1 { " class=minor" } else { "" };
            let _ = write!(
                out,
                "<text{minor} x={:.1} y={:.1} text-anchor=middle>{}</text>",
                self.x(value),
                HEIGHT - BOTTOM + 26.0,
                label(value)
            );
        }
        let middle = (LEFT + WIDTH - RIGHT) / 2.0;
        let _ = write!(out, "<text x={middle:.1} y={:.1} text-anchor=middle>{axis}</text>", HEIGHT - 8.0);
        out
    }

    /// A line across at a value that matters.
    pub fn mark(&self, value: f64) -> String {
        let y = self.y(value);
        format!("<line class=mark x1={LEFT} x2={} y1={y:.1} y2={y:.1} />", WIDTH - RIGHT)
    }
}

/// What the colours mean, as text that finds its own lines.
pub fn legend<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let entry = |(i, name): (usize, &str)| {
        format!("<span><i style=\"background:{}\"></i>{name}</span>", COLOURS[i % COLOURS.len()])
    };
    format!("<p class=legend>{}</p>", names.enumerate().map(entry).collect::<String>())
}

/// Large numbers in thousands and millions.
fn label(value: f64) -> String {
    match value.abs() {
        size if size >= 1e6 => format!("{} M", value / 1e6),
        size if size >= 1e4 => format!("{} k", value / 1e3),
        _ => value.to_string(),
    }
}

/// Round values from `low` to `high`, about five.
pub fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = ((high - low) / 5.0).max(1e-9);
    let unit = 10_f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|n| n * unit).into_iter().find(|step| *step >= rough).unwrap_or(unit);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    // Powers of ten below 1 have no exact binary form: print what was meant.
    let digits = (-step.log10().floor()).max(0.0) as i32;
    let scale = 10_f64.powi(digits);
    (first..=last).map(|n| (n as f64 * step * scale).round() / scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        assert_eq!(ticks(-230.0, 120.0), [-200.0, -100.0, 0.0, 100.0]);
        assert_eq!(ticks(0.0, 1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(ticks(0.0, 12_345.0), [0.0, 5000.0, 10000.0]);
    }

    #[test]
    fn large_numbers_are_told_shortly() {
        assert_eq!(
            [0.0, -200.0, 9000.0, 50_000.0, 1_500_000.0].map(label),
            ["0", "-200", "9000", "50 k", "1.5 M"]
        );
    }
}
