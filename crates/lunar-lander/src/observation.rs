//! What the lander sees and earns.

/// What the lander sees, 8 numbers.
///
/// | index | | unit | bound |
/// |---|---|---|---|
/// | 0 | horizontal distance from the pad | 10 m | ±2.5 |
/// | 1 | height above the pad | 6.67 m | ±2.5 |
/// | 2 | horizontal speed | 5 m/s | ±10 |
/// | 3 | vertical speed | 7.5 m/s | ±10 |
/// | 4 | angle, counter-clockwise | rad | ±2π |
/// | 5 | angular speed | 2.5 rad/s | ±10 |
/// | 6 | 1 if the left leg touches the ground | | 0, 1 |
/// | 7 | 1 if the right leg touches the ground | | 0, 1 |
///
/// The episode normally ends long before a bound is reached.
pub type Observation = [f32; 8];

/// What a step returns: [`environment::Step`] of the lander's observation.
pub type Step<O = Observation> = environment::Step<O>;

/// What a step of many landers returns: [`environment::VectorStep`] of the lander's observations.
pub type VectorStep<'a, O = Observation> = environment::VectorStep<'a, O>;
