//! Reading recorded episodes.

use std::io::{self, BufRead, BufReader, Read};

use super::{MAGIC, Record, Recorded, Recording, Trace};

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
    /// The file is none of these.
    #[error("it starts with {0:?}, not as a recording of classic control")]
    Start([u8; 8]),
    /// A number that no recorder writes.
    #[error("episode {episode}: {field} is {value}")]
    Value {
        /// The episode's number, from 0.
        episode: usize,
        /// What the number stands for.
        field: &'static str,
        /// The number.
        value: u32,
    },
}

impl Trace {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The input cannot be read, is no such file, or ends within an episode.
    pub fn read(input: impl Read) -> Result<Self, ReadError> {
        let mut input = BufReader::new(input);
        let io = |source| ReadError::Io { episode: 0, source };
        let start = bytes(&mut input).map_err(io)?;
        if start != MAGIC {
            return Err(ReadError::Start(start));
        }
        let recorded = match u32::from_le_bytes(bytes(&mut input).map_err(io)?) {
            0 => Recorded::CartPole,
            1 => Recorded::SuttonBartoCartPole,
            2 => Recorded::Acrobot,
            value => return Err(ReadError::Value { episode: 0, field: "the environment", value }),
        };
        let mut episodes = Vec::new();
        while !input
            .fill_buf()
            .map_err(|source| ReadError::Io { episode: episodes.len(), source })?
            .is_empty()
        {
            episodes.push(recording(&mut input, recorded, episodes.len())?);
        }
        Ok(Self { recorded, episodes })
    }
}

fn recording(input: &mut impl Read, recorded: Recorded, episode: usize) -> Result<Recording, ReadError> {
    let io = |source| ReadError::Io { episode, source };
    let seed = u128::from_le_bytes(bytes(input).map_err(io)?);
    let count = u32::from_le_bytes(bytes(input).map_err(io)?);
    // The count may be anything: only what is there takes memory.
    let records = (0..count).map(|_| {
        let (record, end) = record(input, recorded).map_err(io)?;
        match end {
            0..=3 => Ok(record),
            _ => Err(ReadError::Value { episode, field: "an end", value: end.into() }),
        }
    });
    Ok(Recording { seed, records: records.collect::<Result<_, _>>()? })
}

fn record(input: &mut impl Read, recorded: Recorded) -> io::Result<(Record, u8)> {
    let [action] = bytes(input)?;
    let mut record = Record { action, ..Record::default() };
    for value in &mut record.observation[..recorded.observation_size()] {
        *value = f32::from_le_bytes(bytes(input)?);
    }
    for value in record.state.iter_mut().chain([&mut record.reward]) {
        *value = f64::from_le_bytes(bytes(input)?);
    }
    let [end] = bytes(input)?;
    (record.terminated, record.truncated) = (end & 1 != 0, end & 2 != 0);
    Ok((record, end))
}

fn bytes<const N: usize>(input: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}
