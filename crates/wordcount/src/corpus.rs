//! A synthetic text, made fast and the same every time, that is to a word counter what a natural one is.
//!
//! What matters for counting is how often words repeat, how long they are, and how many are new:
//!
//! - Word frequencies follow Zipf's law as Mandelbrot refined it, 1 / (rank + 2.7), down to rank 65,536. Beyond, they
//!   fall faster, with rank^-1.6, as large corpora show (Ferrer i Cancho and Solé, 2001). There is no last rank, so the
//!   vocabulary keeps growing, about as n^0.6 (Heaps' law).
//! - Rarer words are longer: some 4 letters for the hundredth, 7 for the ten thousandth.
//! - One word in twelve of the vocabulary has letters that are not ASCII. Sentences begin with a capital and have
//!   punctuation; lines and paragraphs end.

use std::{fs, io, path::PathBuf};

/// Words that are made beforehand.
const COMMON: usize = 1 << 16;
/// Bytes that the longest of them takes.
const LONGEST: usize = 32;

/// A source of text.
pub struct Corpus {
    /// Words by rank, each at the start of its slot, and their lengths.
    words: Vec<[u8; LONGEST]>,
    lengths: Vec<u8>,
    /// Walker's alias method: which of two words a slot gives, by a threshold. The last slot stands for all rare words.
    aliases: Vec<(u32, u32)>,
    /// What follows a word, by chance: bytes, how many, and whether a sentence begins after them.
    ends: Vec<([u8; 4], u8, bool)>,
}

impl Default for Corpus {
    fn default() -> Self {
        Self::new()
    }
}

impl Corpus {
    /// Makes the vocabulary; takes some 20 ms.
    #[must_use]
    pub fn new() -> Self {
        let mut words = vec![[0; LONGEST]; COMMON];
        let lengths = (0..).zip(&mut words).map(|(rank, word)| spell(rank, word) as u8).collect();
        let mut weights: Vec<f64> = (0..COMMON).map(|rank| 1.0 / (rank as f64 + 2.7)).collect();
        // All rare words together: the integral of (rank / COMMON)^-1.6 / COMMON from COMMON on.
        weights.push(1.0 / 0.6);
        Self { words, lengths, aliases: alias(&weights), ends: ends() }
    }

    /// Appends exactly `bytes` bytes of text, the same for the same `seed`.
    pub fn write(&self, seed: u64, bytes: usize, to: &mut Vec<u8>) {
        let start = to.len();
        // The last words may go past the end before they are cut off.
        to.resize(start + bytes + 2 * LONGEST, 0);
        let text = &mut to[start..];
        let mut random = Random(seed);
        let (mut at, mut whole, mut capital) = (0, 0, true);
        while at <= bytes {
            whole = at;
            let chance = random.next();
            let slot = (((chance >> 32) * self.aliases.len() as u64) >> 32) as usize;
            let (threshold, other) = self.aliases[slot];
            let rank = if (chance as u32) < threshold { slot } else { other as usize };
            let to = &mut text[at..at + LONGEST];
            let length = if rank < COMMON {
                to.copy_from_slice(&self.words[rank]);
                self.lengths[rank] as usize
            } else {
                let below = (random.next() >> 11) as f64 / (1u64 << 53) as f64;
                let rank = COMMON as f64 * (1.0 - below).powf(-1.0 / 0.6);
                spell(rank as u64, to.try_into().unwrap_or(&mut [0; LONGEST]))
            };
            let lower = capital && text[at].is_ascii_lowercase();
            text[at] ^= u8::from(lower) << 5;
            at += length;
            let (end, length, sentence) = self.ends[(chance >> 8) as usize % self.ends.len()];
            text[at..at + 4].copy_from_slice(&end);
            at += length as usize;
            capital = sentence;
        }
        to.truncate(start + whole);
        to.resize(start + bytes, b'\n');
    }

    /// Writes `files` files of `bytes` bytes together into a directory, which is made if it is not there, and returns
    /// their paths and lengths.
    ///
    /// # Errors
    ///
    /// Those of writing.
    ///
    /// ```
    /// # let directory = tempfile::tempdir()?;
    /// let files = mobula_wordcount::corpus::Corpus::new().write_files(directory.path(), 100_000, 3)?;
    /// assert_eq!(files.iter().map(|(_, length)| length).sum::<u64>(), 100_000);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_files(
        &self,
        directory: &std::path::Path,
        bytes: u64,
        files: usize,
    ) -> io::Result<Vec<(PathBuf, u64)>> {
        const PART: u64 = 1 << 20;
        fs::create_dir_all(directory)?;
        let mut text = Vec::new();
        let border = |file: usize| (u128::from(bytes) * file as u128 / files as u128) as u64;
        let file = |file: usize| {
            let path = directory.join(format!("part-{file:04}.txt"));
            let length = border(file + 1) - border(file);
            let mut to = fs::File::create(&path)?;
            for part in 0..length.div_ceil(PART) {
                text.clear();
                let seed = (file as u64) << 32 | part;
                self.write(seed, PART.min(length - part * PART) as usize, &mut text);
                io::Write::write_all(&mut to, &text)?;
            }
            Ok((path, length))
        };
        (0..files).map(file).collect()
    }
}

/// A generator of chance: splitmix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    #[inline(always)]
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

