//! The output: every word as `word<TAB>count`, count descending, then word by code point.
//!
//! Each reduce task puts its own partition in order and writes its lines; what is left to the driver is to take the
//! lines of all partitions in turn.

use std::{cmp::Reverse, collections::BinaryHeap, io};

use crate::{error::Corrupt, flat::View, key, sent::sent_as_bytes};

const MAGIC: u64 = u64::from_le_bytes(*b"mobwr\0\0\x01");
const HEADER: usize = 3 * 8;

/// The lines of one partition in the order of the output, as flat bytes.
///
/// ```text
/// header   magic and version, number of lines, bytes of all lines
/// lines    count, end                   for each line; the end is counted from the first line's start
/// bytes    word<TAB>count<LF>           for each line
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked(Vec<u8>);

impl Ranked {
    /// Takes the bytes of ranked words.
    ///
    /// # Errors
    ///
    /// If they are damaged.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Corrupt> {
        Lines::new(&bytes)?;
        Ok(Self(bytes))
    }
}

sent_as_bytes!(Ranked);

/// Puts the words of one partition in order.
pub(crate) fn rank(view: &View) -> Ranked {
    let mut words = Vec::new();
    let mut lines: Vec<(Reverse<u64>, usize, usize)> = Vec::with_capacity(view.len());
    // The views of counts are whole, so there is no error to tell.
    let _ = view.for_each(|word, count| {
        lines.push((Reverse(count), words.len(), words.len() + word.len()));
        words.extend_from_slice(word);
    });
    lines.sort_unstable_by(|&(count, start, end), &(other, from, to)| {
        count.cmp(&other).then_with(|| words[start..end].cmp(&words[from..to]))
    });
    let text = words.len() + lines.iter().map(|line| digits(line.0.0) + 2).sum::<usize>();
    let mut bytes = Vec::with_capacity(HEADER + lines.len() * 16 + text);
    for number in [MAGIC, lines.len() as u64, text as u64] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    let mut at = 0;
    for &(Reverse(count), start, end) in &lines {
        at += end - start + digits(count) + 2;
        bytes.extend_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(&(at as u64).to_le_bytes());
    }
    for &(Reverse(count), start, end) in &lines {
        bytes.extend_from_slice(&words[start..end]);
        bytes.push(b'\t');
        let mut number = [0; 20];
        let number = decimal(count, &mut number);
        bytes.extend_from_slice(number);
        bytes.push(b'\n');
    }
    Ranked(bytes)
}

/// Decimal digits of a number.
fn digits(number: u64) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

/// A number in decimal digits, in `buffer`.
fn decimal(mut number: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &buffer[at..];
        }
    }
}

/// The lines of ranked words, one after the other.
struct Lines<'a> {
    entries: std::slice::Iter<'a, [u8; 16]>,
    text: &'a [u8],
    at: usize,
}

/// A line and what it says, in an order in which the greatest comes first in the output.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Line<'a> {
    count: u64,
    word: Reverse<&'a [u8]>,
    text: &'a [u8],
}

impl<'a> Lines<'a> {
    /// Checks that the flat bytes are whole.
    fn new(bytes: &'a [u8]) -> Result<Self, Corrupt> {
        const SHORT: Corrupt = Corrupt("ranked words end too soon");
        let (header, body) = bytes.split_at_checked(HEADER).ok_or(SHORT)?;
        let [magic, lines, size] = std::array::from_fn(|at| key::load(&header[at * 8..]));
        if magic != MAGIC {
            return Err(Corrupt("not ranked words, or of another version"));
        }
        let table = usize::try_from(lines).ok().and_then(|lines| lines.checked_mul(16)).ok_or(SHORT)?;
        let (table, text) = body.split_at_checked(table).ok_or(SHORT)?;
        let (entries, _) = table.as_chunks();
        let mut at = 0;
        for entry in entries {
            let (count, end) = Self::entry(entry);
            if end < at || end - at < digits(count) as u64 + 3 {
                return Err(Corrupt("the length of a line does not fit"));
            }
            at = end;
        }
        if at != text.len() as u64 || size != at {
            return Err(SHORT);
        }
        Ok(Self { entries: entries.iter(), text, at: 0 })
    }

