//! What a whole is made of, over time: bars of parts on one another, as inline SVG.

use std::fmt::Write as _;

use crate::axes::{Axes, COLOURS, HEIGHT, legend};

/// One picture.
pub struct Stack<'a, const N: usize> {
    pub title: &'a str,
    /// What x is: the items' numbers, from 1.
    pub axis: &'a str,
    pub names: [&'a str; N],
    pub items: Vec<[f64; N]>,
}

/// Bars at most: with more items each bar is the mean of some.
const BARS: usize = 100;

impl<const N: usize> Stack<'_, N> {
    /// The picture.
    pub fn html(&self) -> String {
        let width = self.items.len().div_ceil(BARS).max(1);
        let bars: Vec<[f64; N]> = self.items.chunks(width).map(mean).collect();
        let high = bars.iter().map(|bar| bar.iter().sum::<f64>()).fold(1e-9, f64::max);
        let axes = Axes { right: self.items.len().max(1) as f64, low: 0.0, high };
        let mut out = axes.open(self.title, self.axis);
        for (i, bar) in bars.iter().enumerate() {
            let (left, right) = ((i * width) as f64, ((i + 1) * width).min(self.items.len()) as f64);
            let mut below = 0.0;
            for (part, colour) in bar.iter().zip(COLOURS) {
                let (top, bottom) = (axes.y(below + part), axes.y(below));
                below += part;
                if bottom - top < 0.05 {
                    continue;
                }
                let _ = write!(
                    out,
                    "<rect x={:.1} y={top:.1} width={:.1} height={:.1} fill=\"{colour}\" />",
                    axes.x(left),
                    (axes.x(right) - axes.x(left) - 0.6).max(0.5),
                    (bottom - top).min(HEIGHT),
                );
            }
        }
        out.push_str("</svg>");
        out.push_str(&legend(self.names.iter().copied()));
        out
    }
}

fn mean<const N: usize>(items: &[[f64; N]]) -> [f64; N] {
    std::array::from_fn(|part| items.iter().map(|item| item[part]).sum::<f64>() / items.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_items_become_a_hundred_bars_at_most() {
        let html = |items: usize| {
            Stack { title: "t", axis: "a", names: ["x", "y"], items: vec![[1.0, 3.0]; items] }.html()
        };
        assert_eq!(html(7).matches("<rect").count(), 14);
        assert_eq!(html(250).matches("<rect").count(), 2 * 84);
        assert!(html(0).ends_with("</p>") && !html(0).contains("NaN"));
        assert_eq!(mean(&[[1.0, 2.0], [3.0, 6.0]]), [2.0, 4.0]);
    }
}
