//! The part of Box2D 2.3.0 that the lander needs, with the same bits.
//!
//! Three bodies (the lander and two legs), two revolute joints, and ground made of eleven edges. What a
//! general engine keeps in trees and lists is here a handful of fixed arrays, but every floating-point
//! operation happens in the original's order; `README.md` beside this file says what must stay in place.
//!
//! This is an altered version of Box2D, written anew in Rust for one scene. The original carries this
//! notice:
//!
//! > Copyright (c) 2006-2009 Erin Catto <http://www.box2d.org>
//! >
//! > This software is provided 'as-is', without any express or implied warranty. In no event will the
//! > authors be held liable for any damages arising from the use of this software. Permission is granted to
//! > anyone to use this software for any purpose, including commercial applications, and to alter it and
//! > redistribute it freely, subject to the following restrictions:
//! > 1. The origin of this software must not be misrepresented; you must not claim that you wrote the
//! >    original software. If you use this software in a product, an acknowledgment in the product
//! >    documentation would be appreciated but is not required.
//! > 2. Altered source versions must be plainly marked as such, and must not be misrepresented as being the
//! >    original software.
//! > 3. This notice may not be removed or altered from any source distribution.

pub mod collide;
pub mod contact;
pub mod contact_solver;
pub mod distance;
pub mod impact;
pub mod joint;
pub mod math;
pub mod scene;
pub mod shape;
pub mod velocity;
pub mod world;

/// Seconds of one step.
pub const DT: f32 = 1.0 / 50.0;
/// Iterations over the velocities, always all of them.
pub const VELOCITY_ITERATIONS: u32 = 6 * 30;
/// Iterations over the positions, at most.
pub const POSITION_ITERATIONS: u32 = 2 * 30;

/// Box2D writes π with twelve digits, which is the same `f32`.
pub const PI: f32 = std::f32::consts::PI;
/// Metres that a fat box is wider than its shape.
pub const AABB_MARGIN: f32 = 0.1;
/// Metres of overlap that are left alone.
pub const LINEAR_SLOP: f32 = 0.005;
/// Radians that are left alone.
pub const ANGULAR_SLOP: f32 = 2.0 / 180.0 * PI;
/// The skin around every shape.
pub const POLYGON_RADIUS: f32 = 2.0 * LINEAR_SLOP;
/// Times of impact of one pair within a step.
pub const MAX_SUB_STEPS: u32 = 8;
/// The largest correction of a position in one iteration.
pub const MAX_LINEAR_CORRECTION: f32 = 0.2;
/// The largest correction of an angle in one iteration.
pub const MAX_ANGULAR_CORRECTION: f32 = 8.0 / 180.0 * PI;
/// The farthest that a body may move in a step.
pub const MAX_TRANSLATION: f32 = 2.0;
/// The largest turn of a body in a step.
pub const MAX_ROTATION: f32 = 0.5 * PI;
/// How much of an overlap an iteration takes away.
pub const BAUMGARTE: f32 = 0.2;
/// The same within a time of impact.
pub const TOI_BAUMGARTE: f32 = 0.75;
/// Seconds of rest before a body sleeps.
pub const TIME_TO_SLEEP: f32 = 0.5;
/// The speed under which a body rests, in metres per second.
pub const LINEAR_SLEEP_TOLERANCE: f32 = 0.01;
/// The same for turning, in radians per second.
pub const ANGULAR_SLEEP_TOLERANCE: f32 = 2.0 / 180.0 * PI;
