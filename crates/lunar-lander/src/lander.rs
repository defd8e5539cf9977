//! The environment, one at a time.

use environment::random::Generator;
use environment::{Environment, Phase, Spec, StepError};

use crate::action::{Action, Throttle};
use crate::error::OptionsError;
use crate::observation::{Observation, Step};
use crate::options::Options;
use crate::physics::math::Vec2;
use crate::physics::scene::SCENE;
use crate::physics::world::{EDGES, LANDER, LEGS, World};

/// Pixels per metre.
pub(crate) const SCALE: f64 = 30.0;
/// Steps per second.
pub(crate) const FPS: f64 = 50.0;
/// Width and height of the view in metres.
pub(crate) const WIDTH: f64 = 600.0 / SCALE;
pub(crate) const HEIGHT: f64 = 400.0 / SCALE;
/// Height of the pad in metres.
pub(crate) const PAD_Y: f64 = HEIGHT / 4.0;

const MAIN_ENGINE_POWER: f64 = 13.0;
const SIDE_ENGINE_POWER: f64 = 0.6;
const INITIAL_RANDOM: f64 = 1000.0;
const LEG_DOWN: f64 = 18.0;
const SIDE_ENGINE_HEIGHT: f64 = 14.0;
const SIDE_ENGINE_AWAY: f64 = 12.0;
const MAIN_ENGINE_Y: f64 = 4.0;

/// Random numbers that every step draws, whatever happens in it.
///
/// ```
/// use lunar_lander::{Action, DRAWS_PER_STEP, Environment, LunarLander, Options};
///
/// let mut lander = LunarLander::new(Options::default())?;
/// lander.reset(1);
/// let mut random = lander.generator().clone();
/// random.advance(3 * DRAWS_PER_STEP);
/// for action in [0, 2, 3] {
///     lander.step(Action::Discrete(action))?;
/// }
/// assert_eq!(lander.generator(), &random);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub const DRAWS_PER_STEP: u64 = 2;

/// What a reset drew.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Draws {
    /// Heights of the terrain in metres, with the pad levelled, before they are smoothed.
    pub heights: [f64; 12],
    /// The force on the lander in the first step, in N.
    pub force: [f64; 2],
}

/// The wind's and the turbulence's place in their patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wind {
    force: i64,
    torque: i64,
}

/// An engine's thrust in a step, for the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Thrust {
    /// Where it acts, in metres.
    pub at: [f64; 2],
    /// On what the engine throws out, in N·s.
    pub impulse: [f64; 2],
    pub power: f64,
}

/// Everything about an episode but its world.
#[derive(Clone, Debug)]
pub(crate) struct Episode {
    pub options: Options,
    pub random: Generator,
    pub draws: Draws,
    pub dispersion: [f64; DRAWS_PER_STEP as usize],
    pub steps: u32,
    wind: Option<Wind>,
    shaping: Option<f64>,
    throttle: Throttle,
    /// Main and side engine.
    pub thrust: [Option<Thrust>; 2],
}

impl Episode {
    pub fn new(options: Options, random: Generator) -> Self {
        Self {
            options,
            random,
            draws: Draws::default(),
            dispersion: [0.0; 2],
            steps: 0,
            wind: None,
            shaping: None,
            throttle: Throttle::default(),
            thrust: [None; 2],
        }
    }

    /// Draws the terrain and the first force, and builds the world; its first step is still to be taken,
    /// with no engine on.
    pub fn start(&mut self) -> World {
        let random = &mut self.random;
        let mut heights: [f64; 12] = std::array::from_fn(|_| random.uniform(0.0, HEIGHT / 2.0));
        heights[3..8].fill(PAD_Y);
        self.draws.heights = heights;
        let smooth: [f64; EDGES] = std::array::from_fn(|i| {
            // The point before the first is the last one.
            let before = heights[(i + 11) % 12];
            0.33 * (before + heights[i] + heights[i + 1])
        });
        self.draws.force = std::array::from_fn(|_| random.uniform(-INITIAL_RANDOM, INITIAL_RANDOM));
        self.wind = self
            .options
            .enable_wind
            .then(|| Wind { force: random.integer(-9999, 9999), torque: random.integer(-9999, 9999) });
        self.shaping = None;
        self.steps = 0;
        let mut world = World::new(self.options.gravity as f32, &smooth);
        let [x, y] = self.draws.force;
        world.force = Vec2::new(x as f32, y as f32);
        world
    }

