//! What a fuzzer may do to the reader of recordings: the body of the target `lander_trace` in `fuzz/`, and the same as a test.
//!
//! A file comes from anywhere. Whatever its bytes are, reading and replaying them ends with an error or a report, never with a
//! panic or with more memory than the file's size calls for; and what was read is written and read again as itself.

use super::{Form, Reader, Recording, Writer, record_episode, verify, verify_batch};
use crate::action::Action;
use crate::lander::LunarLander;
use crate::options::Options;
use crate::policy::Chance;
use crate::simd::Width;

/// Reads `data`, writes and reads it again, and replays what there is.
///
/// # Panics
///
/// Where one of the promises above is broken.
pub fn trace(data: &[u8]) {
    let Ok(reader) = Reader::new(data) else { return };
    let form = reader.form();
    let mut whole = true;
    let recordings: Vec<Recording> =
        reader.map_while(|read| read.inspect_err(|_| whole = false).ok()).collect();
    let records: usize = recordings.iter().map(|recording| recording.records.len()).sum();
    assert!(records * 4 <= data.len(), "{records} records of {} bytes", data.len());

    let bytes = written(form, &recordings);
    let again: Vec<Recording> = read(&bytes).collect();
    assert_eq!(written(form, &again), bytes);
    // Only what says whether something holds may be written otherwise than it was found.
    assert!(!whole || bytes.len() == data.len());

    let one = verify(form.options(), recordings.iter().cloned().map(Ok));
    let many = verify_batch(form.options(), &recordings, 3, Width::best());
    if let (Ok(one), Ok(many)) = (one, many) {
        assert_eq!((one.episodes, one.records), (many.episodes, many.records));
        assert_eq!((many.episodes, many.records), (recordings.len(), records));
        assert_eq!(one.mismatches, many.mismatches);
    }
}

fn read(bytes: &[u8]) -> impl Iterator<Item = Recording> {
    Reader::new(bytes).into_iter().flatten().flatten()
}

fn written(form: Form, recordings: &[Recording]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = Writer::new(&mut bytes, form)
        .and_then(|mut writer| recordings.iter().try_for_each(|recording| writer.write(recording)));
    assert!(written.is_ok(), "what was read is refused: {written:?}");
    bytes
}

/// An input for [`trace`] without a fuzzer: a few short episodes, most of them damaged a little. The same for the same seed.
pub fn sample(seed: u64) -> Vec<u8> {
    let mut chance = Chance::new(seed);
    let mut options = Options { max_episode_steps: 1 + (chance.bits() % 6) as u32, ..Options::default() };
    let form = if chance.bits().is_multiple_of(3) {
        Form::Plain
    } else {
        options.continuous = chance.bits().is_multiple_of(2);
        options.enable_wind = chance.bits().is_multiple_of(2);
        options.gravity = -6.0 + 5.9 * f64::from(chance.throttle());
        Form::WithOptions(options)
    };
    let mut lander = match LunarLander::new(options) {
        Ok(lander) => lander,
        Err(_) => return Vec::new(),
    };
    let mut recordings = Vec::new();
    for _ in 0..chance.bits() % 3 {
        let seed = u128::from(chance.bits() as u32);
        let act = |_: &_| match options.continuous {
            true => Action::Continuous([chance.throttle(), chance.throttle()]),
            false => chance.discrete(),
        };
        recordings.extend(record_episode(&mut lander, seed, 0, act));
    }
    let mut bytes = written(form, &recordings);
    for _ in 0..(chance.bits() % 4).min(bytes.len() as u64) {
        let at = (chance.bits() % bytes.len() as u64) as usize;
        match chance.bits() % 8 {
            0 => bytes.truncate(at + 1),
            1 => drop(bytes.remove(at)),
            2 => bytes[at] = [0, 0x7f, 0x80, 0xff][(chance.bits() % 4) as usize],
            _ => bytes[at] ^= 1 << (chance.bits() % 8),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_survive() {
        (0..8_000).for_each(|seed| trace(&sample(seed)));
    }

    /// The generator gets somewhere: whole files and damaged ones, replays that agree and replays that do not.
    #[test]
    fn samples_reach_every_outcome() {
        let [mut exact, mut different, mut refused, mut damaged] = [0; 4];
        for seed in 0..500 {
            let bytes = sample(seed);
            let Ok(reader) = Reader::new(&bytes[..]) else {
                damaged += 1;
                continue;
            };
            match verify(reader.form().options(), reader) {
                Ok(report) if report.is_exact() => exact += usize::from(report.records > 0),
                Ok(_) => different += 1,
                Err(super::super::VerifyError::Step { .. }) => refused += 1,
                Err(_) => damaged += 1,
            }
        }
        assert!(
            exact > 50 && different > 20 && refused > 0 && damaged > 20,
            "{:?}",
            [exact, different, refused, damaged]
        );
    }
}
