//! What can be chosen about an environment.

use crate::error::OptionsError;
use crate::lander::LunarLander;

/// The arguments of `gymnasium.make("LunarLander-v3", ...)`, with its defaults.
///
/// ```
/// use lunar_lander::{LunarLander, Options};
///
/// let options = Options { gravity: -5.0, enable_wind: true, ..Options::default() };
/// let lander = LunarLander::new(options)?;
/// # Ok::<(), lunar_lander::OptionsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Whether actions are two throttles instead of one of four choices.
    pub continuous: bool,
    /// Acceleration in m/s², strictly between -12 and 0.
    pub gravity: f64,
    /// Whether wind and turbulence push the lander while no leg touches the ground.
    pub enable_wind: bool,
    /// The largest force of the wind in N. Gymnasium recommends 0 to 20 and accepts any number.
    pub wind_power: f64,
    /// The largest torque of the turbulence in N·m. Gymnasium recommends 0 to 2 and accepts any number.
    pub turbulence_power: f64,
    /// Steps after which an episode is truncated.
    pub max_episode_steps: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            continuous: false,
            gravity: -10.0,
            enable_wind: false,
            wind_power: 15.0,
            turbulence_power: 1.5,
            max_episode_steps: LunarLander::SPEC.max_episode_steps,
        }
    }
}

impl Options {
    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// Names the first option that is out of its range. Powers must be finite; the range that Gymnasium
    /// merely recommends is not enforced, as there.
    pub fn check(&self) -> Result<(), OptionsError> {
        if !(-12.0 < self.gravity && self.gravity < 0.0) {
            return Err(OptionsError::Gravity(self.gravity));
        }
        if !self.wind_power.is_finite() || self.wind_power.abs() > MAX_POWER {
            return Err(OptionsError::Power { name: "wind_power", value: self.wind_power });
        }
        if !self.turbulence_power.is_finite() || self.turbulence_power.abs() > MAX_POWER {
            return Err(OptionsError::Power { name: "turbulence_power", value: self.turbulence_power });
        }
        if self.max_episode_steps == 0 {
            return Err(OptionsError::NoSteps);
        }
        Ok(())
    }
}

/// Forces beyond this would leave the numbers that the physics can hold.
pub(crate) const MAX_POWER: f64 = 1e6;