    /// What a step does before the physics: wind, the random numbers of the engines, and their impulses.
    #[inline]
    pub fn before(&mut self, world: &mut World, throttle: Throttle) {
        if !(world.touch.legs[0] || world.touch.legs[1]) {
            self.blow(world);
        }
        self.dispersion = std::array::from_fn(|_| self.random.uniform(-1.0, 1.0));
        self.throttle = throttle;
        self.thrust = [None; 2];
        if throttle.main == 0.0 && throttle.side == 0.0 {
            return;
        }
        let angle = f64::from(world.bodies[LANDER].sweep.a);
        let tip = [angle.sin(), angle.cos()];
        let side = [-tip[1], tip[0]];
        let [d0, d1] = self.dispersion.map(|drawn| drawn / SCALE);
        let Vec2 { x, y } = world.bodies[LANDER].xf.p;
        let (x, y) = (f64::from(x), f64::from(y));
        if throttle.main > 0.0 {
            let away = MAIN_ENGINE_Y / SCALE + 2.0 * d0;
            let ox = tip[0] * away + side[0] * d1;
            let oy = -tip[1] * away - side[1] * d1;
            let scale = |o: f64| o * MAIN_ENGINE_POWER * throttle.main;
            self.push(world, 0, [x + ox, y + oy], [scale(ox), scale(oy)], throttle.main);
        }
        if throttle.side > 0.0 {
            let away = 3.0 * d1 + throttle.direction * SIDE_ENGINE_AWAY / SCALE;
            let ox = tip[0] * d0 + side[0] * away;
            let oy = -tip[1] * d0 - side[1] * away;
            // 17 for one axis and 14 for the other is Gymnasium's: it makes the torque depend on the angle.
            let at = [x + ox - tip[0] * 17.0 / SCALE, y + oy + tip[1] * SIDE_ENGINE_HEIGHT / SCALE];
            let scale = |o: f64| o * SIDE_ENGINE_POWER * throttle.side;
            self.push(world, 1, at, [scale(ox), scale(oy)], throttle.side);
        }
    }

    fn push(&mut self, world: &mut World, engine: usize, at: [f64; 2], impulse: [f64; 2], power: f64) {
        let [x, y] = impulse.map(|part| -part as f32);
        world.apply_impulse(Vec2::new(x, y), Vec2::new(at[0] as f32, at[1] as f32));
        self.thrust[engine] = Some(Thrust { at, impulse, power });
    }

    /// Two sines whose periods have no common multiple make a pattern that never repeats.
    fn blow(&mut self, world: &mut World) {
        let Some(wind) = &mut self.wind else { return };
        let pattern = |index: i64| {
            let t = index as f64;
            ((0.02 * t).sin() + (std::f64::consts::PI * 0.01 * t).sin()).tanh()
        };
        world.force += Vec2::new((pattern(wind.force) * self.options.wind_power) as f32, 0.0);
        world.torque += (pattern(wind.torque) * self.options.turbulence_power) as f32;
        wind.force += 1;
        wind.torque += 1;
    }

    /// What a step does after the physics: the observation and the reward.
    #[inline]
    pub fn after(&mut self, world: &World) -> Step {
        let lander = &world.bodies[LANDER];
        let (p, v) = (lander.xf.p, lander.velocity.v);
        let leg = |touches: bool| if touches { 1.0 } else { 0.0 };
        let state: [f64; 8] = [
            (f64::from(p.x) - WIDTH / 2.0) / (WIDTH / 2.0),
            (f64::from(p.y) - (PAD_Y + LEG_DOWN / SCALE)) / (HEIGHT / 2.0),
            f64::from(v.x) * (WIDTH / 2.0) / FPS,
            f64::from(v.y) * (HEIGHT / 2.0) / FPS,
            f64::from(lander.sweep.a),
            20.0 * f64::from(lander.velocity.w) / FPS,
            leg(world.touch.legs[0]),
            leg(world.touch.legs[1]),
        ];
        let shaping = -100.0 * (state[0] * state[0] + state[1] * state[1]).sqrt()
            - 100.0 * (state[2] * state[2] + state[3] * state[3]).sqrt()
            - 100.0 * state[4].abs()
            + 10.0 * state[6]
            + 10.0 * state[7];
        let mut reward = self.shaping.map_or(0.0, |before| shaping - before);
        self.shaping = Some(shaping);
        reward -= self.throttle.main * 0.30;
        reward -= self.throttle.side * 0.03;

        let mut terminated = false;
        if world.touch.crashed || state[0].abs() >= 1.0 {
            terminated = true;
            reward = -100.0;
        }
        if !lander.awake {
            terminated = true;
            reward = 100.0;
        }
        let truncated = self.steps >= self.options.max_episode_steps;
        Step { observation: state.map(|value| value as f32), reward, terminated, truncated }
    }
}

