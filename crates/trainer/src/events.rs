//! TensorBoard's event files.
//!
//! A file is a row of records: the payload's length as a `u64`, that length's checksum, the payload, the payload's checksum, all
//! little endian (TFRecord). Checksums are CRC-32C, rotated and shifted so that one over bytes that hold checksums themselves
//! stays good. A payload is an `Event` of `tensorflow/core/util/event.proto`; the few fields that a scalar needs are encoded here by
//! hand:
//!
//! ```text
//! Event         1 wall_time: double   2 step: int64   3 file_version: string   5 summary: Summary
//! Summary       1 value: repeated Value
//! Value         1 tag: string         2 simple_value: float
//! ```
//!
//! The tags are those of CleanRL's `dqn.py`, and a step is one of the environment, over all Agents.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::run_dir::{Metrics, write};

/// What every file's name begins with, and what TensorBoard finds it by.
const NAME: &str = "events.out.tfevents.";

/// An event file that is being written.
#[derive(Debug)]
pub struct EventFile {
    file: File,
}

impl EventFile {
    /// A new one in the folder; the first event says which version of the format it has.
    pub fn create(folder: &Path) -> Result<EventFile> {
        let now = now();
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host: String = host.trim().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let host = if host.is_empty() { "localhost" } else { &host };
        // Two of one process within one second have different numbers at the end.
        let name = |number: u32| format!("{NAME}{}.{host}.{}.{number}", now as u64, std::process::id());
        let path = (0..)
            .map(|number| folder.join(name(number)))
            .find(|path| !path.exists())
            .unwrap_or_else(|| folder.join(name(0)));
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
        let mut event = Vec::new();
        double(&mut event, 1, now);
        bytes(&mut event, 3, b"brain.Event:2");
        file.write_all(&record(&event))?;
        Ok(EventFile { file })
    }

    /// Adds a round: one event with all its scalars.
    pub fn log(&mut self, metrics: &Metrics) -> Result<()> {
        let mut summary = Vec::new();
        for (tag, value) in scalars(metrics) {
            let mut scalar = Vec::new();
            bytes(&mut scalar, 1, tag.as_bytes());
            float(&mut scalar, 2, value as f32);
            bytes(&mut summary, 1, &scalar);
        }
        let mut event = Vec::new();
        double(&mut event, 1, now());
        varint_field(&mut event, 2, metrics.env_steps);
        bytes(&mut event, 5, &summary);
        // In one piece: TensorBoard reads along.
        Ok(self.file.write_all(&record(&event))?)
    }
}

/// A round's scalars. Where nothing was learned there is no loss.
fn scalars(metrics: &Metrics) -> Vec<(&'static str, f64)> {
    let mut all = vec![
        ("charts/episodic_return", metrics.episodic_return),
        ("charts/episodic_length", metrics.episodic_length),
        ("charts/epsilon", metrics.epsilon),
        ("charts/SPS", metrics.env_steps as f64 / metrics.seconds.max(1e-9)),
    ];
    if metrics.td_loss != 0.0 {
        all.push(("losses/td_loss", metrics.td_loss.into()));
        all.push(("losses/q_values", metrics.q_values.into()));
    }
    all.extend(metrics.average_reward.map(|average| ("eval/episodic_return", average)));
    all
}

/// Drops events of steps after this one, and what was being written when a run was killed: a run that goes on from there writes
/// those steps again.
pub fn cut(folder: &Path, after: u64) -> Result<()> {
    for path in files(folder)? {
        let all = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut kept = Vec::with_capacity(all.len());
        let mut rest = &all[..];
        while let Some((payload, after_it)) = next(rest) {
            if step(payload) <= after {
                kept.extend_from_slice(&rest[..rest.len() - after_it.len()]);
            }
            rest = after_it;
        }
        if kept.len() < all.len() {
            write(&path, &kept)?;
        }
    }
    Ok(())
}

/// Removes the folder's event files.
pub fn clear(folder: &Path) -> Result<()> {
    for path in files(folder)? {
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(NAME) {
            all.push(entry.path());
        }
    }
    all.sort();
    Ok(all)
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

fn record(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u64).to_le_bytes();
    [&length[..], &checksum(&length), payload, &checksum(payload)].concat()
}

