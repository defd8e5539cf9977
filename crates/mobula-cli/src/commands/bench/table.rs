//! A table of figures, each beside its baseline.

use std::io::{self, Write};

use serde::Serialize;

/// One thing measured, ours and a baseline's, over the same rounds.
#[derive(Debug, Serialize)]
pub struct Row {
    /// What was done.
    pub what: String,
    /// The unit of the figures; more is better.
    pub unit: &'static str,
    /// Our median.
    pub mobula: f64,
    /// The baseline's name.
    pub baseline: String,
    /// The baseline's median.
    pub theirs: f64,
    /// Ours by theirs: the median over the rounds, each of which measured both.
    pub ratio: f64,
    /// The lowest and the highest ratio of a round.
    pub spread: (f64, f64),
}

impl Row {
    /// A row from rounds of (ours, theirs).
    pub fn of(
        what: impl Into<String>,
        unit: &'static str,
        baseline: impl Into<String>,
        rounds: &[(f64, f64)],
    ) -> Row {
        let ratios: Vec<f64> = rounds.iter().map(|(ours, theirs)| ours / theirs).collect();
        Row {
            what: what.into(),
            unit,
            mobula: median(rounds.iter().map(|round| round.0)),
            baseline: baseline.into(),
            theirs: median(rounds.iter().map(|round| round.1)),
            ratio: median(ratios.iter().copied()),
            spread: ratios.iter().fold((f64::INFINITY, 0.0), |(low, high), r| (low.min(*r), high.max(*r))),
        }
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = figures.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints the rows.
///
/// # Errors
/// Standard output's.
pub fn print(rows: &[Row], json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, rows)?;
        return writeln!(out);
    }
    writeln!(out, "{:<44} {:>12} {:>12}  {:<22} {:>7}  (rounds)", "", "mobula", "baseline", "", "ratio")?;
    for row in rows {
        let Row { what, unit, mobula, baseline, theirs, ratio, spread } = row;
        let (low, high) = spread;
        let against = format!("{unit}, {baseline}");
        writeln!(
            out,
            "{what:<44} {mobula:>12.0} {theirs:>12.0}  {against:<22} {ratio:>6.2}x  ({low:.2} to {high:.2})"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_the_median_of_the_rounds_and_not_of_the_medians() {
        let row = Row::of("x", "/s", "y", &[(10.0, 5.0), (30.0, 30.0), (40.0, 10.0)]);
        assert_eq!((row.mobula, row.theirs, row.ratio, row.spread), (30.0, 10.0, 2.0, (1.0, 4.0)));
    }
}
