//! Curves as inline SVG: a line for the mean of each setting, a band from its lowest run to its highest.

use std::fmt::Write as _;

use crate::axes::{Axes, COLOURS, legend};

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

/// Points of a curve.
const GRID: usize = 120;

/// A run's value at `x`: that of its last point until then. A run that has ended keeps its last.
fn at(run: &[(f64, f64)], x: f64) -> Option<f64> {
    run.iter().take_while(|(known, _)| *known <= x).last().map(|(_, y)| *y)
}

impl Chart<'_> {
    /// The picture.
    pub fn html(&self) -> String {
        let points = || self.series.iter().flat_map(|series| series.runs.iter().flatten());
        let right = points().map(|p| p.0).fold(1e-9, f64::max);
        let (low, high) = points().map(|p| p.1).fold((0.0_f64, self.mark), |(a, b), y| (a.min(y), b.max(y)));
        let axes = Axes { right, low, high };
        let mut out = axes.open(self.title, self.axis);
        out.push_str(&axes.mark(self.mark));
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let (mut line, mut upper, mut lower) = (String::new(), String::new(), Vec::new());
            for step in 0..=GRID {
                let value = right * step as f64 / GRID as f64;
                let here: Vec<f64> = series.runs.iter().filter_map(|run| at(run, value)).collect();
                // Before a run's first test there is nothing to say.
                if here.is_empty() || here.len() < series.runs.iter().filter(|run| !run.is_empty()).count() {
                    continue;
                }
                let mean = here.iter().sum::<f64>() / here.len() as f64;
                let _ = write!(line, "{:.1},{:.1} ", axes.x(value), axes.y(mean));
                let most = here.iter().copied().fold(f64::MIN, f64::max);
                let least = here.iter().copied().fold(f64::MAX, f64::min);
                let _ = write!(upper, "{:.1},{:.1} ", axes.x(value), axes.y(most));
                lower.push(format!("{:.1},{:.1}", axes.x(value), axes.y(least)));
            }
            lower.reverse();
            let _ = write!(
                out,
                "<polygon points=\"{upper}{}\" fill=\"{colour}\" opacity=.12 /><polyline points=\"{line}\" fill=none stroke=\"{colour}\" stroke-width=2 />",
                lower.join(" ")
            );
        }
        out.push_str("</svg>");
        out.push_str(&legend(self.series.iter().map(|series| series.name.as_str())));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_keeps_its_last_value() {
        let run = [(1.0, 5.0), (2.0, 7.0)];
        assert_eq!(
            [0.5, 1.0, 1.9, 2.0, 9.0].map(|x| at(&run, x)),
            [None, Some(5.0), Some(5.0), Some(7.0), Some(7.0)]
        );
    }
}