/// The first record's payload and what follows it; `None` where none is whole.
fn next(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(12)?;
    let length = u64::from_le_bytes(head[..8].try_into().ok()?);
    if head[8..] != checksum(&head[..8]) {
        return None;
    }
    let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let (sum, rest) = rest.split_at_checked(4)?;
    (sum == checksum(payload)).then_some((payload, rest))
}

/// An event's step: 0 for the one that names the version.
fn step(event: &[u8]) -> u64 {
    // The wall time comes first, in nine bytes; a step, if there is one, follows.
    let mut value = 0;
    if event.get(9) == Some(&(2 << 3)) {
        for (i, byte) in event[10..].iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    value
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn varint_field(out: &mut Vec<u8>, field: u8, value: u64) {
    out.push(field << 3);
    varint(out, value);
}

fn double(out: &mut Vec<u8>, field: u8, value: f64) {
    out.push(field << 3 | 1);
    out.extend(value.to_le_bytes());
}

fn float(out: &mut Vec<u8>, field: u8, value: f32) {
    out.push(field << 3 | 5);
    out.extend(value.to_le_bytes());
}

fn bytes(out: &mut Vec<u8>, field: u8, value: &[u8]) {
    out.push(field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::round::Phases;

    fn metrics(round: u64, average_reward: Option<f64>) -> Metrics {
        Metrics {
            round,
            env_steps: 300 * round,
            episodic_return: -100.0,
            episodic_length: 75.0,
            epsilon: 0.5,
            td_loss: if round > 1 { 2.5 } else { 0.0 },
            q_values: 0.0,
            average_reward,
            seconds: 0.5 * round as f64,
            phases: Phases::default(),
        }
    }

    /// The steps of the events in the folder's files, and the bytes of each file that are no whole record.
    fn steps(folder: &Path) -> Vec<(Vec<u64>, usize)> {
        let read = |path: PathBuf| {
            let all = fs::read(path).unwrap();
            let (mut rest, mut steps) = (&all[..], Vec::new());
            while let Some((payload, after)) = next(rest) {
                steps.push(step(payload));
                rest = after;
            }
            (steps, rest.len())
        };
        files(folder).unwrap().into_iter().map(read).collect()
    }

    #[test]
    fn checksums_are_masked_crc_32c() {
        // The check value of CRC-32C is e3069283 (RFC 3720 and every catalogue of checksums).
        let masked = 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(checksum(b"123456789"), masked.to_le_bytes());
    }

    #[test]
    fn a_damaged_record_is_none() {
        let whole = record(b"payload");
        assert_eq!(next(&whole), Some((&b"payload"[..], &b""[..])));
        for i in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[i] ^= 1;
            assert_eq!(next(&damaged), None, "byte {i}");
            assert_eq!(next(&whole[..i]), None);
        }
    }

    #[test]
    fn a_round_is_an_event_with_the_tags_of_cleanrl() {
        let tags = |metrics| scalars(&metrics).iter().map(|(tag, _)| *tag).collect::<Vec<_>>();
        let charts = ["charts/episodic_return", "charts/episodic_length", "charts/epsilon", "charts/SPS"];
        assert_eq!(tags(metrics(1, None)), charts);
        let all = tags(metrics(2, Some(9.0)));
        assert_eq!(all[4..], ["losses/td_loss", "losses/q_values", "eval/episodic_return"]);
        assert!(scalars(&metrics(2, None)).contains(&("charts/SPS", 600.0)));
    }

    #[test]
    fn a_run_that_goes_on_writes_no_step_twice() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = EventFile::create(folder.path()).unwrap();
        (1..=5).for_each(|round| file.log(&metrics(round, None)).unwrap());
        assert_eq!(steps(folder.path()), [(vec![0, 300, 600, 900, 1200, 1500], 0)]);
        // Killed in the middle of a record.
        file.file.write_all(b"torn").unwrap();
        assert_eq!(steps(folder.path())[0].1, 4);
        cut(folder.path(), 900).unwrap();
        let mut file = EventFile::create(folder.path()).unwrap();
        (4..=5).for_each(|round| file.log(&metrics(round, None)).unwrap());
        assert_eq!(steps(folder.path()), [(vec![0, 300, 600, 900], 0), (vec![0, 1200, 1500], 0)]);
        clear(folder.path()).unwrap();
        assert_eq!(steps(folder.path()), []);
    }
}
