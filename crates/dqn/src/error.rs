//! What can go wrong.

use std::path::PathBuf;

use crate::sizes::Sizes;

/// Anything that the learner, the trainers and the checkpoints refuse.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter out of its range.
    #[error("{name} is {value}, must be {range}")]
    Parameter {
        /// The field of [`Config`](crate::Config) or of the trainer's rules.
        name: &'static str,
        /// What it was.
        value: String,
        /// What it may be.
        range: String,
    },
    /// Weights of a network of another size.
    #[error("{what} are of a network {given}, expected {expected}")]
    Shape {
        /// Which weights.
        what: &'static str,
        /// Their sizes.
        given: Sizes,
        /// The sizes in use.
        expected: Sizes,
    },
    /// Nothing to average.
    #[error("an average of no weights at all")]
    NothingToAverage,
    /// A number that is infinite or none.
    #[error("{what} became infinite or not a number in episode {episode}: training cannot go on")]
    NotFinite {
        /// `a weight` or `a reward`.
        what: &'static str,
        /// The episode, counted from 1.
        episode: u64,
    },
    /// A state that does not fit together.
    #[error("the saved state is inconsistent: {0}")]
    State(String),
    /// The environment refused its options or a step.
    #[error("the environment refused: {0}")]
    Environment(String),
    /// A checkpoint that cannot be read or written.
    #[error("checkpoint {}: {problem}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: CheckpointError,
    },
}

/// What is wrong with a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file system says no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The name ends neither in `.pth` nor in `.safetensors`.
    #[error("the name must end in .pth (or .pt) or .safetensors")]
    Extension,
    /// Larger than any checkpoint of such a network.
    #[error("{0} bytes are more than a checkpoint of such a network can have ({1})")]
    TooLarge(u64, u64),
    /// Neither a zip archive of PyTorch's nor safetensors.
    #[error("neither a PyTorch zip archive nor a safetensors file")]
    Unknown,
    /// The container is damaged.
    #[error("damaged: {0}")]
    Damaged(String),
    /// The pickle wants something that builds no tensor.
    #[error("the pickle asks for {0}, and only tensors are read")]
    Forbidden(String),
    /// The tensors are not those of the network.
    #[error("{0}")]
    Tensors(String),
}

impl From<environment::StepError> for Error {
    fn from(error: environment::StepError) -> Self {
        Self::Environment(error.to_string())
    }
}

impl From<environment::BatchError> for Error {
    fn from(error: environment::BatchError) -> Self {
        Self::Environment(error.to_string())
    }
}

impl From<lunar_lander::OptionsError> for Error {
    fn from(error: lunar_lander::OptionsError) -> Self {
        Self::Environment(error.to_string())
    }
}
