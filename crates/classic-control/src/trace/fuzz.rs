//! What a fuzzer may do to the reader of recordings: the body of the target `classic_trace` in `fuzz/`, and the same as a test.
//!
//! A file comes from anywhere. Whatever its bytes are, reading and replaying them ends with an error or a report, never with a
//! panic or with more memory than the file's size calls for.

use environment::random::Generator;

use super::{MAGIC, Trace};

/// Reads `data` and replays what there is.
///
/// # Panics
///
/// Where one of the promises above is broken.
pub fn trace(data: &[u8]) {
    let Ok(trace) = Trace::read(data) else { return };
    let records: usize = trace.episodes.iter().map(|episode| episode.records.len()).sum();
    let (head, record) = (12 + 20 * trace.episodes.len(), 42 + 4 * trace.recorded.observation_size());
    assert_eq!(head + records * record, data.len());
    if let (Ok(one), Ok(many)) = (trace.verify(), trace.verify_vec(3)) {
        assert_eq!((one.episodes, one.records), (trace.episodes.len(), records));
        assert_eq!((many.episodes, many.records), (trace.episodes.len(), records));
        assert_eq!(one.mismatches, many.mismatches);
    }
}

/// An input for [`trace`] without a fuzzer: well-formed episodes of numbers by chance, some damaged a little. The same for the
/// same seed.
pub fn sample(seed: u64) -> Vec<u8> {
    let mut random = Generator::new(seed.into());
    let mut below = |n: i64| random.integer(0, n) as usize;
    let mut bytes = MAGIC.to_vec();
    let kind = below(3);
    bytes.extend((kind as u32).to_le_bytes());
    for _ in 0..below(4) {
        bytes.extend((below(1000) as u128).to_le_bytes());
        let count = below(12);
        bytes.extend((count as u32).to_le_bytes());
        for _ in 0..count {
            bytes.push(below(if kind == 2 { 3 } else { 2 }) as u8);
            let numbers = 4 * if kind == 2 { 6 } else { 4 } + 5 * 8;
            bytes.extend((0..numbers).map(|_| below(256) as u8));
            bytes.push(below(4) as u8);
        }
    }
    for _ in 0..below(3) {
        let at = below(bytes.len() as i64);
        match below(8) {
            0 => bytes.truncate(at + 1),
            1 if bytes.len() > 1 => drop(bytes.remove(at)),
            2 => bytes[at] = [0, 0x7f, 0x80, 0xff][below(4)],
            _ => bytes[at] ^= 1 << below(8),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_survive() {
        (0..100_000).for_each(|seed| trace(&sample(seed)));
    }

    /// The generator gets somewhere: most files can be read, and some of these cannot be replayed.
    #[test]
    fn samples_reach_every_outcome() {
        let read: Vec<Trace> = (0..500).filter_map(|seed| Trace::read(&sample(seed)[..]).ok()).collect();
        let replayed =
            read.iter().filter(|trace| trace.verify().is_ok_and(|report| report.records > 0)).count();
        let refused = read.iter().filter(|trace| trace.verify().is_err()).count();
        assert!(read.len() < 480 && replayed > 100 && refused > 0, "{} {replayed} {refused}", read.len());
    }
}
