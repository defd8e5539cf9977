//! From text to keys: finds the tokens of a window of text and turns each into a table's key.
//!
//! A token is what stands between two ASCII white spaces. Its ASCII letters are put in lower case here, everything
//! else about Unicode waits until the distinct tokens are known: there are few of them. The work is done in passes over
//! a window that fits the first-level cache, none of which branches on what the text says:
//!
//! 1. 64 bytes at a time: lower case, mask (see [`key`](crate::key)), and one bit per byte for white space;
//! 2. the bits become positions;
//! 3. two neighbouring positions become a key, appended to the queue of its class by moving that queue's end or not.

use crate::{key, space::is_ascii_space};

/// Bytes that are looked at together.
pub(crate) const WINDOW: usize = 4096;
const BLOCK: usize = 64;

/// A window of text and what is found in it.
pub(crate) struct Window {
    /// The masked text; the last block gives room to load past a token.
    text: [u8; WINDOW + BLOCK],
    /// White space, a bit per byte.
    spaces: [u64; WINDOW / BLOCK],
    /// Positions of white space, and how many.
    ends: [u16; WINDOW + BLOCK],
    /// Tokens of up to 8 bytes.
    short: [u64; WINDOW + BLOCK],
    /// Tokens of 9 to 16 bytes.
    middle: [[u64; 2]; WINDOW / 8 + BLOCK],
    /// Start and end of longer tokens.
    long: [(u16, u16); WINDOW / 16 + BLOCK],
    /// How many of each.
    tokens: [usize; 3],
}

impl Window {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self {
            text: [0; WINDOW + BLOCK],
            spaces: [0; WINDOW / BLOCK],
            ends: [0; WINDOW + BLOCK],
            short: [0; WINDOW + BLOCK],
            middle: [[0; 2]; WINDOW / 8 + BLOCK],
            long: [(0, 0); WINDOW / 16 + BLOCK],
            tokens: [0; 3],
        })
    }

    /// Finds the tokens at the start of `text`, which is not empty, and returns how many bytes they and the white space
    /// after them take: 0 if the first token is longer than a window.
    ///
    /// A token at the end of `text` is taken for whole if all of `text` fits the window.
    #[inline(always)]
    pub(crate) fn scan(&mut self, text: &[u8]) -> usize {
        let length = text.len().min(WINDOW);
        let (blocks, rest) = text[..length].as_chunks::<BLOCK>();
        for (at, block) in blocks.iter().enumerate() {
            self.spaces[at] = classify(block, &mut self.text[at * BLOCK..]);
        }
        let mut count = blocks.len();
        if !rest.is_empty() {
            let mut block = [b' '; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            self.spaces[count] = classify(&block, &mut self.text[count * BLOCK..]);
            count += 1;
        }
        let mut ends = self.positions(count);
        if text.len() == length {
            // The text ends here, and so does its last token. Spaces that fill the last block end it already.
            if rest.is_empty() {
                self.ends[ends] = length as u16;
                ends += 1;
            }
            self.pack(ends);
            return length;
        }
        self.pack(ends);
        if ends == 0 { 0 } else { self.ends[ends - 1] as usize + 1 }
    }

    /// Turns the bits of the first `blocks` blocks into positions, and returns how many.
    #[inline(always)]
    fn positions(&mut self, blocks: usize) -> usize {
        let mut found = 0;
        for (at, &spaces) in self.spaces[..blocks].iter().enumerate() {
            let mut left = spaces;
            while left != 0 {
                self.ends[found] = (at * BLOCK) as u16 + left.trailing_zeros() as u16;
                left &= left - 1;
                found += 1;
            }
        }
        found
    }

    /// Turns the tokens before the first `ends` positions into keys.
    #[inline(always)]
    fn pack(&mut self, ends: usize) {
        let (mut short, mut middle, mut long) = (0, 0, 0);
        let mut start = 0;
        for &end in &self.ends[..ends] {
            let length = u32::from(end) - u32::from(start);
            let from = start as usize;
            let low = key::load(&self.text[from..]);
            let high = key::load(&self.text[from + 8..]);
            // The same shift serves both classes, as 8 bytes more are 64 bits more.
            let keep = u64::MAX.wrapping_shr(length.wrapping_mul(8).wrapping_neg());
            self.short[short] = low & keep;
            short += usize::from(length.wrapping_sub(1) < 8);
            self.middle[middle] = [low, high & keep];
            middle += usize::from(length.wrapping_sub(9) < 8);
            self.long[long] = (start, end);
            long += usize::from(length > key::INLINE as u32);
            start = end + 1;
        }
        self.tokens = [short, middle, long];
    }

    /// The keys of tokens of up to 8 bytes.
    pub(crate) fn short(&self) -> &[u64] {
        &self.short[..self.tokens[0]]
    }

    /// The keys of tokens of 9 to 16 bytes.
    pub(crate) fn middle(&self) -> &[[u64; 2]] {
        &self.middle[..self.tokens[1]]
    }

    /// The longer tokens, masked.
    pub(crate) fn long(&self) -> impl Iterator<Item = &[u8]> {
        self.long[..self.tokens[2]].iter().map(|&(start, end)| &self.text[start as usize..end as usize])
    }
}

/// Masks a byte, and puts it in lower case if it is an ASCII letter. Masking turns lower case into upper case, so what
/// remains to do for a capital is nothing.
#[inline(always)]
pub(crate) fn mask(byte: u8) -> u8 {
    byte ^ if byte.is_ascii_uppercase() { 0 } else { key::MASK }
}

/// Masks a block into the start of `to` and returns where it has white space.
#[inline(always)]
fn classify(block: &[u8; BLOCK], to: &mut [u8]) -> u64 {
    let mut spaces = [0u8; BLOCK];
    for ((to, space), &byte) in to[..BLOCK].iter_mut().zip(&mut spaces).zip(block) {
        *to = mask(byte);
        *space = u8::from(is_ascii_space(byte));
    }
    let (words, _) = spaces.as_chunks::<8>();
    // The multiplication moves the lowest bit of each byte into the top byte.
    words.iter().enumerate().fold(0, |bits, (at, &word)| {
        bits | (u64::from_le_bytes(word).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * at)
    })
}
