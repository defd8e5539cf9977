//! Curves as inline SVG: a line for the mean of each setting, a band from its lowest run to its highest.

use std::fmt::Write as _;

/// One setting's runs.
pub struct Series {
    pub name: String,
    /// Each run's points, x rising.
    pub runs: Vec<Vec<(f64, f64)>>,
}

/// One picture.
pub struct Chart<'a> {
    pub title: &'a str,
    /// What x is.
    pub axis: &'a str,
    /// A value that is marked by a line.
    pub mark: f64,
    pub series: Vec<Series>,
}

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 60.0;
const BOTTOM: f64 = 40.0;
const TOP: f64 = 30.0;
/// Points of a curve.
const GRID: usize = 120;
/// Told apart also by those who see few colours, from light to dark.
const COLOURS: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#555555", "#7a5195"];

/// A run's value at `x`: that of its last point until then. A run that has ended keeps its last.
fn at(run: &[(f64, f64)], x: f64) -> Option<f64> {
    run.iter().take_while(|(known, _)| *known <= x).last().map(|(_, y)| *y)
}

impl Chart<'_> {
    /// The picture.
    pub fn svg(&self) -> String {
        let points = || self.series.iter().flat_map(|series| series.runs.iter().flatten());
        let right = points().map(|p| p.0).fold(1e-9, f64::max);
        let (low, high) = points().map(|p| p.1).fold((0.0_f64, self.mark), |(a, b), y| (a.min(y), b.max(y)));
        let x = |value: f64| LEFT + (WIDTH - LEFT - 10.0) * value / right;
        let y = |value: f64| TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low).max(1e-9);
        let legend = 18.0 * self.series.len() as f64;
        let mut out = format!(
            "<h2>{}</h2><svg viewBox=\"0 0 {WIDTH} {}\" role=img aria-label=\"{}\">",
            self.title,
            HEIGHT + legend,
            self.title
        );
        for value in ticks(low, high) {
            let at = y(value);
            let _ = write!(
                out,
                "<line x1={LEFT} x2={WIDTH} y1={at:.1} y2={at:.1} stroke=#eee /><text x={:.1} y={:.1} text-anchor=end>{value}</text>",
                LEFT - 6.0,
                at + 4.0
            );
        }
        for value in ticks(0.0, right) {
            let _ = write!(
                out,
                "<text x={:.1} y={:.1} text-anchor=middle>{value}</text>",
                x(value),
                HEIGHT - BOTTOM + 16.0
            );
        }
        let _ = write!(
            out,
            "<text x={:.1} y={:.1} text-anchor=middle>{}</text><line x1={LEFT} x2={WIDTH} y1={:.1} y2={:.1} stroke=#999 stroke-dasharray=\"4 4\" />",
            (LEFT + WIDTH) / 2.0,
            HEIGHT - 6.0,
            self.axis,
            y(self.mark),
            y(self.mark)
        );
        for (i, series) in self.series.iter().enumerate() {
            let colour = COLOURS[i % COLOURS.len()];
            let (mut line, mut upper, mut lower) = (String::new(), String::new(), Vec::new());
            for step in 0..=GRID {
                let value = right * step as f64 / GRID as f64;
                let here: Vec<f64> = series.runs.iter().filter_map(|run| at(run, value)).collect();
                // Before a run's first test there is nothing to say.
                if here.is_empty() || here.len() < series.runs.iter().filter(|run| !run.is_empty()).count() {
                    continue;
                }
                let mean = here.iter().sum::<f64>() / here.len() as f64;
                let _ = write!(line, "{:.1},{:.1} ", x(value), y(mean));
                let most = here.iter().copied().fold(f64::MIN, f64::max);
                let least = here.iter().copied().fold(f64::MAX, f64::min);
                let _ = write!(upper, "{:.1},{:.1} ", x(value), y(most));
                lower.push(format!("{:.1},{:.1}", x(value), y(least)));
            }
            lower.reverse();
            let _ = write!(
                out,
                "<polygon points=\"{upper}{}\" fill=\"{colour}\" opacity=.12 /><polyline points=\"{line}\" fill=none stroke=\"{colour}\" stroke-width=2 />",
                lower.join(" ")
            );
            let row = HEIGHT + 18.0 * i as f64 + 12.0;
            let _ = write!(
                out,
                "<rect x={LEFT} y={:.1} width=14 height=4 fill=\"{colour}\" /><text x={:.1} y={row:.1}>{}</text>",
                row - 6.0,
                LEFT + 20.0,
                series.name
            );
        }
        out.push_str("</svg>");
        out
    }
}

/// Round values from `low` to `high`, about five.
fn ticks(low: f64, high: f64) -> Vec<f64> {
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
    fn a_run_keeps_its_last_value() {
        let run = [(1.0, 5.0), (2.0, 7.0)];
        assert_eq!(
            [0.5, 1.0, 1.9, 2.0, 9.0].map(|x| at(&run, x)),
            [None, Some(5.0), Some(5.0), Some(7.0), Some(7.0)]
        );
    }
}