/// Where a body is and how it moves, in metres, radians and seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BodyState {
    /// Position of the body's origin.
    pub x: f32,
    /// Height of the body's origin.
    pub y: f32,
    /// Angle, counter-clockwise.
    pub angle: f32,
    /// Horizontal velocity of the centre of mass.
    pub vx: f32,
    /// Vertical velocity of the centre of mass.
    pub vy: f32,
    /// Angular velocity.
    pub omega: f32,
}

impl BodyState {
    pub(crate) fn all(world: &World) -> [Self; 3] {
        [LANDER, LEGS[0], LEGS[1]].map(|i| {
            let body = &world.bodies[i];
            Self {
                x: body.xf.p.x,
                y: body.xf.p.y,
                angle: body.sweep.a,
                vx: body.velocity.v.x,
                vy: body.velocity.v.y,
                omega: body.velocity.w,
            }
        })
    }
}

/// Gymnasium's `LunarLander-v3`, bit for bit.
///
/// ```
/// use lunar_lander::{Action, Environment, LunarLander, Options};
///
/// let mut lander = LunarLander::new(Options::default())?;
/// lander.reset(42);
/// let mut score = 0.0;
/// loop {
///     let step = lander.step(Action::Discrete(0))?;
///     score += step.reward;
///     if step.done() {
///         break;
///     }
/// }
/// assert!(score < 0.0, "free fall ends in a crash");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LunarLander {
    pub(crate) episode: Episode,
    pub(crate) world: World,
    phase: Phase,
}

impl LunarLander {
    /// What Gymnasium's registry says of it.
    pub const SPEC: Spec = Spec { id: "LunarLander-v3", max_episode_steps: 1000, reward_threshold: 200.0 };

    /// An environment with `options`, before its first reset.
    ///
    /// # Errors
    ///
    /// An option out of its range.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        options.check()?;
        let episode = Episode::new(options, Generator::new(0));
        let world = World::new(options.gravity as f32, &[0.0; EDGES]);
        Ok(Self { episode, world, phase: Phase::NotReset })
    }

    /// The options that the environment was made with.
    pub fn options(&self) -> &Options {
        &self.episode.options
    }

    /// What the last reset drew.
    pub fn draws(&self) -> &Draws {
        &self.episode.draws
    }

    /// The two numbers between -1 and 1 that the last step drew for the engines.
    pub fn dispersion(&self) -> [f64; 2] {
        self.episode.dispersion
    }

    /// The lander, the left leg (-1) and the right leg (+1).
    pub fn bodies(&self) -> [BodyState; 3] {
        BodyState::all(&self.world)
    }

    /// The outlines of these bodies, counter-clockwise around their origins, in metres: the same in every episode.
    pub fn outlines() -> [Vec<[f32; 2]>; 3] {
        std::array::from_fn(|i| SCENE.body(i).polygon.vertices().iter().map(|v| [v.x, v.y]).collect())
    }

    /// Heights of the ground in metres, at 0, 2, … 20 m from the left.
    pub fn ground(&self) -> [f32; 11] {
        std::array::from_fn(|i| {
            let edges = &self.world.edges;
            if i == 0 { edges[1].vertices[0].y } else { edges[i].vertices[1].y }
        })
    }

    /// Steps taken in this episode.
    pub fn steps(&self) -> u32 {
        self.episode.steps
    }

    /// The random numbers that the next step or [`reset_next`](Environment::reset_next) goes on with.
    pub fn generator(&self) -> &Generator {
        &self.episode.random
    }

    /// Goes on with other random numbers: after `reset_next`, as an environment that had drawn as many.
    pub fn set_generator(&mut self, generator: Generator) {
        self.episode.random = generator;
    }

    fn start(&mut self) -> Observation {
        self.world = self.episode.start();
        self.phase = Phase::Running;
        self.episode.before(&mut self.world, Throttle::default());
        self.world.step();
        self.episode.after(&self.world).observation
    }
}

impl Environment for LunarLander {
    type Action = Action;
    type Observation = Observation;

    fn reset(&mut self, seed: u128) -> Observation {
        self.episode.random = Generator::new(seed);
        self.start()
    }

    fn reset_next(&mut self) -> Observation {
        self.start()
    }

    fn step(&mut self, action: Action) -> Result<Step, StepError> {
        self.phase.check()?;
        let throttle = action.throttle(self.episode.options.continuous)?;
        self.episode.steps += 1;
        self.episode.before(&mut self.world, throttle);
        self.world.step();
        let step = self.episode.after(&self.world);
        if step.done() {
            self.phase = Phase::Ended;
        }
        Ok(step)
    }
}