    fn entry(entry: &[u8; 16]) -> (u64, u64) {
        (key::load(entry), key::load(&entry[8..]))
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let (count, end) = Self::entry(self.entries.next()?);
        let text = &self.text[self.at..end as usize];
        self.at = end as usize;
        let word = &text[..text.len() - digits(count) - 2];
        Some(Line { count, word: Reverse(word), text })
    }
}

/// Calls `each` with the lines of all partitions in order.
fn in_order<'a, E: From<Corrupt>>(
    partitions: &'a [impl AsRef<[u8]>],
    mut each: impl FnMut(Line<'a>) -> Result<(), E>,
) -> Result<(), E> {
    let mut heads = BinaryHeap::new();
    let mut rest = Vec::new();
    for (at, partition) in partitions.iter().enumerate() {
        let mut lines = Lines::new(partition.as_ref())?;
        heads.extend(lines.next().map(|line| (line, at)));
        rest.push(lines);
    }
    while let Some(mut head) = heads.peek_mut() {
        let at = head.1;
        let line = match rest[at].next() {
            Some(next) => std::mem::replace(&mut head.0, next),
            None => std::collections::binary_heap::PeekMut::pop(head).0,
        };
        each(line)?;
    }
    Ok(())
}

/// Writes all words of all partitions as `word<TAB>count`, count descending, then word by code point.
///
/// Takes [`Ranked`] or their bytes, from [`Counts::rank`](crate::Counts::rank). `to` need not be buffered.
///
/// # Errors
///
/// Those of `to`, and [`io::ErrorKind::InvalidData`] for damaged bytes.
pub fn write(partitions: &[impl AsRef<[u8]>], to: &mut impl io::Write) -> io::Result<()> {
    struct Failed(io::Error);
    impl From<Corrupt> for Failed {
        fn from(error: Corrupt) -> Self {
            Self(io::Error::new(io::ErrorKind::InvalidData, error))
        }
    }
    const BUFFER: usize = 1 << 16;
    let mut buffer = Vec::with_capacity(BUFFER);
    let written = in_order(partitions, |line| {
        if buffer.len() + line.text.len() > BUFFER {
            to.write_all(&buffer).map_err(Failed)?;
            buffer.clear();
        }
        buffer.extend_from_slice(line.text);
        Ok(())
    });
    written.map_err(|Failed(error)| error)?;
    to.write_all(&buffer)
}

/// Where counts differ from what was expected.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// A word was counted a different number of times, 0 if it was not there at all.
    #[error("{word:?} was counted {found} times, expected {expected}")]
    Count {
        /// The word.
        word: String,
        /// Its count.
        found: u64,
        /// Its count in the expected lines.
        expected: u64,
    },
    /// The expected lines are not `word<TAB>count`.
    #[error("line {line} of the expected counts is not a word, a tab and a count")]
    Line {
        /// Number of the line, from 1.
        line: usize,
    },
    /// The counts themselves are damaged.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

/// Compares all words of all partitions with the lines of a file that [`write()`] or another program wrote.
///
/// The order of the expected lines does not matter.
///
/// # Errors
///
/// The first difference in the order of the output; words that are missing from it come last.
pub fn check(partitions: &[impl AsRef<[u8]>], expected: &[u8]) -> Result<(), Mismatch> {
    let mut left = std::collections::HashMap::new();
    let lines = expected.split(|&byte| byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    for (at, line) in lines.clone() {
        let (word, count) = parse(line).ok_or(Mismatch::Line { line: at + 1 })?;
        left.insert(word, count);
    }
    let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
    in_order(partitions, |line| {
        let expected = left.remove(line.word.0).unwrap_or(0);
        if expected == line.count {
            return Ok(());
        }
        Err(Mismatch::Count { word: text(line.word.0), found: line.count, expected })
    })?;
    let missing = lines.filter_map(|(_, line)| parse(line)).find(|(word, _)| left.contains_key(word));
    missing.map_or(Ok(()), |(word, expected)| Err(Mismatch::Count { word: text(word), found: 0, expected }))
}

fn parse(line: &[u8]) -> Option<(&[u8], u64)> {
    let tab = line.iter().rposition(|&byte| byte == b'\t')?;
    let count = std::str::from_utf8(&line[tab + 1..]).ok()?.trim_end_matches('\r').parse().ok()?;
    Some((&line[..tab], count))
}
