//! What the lander can do in a step.

use environment::{DiscreteAction, StepError};

use crate::options::Options;

/// One step's action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// 0 nothing, 1 the left orientation engine, 2 the main engine, 3 the right orientation engine.
    Discrete(u8),
    /// Throttles of the main engine and of the side engines, clipped to -1 … 1.
    ///
    /// The main engine runs at 50 to 100 % for a throttle above 0. The left side engine runs at 50 to 100 %
    /// for -0.5 down to -1, the right one for 0.5 up to 1.
    Continuous([f32; 2]),
}

/// What the engines do, after an action has been checked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Throttle {
    /// Power of the main engine, 0 or 0.5 to 1.
    pub main: f64,
    /// Power of a side engine, 0 or 0.5 to 1.
    pub side: f64,
    /// -1 for the left engine, 1 for the right one.
    pub direction: f64,
}

impl Action {
    /// The action that does nothing.
    pub fn noop(options: &Options) -> Self {
        if options.continuous { Self::Continuous([0.0; 2]) } else { Self::Discrete(0) }
    }

    pub(crate) fn throttle(self, continuous: bool) -> Result<Throttle, StepError> {
        match self {
            Self::Discrete(_) if continuous => {
                Err(StepError::Kind { given: "discrete", expected: "continuous" })
            }
            Self::Continuous(_) if !continuous => {
                Err(StepError::Kind { given: "continuous", expected: "discrete" })
            }
            Self::Discrete(action @ 0..=3) => Ok(Throttle {
                main: if action == 2 { 1.0 } else { 0.0 },
                side: if action % 2 == 1 { 1.0 } else { 0.0 },
                direction: f64::from(action) - 2.0,
            }),
            Self::Discrete(action) => Err(StepError::Discrete { given: action.into(), count: Self::COUNT }),
            Self::Continuous(values) if values.iter().any(|value| value.is_nan()) => {
                Err(StepError::NotANumber(values))
            }
            Self::Continuous(values) => {
                let [main, lateral] = values.map(|value| f64::from(value.clamp(-1.0, 1.0)));
                Ok(Throttle {
                    main: if main > 0.0 { (main.clamp(0.0, 1.0) + 1.0) * 0.5 } else { 0.0 },
                    side: if lateral.abs() > 0.5 { lateral.abs().clamp(0.5, 1.0) } else { 0.0 },
                    direction: if lateral < 0.0 { -1.0 } else { 1.0 },
                })
            }
        }
    }
}

impl DiscreteAction for Action {
    const COUNT: usize = 4;

    #[inline]
    fn from_index(index: u8) -> Option<Self> {
        (usize::from(index) < Self::COUNT).then_some(Self::Discrete(index))
    }
}
