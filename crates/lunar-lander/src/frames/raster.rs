//! Filling convex shapes on a grid of pixels.
//!
//! A pixel is covered by one minus its distance from the shape: full inside, and fading over one pixel
//! outside, which is about what SDL's filled shape under a smoothed outline comes to. Coordinates count
//! pixels from the left and from the bottom; whole numbers are the centres of pixels.

use super::{FRAME_HEIGHT, FRAME_WIDTH, Frame, Rgb};

type Point = [f64; 2];

/// A picture in the making.
pub struct Canvas {
    pixels: Vec<Rgb>,
}

impl Canvas {
    pub fn new(background: Rgb) -> Self {
        Self { pixels: vec![background; FRAME_WIDTH * FRAME_HEIGHT] }
    }

    pub fn into_frame(self) -> Frame {
        Frame { pixels: self.pixels }
    }

    /// Fills a convex polygon, given in either sense of rotation.
    pub fn polygon(&mut self, points: &[Point], colour: Rgb) {
        let area: f64 = sides(points).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum();
        let turn = if area < 0.0 { -1.0 } else { 1.0 };
        // Outward normals and offsets: the signed distance of a point is its greatest over the sides.
        let planes: Vec<(Point, f64)> = sides(points)
            .filter_map(|(a, b)| {
                let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
                let length = dx.hypot(dy);
                let normal = [turn * dy / length, -turn * dx / length];
                (length > 0.0).then_some((normal, normal[0] * a[0] + normal[1] * a[1]))
            })
            .collect();
        self.shade(points, 1.0, colour, |x, y| {
            planes.iter().map(|(n, offset)| n[0] * x + n[1] * y - offset).fold(f64::NEG_INFINITY, f64::max)
        });
    }

    /// Draws the closed line through `points`, one pixel wide.
    pub fn outline(&mut self, points: &[Point], colour: Rgb) {
        for (a, b) in sides(points) {
            let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
            let squared = dx * dx + dy * dy;
            self.shade(&[a, b], 1.0, colour, |x, y| {
                let along = ((x - a[0]) * dx + (y - a[1]) * dy) / squared.max(f64::MIN_POSITIVE);
                let t = along.clamp(0.0, 1.0);
                (x - a[0] - t * dx).hypot(y - a[1] - t * dy)
            });
        }
    }

    /// Fills a circle.
    pub fn disc(&mut self, center: Point, radius: f64, colour: Rgb) {
        self.shade(&[center], radius + 1.0, colour, |x, y| {
            (x - center[0]).hypot(y - center[1]) - radius + 0.5
        });
    }

    /// Blends `colour` over the pixels within `margin` of the box around `points`, by their distance.
    fn shade(&mut self, points: &[Point], margin: f64, colour: Rgb, distance: impl Fn(f64, f64) -> f64) {
        let range = |axis: usize, size: usize| {
            let low = points.iter().map(|p| p[axis]).fold(f64::INFINITY, f64::min) - margin;
            let high = points.iter().map(|p| p[axis]).fold(f64::NEG_INFINITY, f64::max) + margin;
            // Casts saturate, so a shape far outside gives an empty range.
            (low.ceil().max(0.0) as usize)..((high.floor() + 1.0).max(0.0) as usize).min(size)
        };
        let columns = range(0, FRAME_WIDTH);
        for row in range(1, FRAME_HEIGHT) {
            for column in columns.clone() {
                let cover = (1.0 - distance(column as f64, row as f64)).clamp(0.0, 1.0);
                if cover == 0.0 {
                    continue;
                }
                let pixel = &mut self.pixels[(FRAME_HEIGHT - 1 - row) * FRAME_WIDTH + column];
                for (out, new) in pixel.iter_mut().zip(colour) {
                    let old = f64::from(*out);
                    *out = (old + cover * (f64::from(new) - old)).round() as u8;
                }
            }
        }
    }
}

fn sides(points: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    points.iter().zip(points.iter().cycle().skip(1)).map(|(&a, &b)| (a, b))
}
