//! Reading recorded episodes.

use std::io::{self, BufReader, Read};

use super::{Form, MAGIC, Record, Recording};
use crate::action::Action;
use crate::error::OptionsError;
use crate::lander::{BodyState, Draws};
use crate::options::Options;

/// Records of an episode beyond this are a sign of a damaged file.
const MAX_RECORDS: u32 = 10_000_000;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read, or ends within an episode.
    #[error("episode {episode}: {source}")]
    Io {
        /// The episode's number, from 0.
        episode: usize,
        /// What the system said.
        source: io::Error,
    },
    /// A number that no recorder writes.
    #[error("episode {episode}: {field} is {value}")]
    Value {
        /// The episode's number, from 0.
        episode: usize,
        /// What the number stands for.
        field: &'static str,
        /// The number.
        value: i64,
    },
    /// Options that the environment does not have.
    #[error("the file's options: {0}")]
    Options(#[from] OptionsError),
}

/// An iterator over the episodes of a file.
pub struct Reader<R> {
    input: BufReader<R>,
    form: Form,
    /// Bytes that were read to tell the forms apart, and belong to the first episode.
    ahead: Vec<u8>,
    episode: usize,
    failed: bool,
}

impl<R: Read> Reader<R> {
    /// Starts to read `input`.
    ///
    /// # Errors
    ///
    /// The input cannot be read, or its header does not make sense.
    pub fn new(input: R) -> Result<Self, ReadError> {
        let mut input = BufReader::new(input);
        let io = |source| ReadError::Io { episode: 0, source };
        let mut ahead = Vec::new();
        input.by_ref().take(MAGIC.len() as u64).read_to_end(&mut ahead).map_err(io)?;
        let mut reader = Self { input, form: Form::Plain, ahead, episode: 0, failed: false };
        if reader.ahead == MAGIC {
            reader.ahead.clear();
            let options = reader.options().map_err(io)?;
            options.check()?;
            reader.form = Form::WithOptions(options);
        }
        Ok(reader)
    }

    /// The form of the file.
    pub fn form(&self) -> Form {
        self.form
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        let ahead = self.ahead.len().min(N);
        bytes[..ahead].copy_from_slice(&self.ahead[..ahead]);
        self.ahead.drain(..ahead);
        self.input.read_exact(&mut bytes[ahead..])?;
        Ok(bytes)
    }

    fn u32(&mut self) -> io::Result<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn f64s<const N: usize>(&mut self) -> io::Result<[f64; N]> {
        let mut values = [0.0; N];
        for value in &mut values {
            *value = self.bytes().map(f64::from_le_bytes)?;
        }
        Ok(values)
    }

    fn f32s<const N: usize>(&mut self) -> io::Result<[f32; N]> {
        let mut values = [0.0; N];
        for value in &mut values {
            *value = self.bytes().map(f32::from_le_bytes)?;
        }
        Ok(values)
    }

    fn options(&mut self) -> io::Result<Options> {
        let continuous = self.u32()? != 0;
        let [gravity] = self.f64s()?;
        let enable_wind = self.u32()? != 0;
        let [wind_power, turbulence_power] = self.f64s()?;
        let max_episode_steps = self.u32()?;
        Ok(Options { continuous, gravity, enable_wind, wind_power, turbulence_power, max_episode_steps })
    }

    fn recording(&mut self) -> Result<Recording, ReadError> {
        let episode = self.episode;
        let io = |source| ReadError::Io { episode, source };
        let seed = match self.form {
            Form::Plain => self.u32().map(u128::from),
            Form::WithOptions(_) => self.bytes().map(u128::from_le_bytes),
        };
        let seed = seed.map_err(io)?;
        let policy = self.u32().map_err(io)?;
        let count = self.u32().map_err(io)?;
        if count > MAX_RECORDS {
            return Err(ReadError::Value { episode, field: "the number of records", value: count.into() });
        }
        let heights = self.f64s().map_err(io)?;
        let force = self.f64s().map_err(io)?;
        let records = (0..count).map(|_| self.record()).collect::<Result<_, _>>()?;
        Ok(Recording { seed, policy, draws: Draws { heights, force }, records })
    }

    fn record(&mut self) -> Result<Record, ReadError> {
        let episode = self.episode;
        let io = |source| ReadError::Io { episode, source };
        let action = if self.form.options().continuous {
            Action::Continuous(self.f32s().map_err(io)?)
        } else {
            let value = i32::from_le_bytes(self.bytes().map_err(io)?);
            let action = u8::try_from(value).map_err(|_| ReadError::Value {
                episode,
                field: "an action",
                value: value.into(),
            })?;
            Action::Discrete(action)
        };
        let dispersion = self.f64s().map_err(io)?;
        let observation = self.f32s().map_err(io)?;
        let mut bodies = [BodyState::default(); 3];
        for body in &mut bodies {
            let [x, y, angle, vx, vy, omega] = self.f32s().map_err(io)?;
            *body = BodyState { x, y, angle, vx, vy, omega };
        }
        let [reward] = self.f64s().map_err(io)?;
        let terminated = self.u32().map_err(io)? != 0;
        Ok(Record { action, dispersion, observation, bodies, reward, terminated })
    }

    fn at_end(&mut self) -> io::Result<bool> {
        use std::io::BufRead;
        Ok(self.ahead.is_empty() && self.input.fill_buf()?.is_empty())
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Recording, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let result = match self.at_end() {
            Ok(true) => return None,
            Ok(false) => self.recording(),
            Err(source) => Err(ReadError::Io { episode: self.episode, source }),
        };
        self.failed = result.is_err();
        self.episode += 1;
        Some(result)
    }
}