/// Writes the word of a rank into `to` and returns its length in bytes.
fn spell(rank: u64, to: &mut [u8; LONGEST]) -> usize {
    const CONSONANTS: &[u8; 16] = b"tnsrhldcmfpgwbvk";
    const VOWELS: &[u8; 8] = b"eaoieaiu";
    const FOREIGN: [[&str; 2]; 4] = [["é", "ç"], ["ü", "ß"], ["о", "д"], ["α", "σ"]];
    let mut random = Random(rank ^ 0x5eed);
    let mut chance = random.next();
    let letters = (1.0 + 0.5 * (rank as f64 + 1.0).ln()) as u64 + chance % 3;
    let foreign = (chance >> 2).is_multiple_of(12);
    let script = FOREIGN[(chance >> 8) as usize % 4];
    chance >>= 12;
    let mut at = 0;
    for letter in 0..letters.clamp(1, 14) {
        if chance < 1 << 8 {
            chance = random.next();
        }
        let vowel = letter % 2 == u64::from(chance & 3 == 0);
        chance >>= 2;
        if foreign && chance.is_multiple_of(3) {
            let character = script[usize::from(!vowel)].as_bytes();
            to[at..at + 2].copy_from_slice(character);
            at += 2;
        } else {
            to[at] = if vowel { VOWELS[chance as usize % 8] } else { CONSONANTS[chance as usize % 16] };
            at += 1;
        }
        chance >>= 4;
    }
    at
}

/// The tables of Walker's alias method for weights, thresholds in 32 bits.
fn alias(weights: &[f64]) -> Vec<(u32, u32)> {
    let mean = weights.iter().sum::<f64>() / weights.len() as f64;
    let mut left: Vec<f64> = weights.iter().map(|weight| weight / mean).collect();
    let mut table = vec![(u32::MAX, 0); weights.len()];
    let (mut poor, mut rich): (Vec<_>, Vec<_>) = (0..weights.len()).partition(|&at| left[at] < 1.0);
    while let (Some(small), Some(&large)) = (poor.pop(), rich.last()) {
        table[small] = ((left[small] * f64::from(u32::MAX)) as u32, large as u32);
        left[large] -= 1.0 - left[small];
        if left[large] < 1.0 {
            rich.pop();
            poor.push(large);
        }
    }
    table
}

/// What follows words, in 256ths.
fn ends() -> Vec<([u8; 4], u8, bool)> {
    let kinds: [(usize, &[u8], bool); 8] = [
        (200, b" ", false),
        (18, b", ", false),
        (20, b"\n", false),
        (10, b". ", true),
        (2, b".\n", true),
        (2, b".\n\n", true),
        (2, b"? ", true),
        (2, b"; ", false),
    ];
    let mut ends = Vec::new();
    for (times, text, sentence) in kinds {
        let mut bytes = [0; 4];
        bytes[..text.len()].copy_from_slice(text);
        ends.resize(ends.len() + times, (bytes, text.len() as u8, sentence));
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive;

    fn text(seed: u64, bytes: usize) -> String {
        let mut text = Vec::new();
        Corpus::new().write(seed, bytes, &mut text);
        String::from_utf8(text).unwrap()
    }

    fn count(text: &str) -> Vec<(String, u64)> {
        let mut counts = naive::Counts::new();
        naive::count(text, &mut counts);
        naive::rank(counts)
    }

    #[test]
    fn the_same_seed_gives_the_same_text() {
        assert_eq!(text(1, 100_000), text(1, 100_000));
        assert_ne!(text(1, 100_000), text(2, 100_000));
        for bytes in [0, 1, 2, 50, 999] {
            assert_eq!(text(3, bytes).len(), bytes);
        }
    }

    #[test]
    fn words_are_distributed_as_in_a_natural_text() {
        let text = text(1, 4_000_000);
        let words = count(&text);
        let total: u64 = words.iter().map(|(_, count)| count).sum();
        let per_word = text.len() as f64 / total as f64;
        assert!((4.5..7.0).contains(&per_word), "{per_word} bytes a word");
        let first = words[0].1 as f64 / total as f64;
        assert!((0.02..0.08).contains(&first), "the most frequent is {first} of all");
        let once = words.iter().filter(|(_, count)| *count == 1).count() as f64 / words.len() as f64;
        assert!((0.35..0.75).contains(&once), "{once} of the words occur once");
        let foreign = words.iter().filter(|(word, _)| !word.is_ascii()).count() as f64 / words.len() as f64;
        assert!((0.03..0.2).contains(&foreign), "{foreign} of the words are not ASCII");
        assert!(text.contains(char::is_uppercase) && text.contains('\n'));
    }

    #[test]
    fn the_vocabulary_grows() {
        let text = text(1, 8_000_000);
        let (half, all) = (count(&text[..text.floor_char_boundary(4_000_000)]).len(), count(&text).len());
        let growth = (all as f64 / half as f64).log2();
        assert!((0.4..0.8).contains(&growth), "as n^{growth}");
    }

    #[test]
    fn files_have_the_size_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let files = Corpus::new().write_files(directory.path(), 3_000_001, 2).unwrap();
        for (path, length) in &files {
            assert_eq!(fs::metadata(path).unwrap().len(), *length);
            fs::read_to_string(path).unwrap();
        }
        assert_eq!(files.iter().map(|file| file.1).sum::<u64>(), 3_000_001);
    }
}
