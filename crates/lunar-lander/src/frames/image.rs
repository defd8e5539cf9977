//! Frames as PNG and GIF files.

use std::collections::HashMap;
use std::io::{self, Write};

use super::{BLACK, BODY, FLAG, FRAME_HEIGHT, FRAME_WIDTH, Frame, OUTLINE, Rgb, WHITE};

/// Writes frames side by side as one PNG.
///
/// # Errors
///
/// The output cannot be written, or there is no frame.
pub fn write_png(output: impl Write, frames: &[&Frame]) -> io::Result<()> {
    let mut encoder = png::Encoder::new(output, (FRAME_WIDTH * frames.len()) as u32, FRAME_HEIGHT as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut data = Vec::with_capacity(FRAME_WIDTH * FRAME_HEIGHT * 3 * frames.len());
    for row in 0..FRAME_HEIGHT {
        for frame in frames {
            data.extend_from_slice(frame.pixels[row * FRAME_WIDTH..][..FRAME_WIDTH].as_flattened());
        }
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&data)?;
    writer.finish()?;
    Ok(())
}

/// Writes frames as an animation that repeats for ever.
///
/// Only the rectangle that changed since the frame before is stored, in a fixed palette: the colours of the
/// scene and a cube of 6 × 6 × 6 for the shades between them.
pub struct GifWriter<W: Write> {
    encoder: gif::Encoder<W>,
    palette: Palette,
    last: Vec<u8>,
    delay: u16,
}

impl<W: Write> GifWriter<W> {
    /// Starts an animation of 50 frames per second, the speed of the episode.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn new(output: W) -> io::Result<Self> {
        Self::with_delay(output, 2)
    }

    /// Starts an animation with `delay` hundredths of a second between frames.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn with_delay(output: W, delay: u16) -> io::Result<Self> {
        let palette = Palette::new();
        let colours = palette.colours.as_flattened();
        let mut encoder = gif::Encoder::new(output, FRAME_WIDTH as u16, FRAME_HEIGHT as u16, colours)
            .map_err(io::Error::other)?;
        encoder.set_repeat(gif::Repeat::Infinite).map_err(io::Error::other)?;
        Ok(Self { encoder, palette, last: Vec::new(), delay })
    }

    /// Adds a frame.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn write(&mut self, frame: &Frame) -> io::Result<()> {
        let indices: Vec<u8> = frame.pixels.iter().map(|&pixel| self.palette.index(pixel)).collect();
        let (left, top, width, height) = changed(&self.last, &indices);
        let mut buffer = Vec::with_capacity(width * height);
        for row in indices.chunks(FRAME_WIDTH).skip(top).take(height) {
            buffer.extend_from_slice(&row[left..left + width]);
        }
        self.last = indices;
        let frame = gif::Frame {
            delay: self.delay,
            left: left as u16,
            top: top as u16,
            width: width as u16,
            height: height as u16,
            buffer: buffer.into(),
            ..gif::Frame::default()
        };
        self.encoder.write_frame(&frame).map_err(io::Error::other)
    }
}

/// The smallest rectangle in which two pictures differ: left, top, width, height, at least one pixel.
fn changed(last: &[u8], now: &[u8]) -> (usize, usize, usize, usize) {
    if last.len() != now.len() {
        return (0, 0, FRAME_WIDTH, FRAME_HEIGHT);
    }
    let (mut left, mut right, mut top, mut bottom) = (FRAME_WIDTH, 0, FRAME_HEIGHT, 0);
    for (i, _) in last.iter().zip(now).enumerate().filter(|(_, (a, b))| a != b) {
        let (row, column) = (i / FRAME_WIDTH, i % FRAME_WIDTH);
        left = left.min(column);
        right = right.max(column + 1);
        top = top.min(row);
        bottom = bottom.max(row + 1);
    }
    if left >= right { (0, 0, 1, 1) } else { (left, top, right - left, bottom - top) }
}

struct Palette {
    colours: Vec<Rgb>,
    known: HashMap<Rgb, u8>,
}

impl Palette {
    fn new() -> Self {
        let mut colours = vec![BODY, OUTLINE, FLAG, WHITE, BLACK];
        for r in 0..6 {
            for g in 0..6 {
                colours.extend((0..6).map(|b| [51 * r, 51 * g, 51 * b]));
            }
        }
        colours.resize(256, BLACK);
        Self { colours, known: HashMap::new() }
    }

    fn index(&mut self, colour: Rgb) -> u8 {
        let colours = &self.colours;
        *self.known.entry(colour).or_insert_with(|| {
            let distance = |other: &Rgb| -> i32 {
                other.iter().zip(colour).map(|(&a, b)| (i32::from(a) - i32::from(b)).pow(2)).sum()
            };
            let nearest = colours.iter().enumerate().min_by_key(|(_, other)| distance(other));
            nearest.map_or(0, |(i, _)| i as u8)
        })
    }
}
