//! Pictures of an episode, 600 × 400 pixels in RGB, as Gymnasium draws them.
//!
//! The sky and the moon, two flags around the pad, the lander with its legs, and what the engines throw
//! out. The shapes are drawn from the exact state; edges are smoothed by the distance of a pixel from them,
//! not by SDL's routines, so a few pixels on outlines differ in shade.
//!
//! The particles are decoration. They draw no random numbers and push nothing, so they live here and not in
//! the physics: they fly ballistically and bounce off the ground a little.

mod image;
mod raster;

pub use image::{GifWriter, write_png};

use raster::Canvas;

use crate::lander::{HEIGHT, LunarLander, PAD_Y, SCALE, Thrust};
use crate::physics::scene::SCENE;

/// Width of a frame in pixels.
pub const FRAME_WIDTH: usize = 600;
/// Height of a frame in pixels.
pub const FRAME_HEIGHT: usize = 400;

/// A colour: red, green, blue.
pub type Rgb = [u8; 3];

const BODY: Rgb = [128, 102, 230];
const OUTLINE: Rgb = [77, 77, 128];
const FLAG: Rgb = [204, 204, 0];
const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Rows from the top, pixels from the left: `pixels[row * FRAME_WIDTH + column]`.
    pub pixels: Vec<Rgb>,
}

impl Frame {
    /// The pixels as bytes, three for each.
    pub fn bytes(&self) -> &[u8] {
        self.pixels.as_flattened()
    }
}

/// A spark of an engine.
#[derive(Clone, Debug)]
struct Particle {
    at: [f64; 2],
    velocity: [f64; 2],
    /// What is left of its light; it goes out below zero.
    ttl: f64,
}

const PARTICLE_RADIUS: f64 = 2.0 / SCALE;
const BOUNCE: f64 = 0.3;

/// Draws the frames of an episode.
///
/// ```
/// use lunar_lander::{Environment, LunarLander, Options, frames, policy};
///
/// let mut lander = LunarLander::new(Options::default())?;
/// let mut observation = lander.reset(1);
/// let mut renderer = frames::Renderer::new();
/// let mut gif = frames::GifWriter::new(Vec::new())?;
/// for _ in 0..10 {
///     observation = lander.step(policy::skilful(&observation))?.observation;
///     gif.write(&renderer.frame(&lander))?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Renderer {
    particles: Vec<Particle>,
}

impl Renderer {
    /// A renderer without particles, for the start of an episode.
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws the lander as it is, once per step: the particles of the last step's engines appear with it,
    /// and older ones fly on.
    pub fn frame(&mut self, lander: &LunarLander) -> Frame {
        if lander.steps() == 0 {
            self.particles.clear();
        }
        self.advance(lander);
        let mut canvas = Canvas::new(WHITE);
        let heights = ground(lander);
        for (i, pair) in heights.windows(2).enumerate() {
            let (x1, x2) = (2.0 * i as f64, 2.0 * (i + 1) as f64);
            let sky = [[x1, pair[0]], [x2, pair[1]], [x2, HEIGHT], [x1, HEIGHT]];
            canvas.polygon(&sky.map(pixels), BLACK);
        }
        for particle in &self.particles {
            let shade = |light: f64| (light.max(0.2) * 255.0) as u8;
            let dim = shade(0.5 * particle.ttl);
            canvas.disc(pixels(particle.at), PARTICLE_RADIUS * SCALE, [shade(0.15 + particle.ttl), dim, dim]);
        }
        for (i, body) in lander.world.bodies.iter().enumerate() {
            let outline: Vec<[f64; 2]> = SCENE
                .body(i)
                .polygon
                .vertices()
                .iter()
                .map(|&v| {
                    let v = body.xf.apply(v);
                    pixels([v.x.into(), v.y.into()])
                })
                .collect();
            canvas.polygon(&outline, BODY);
            canvas.outline(&outline, OUTLINE);
        }
        for x in [8.0, 12.0] {
            let [x, y] = pixels([x, PAD_Y]);
            canvas.outline(&[[x, y], [x, y + 50.0]], WHITE);
            canvas.polygon(&[[x, y + 50.0], [x, y + 40.0], [x + 25.0, y + 45.0]], FLAG);
        }
        canvas.into_frame()
    }

    fn advance(&mut self, lander: &LunarLander) {
        // The engines' particles weigh 3.5 and 0.7 kg/m².
        for (thrust, density) in lander.episode.thrust.iter().zip([3.5, 0.7]) {
            if let Some(Thrust { at, impulse, power }) = *thrust {
                let mass = density * std::f64::consts::PI * PARTICLE_RADIUS * PARTICLE_RADIUS;
                self.particles.push(Particle { at, velocity: impulse.map(|part| part / mass), ttl: power });
            }
        }
        let heights = ground(lander);
        let dt = 1.0 / crate::lander::FPS;
        for particle in &mut self.particles {
            particle.velocity[1] += lander.options().gravity * dt;
            let [x, y] = &mut particle.at;
            *x += particle.velocity[0] * dt;
            *y += particle.velocity[1] * dt;
            let floor = height_at(&heights, *x) + PARTICLE_RADIUS;
            if *y < floor {
                *y = floor;
                particle.velocity[1] *= -BOUNCE;
            }
            particle.ttl -= 0.15;
        }
        // The oldest go first, and only they: one that still glows keeps those behind it.
        let out = self.particles.iter().take_while(|particle| particle.ttl < 0.0).count();
        self.particles.drain(..out);
    }
}

/// Metres to pixels, still counted from the bottom.
fn pixels([x, y]: [f64; 2]) -> [f64; 2] {
    [x * SCALE, y * SCALE]
}

/// Heights of the ground at `x = 0, 2, …, 20`.
fn ground(lander: &LunarLander) -> [f64; 11] {
    lander.ground().map(f64::from)
}

fn height_at(heights: &[f64; 11], x: f64) -> f64 {
    let place = (x / 2.0).clamp(0.0, 9.999);
    let (i, t) = (place as usize, place.fract());
    heights[i] + t * (heights[i + 1] - heights[i])
}
