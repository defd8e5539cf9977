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
pub(crate) type Block = [u8; BLOCK];

/// A window of text and what is found in it.
pub(crate) struct Window {
    /// The masked text; the last block gives room to load past a token.
    text: [u8; 2 * WINDOW + BLOCK],
    /// White space, a bit per byte.
    spaces: [u64; WINDOW / BLOCK],
    /// Positions of white space; a block may write past its own.
    ends: [u32; WINDOW + BLOCK],
    /// Tokens of up to 8 bytes.
    short: [u64; WINDOW],
    /// Longer tokens, by the index of their end.
    other: [u32; WINDOW / 8],
    /// Tokens of 9 to 16 bytes.
    middle: [[u64; 2]; WINDOW / 8],
    /// Start and end of longer tokens.
    long: [(u32, u32); WINDOW / 16],
    /// How many of each.
    tokens: [usize; 3],
}

impl Window {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self {
            text: [0; 2 * WINDOW + BLOCK],
            spaces: [0; WINDOW / BLOCK],
            ends: [0; WINDOW + BLOCK],
            other: [0; WINDOW / 8],
            short: [0; WINDOW],
            middle: [[0; 2]; WINDOW / 8],
            long: [(0, 0); WINDOW / 16],
            tokens: [0; 3],
        })
    }

    /// Finds the tokens at the start of `text`, which is not empty, and returns how many bytes they and the white space
    /// after them take: 0 if the first token is longer than a window.
    ///
    /// A token at the end of `text` is taken for whole if all of `text` fits the window.
    #[inline(always)]
    pub(crate) fn scan(&mut self, text: &[u8], classify: impl Fn(&Block, &mut Block) -> u64) -> usize {
        let length = text.len().min(WINDOW);
        let (blocks, rest) = text[..length].as_chunks::<BLOCK>();
        let (masked, _) = self.text.as_chunks_mut::<BLOCK>();
        for ((block, masked), spaces) in blocks.iter().zip(&mut *masked).zip(&mut self.spaces) {
            *spaces = classify(block, masked);
        }
        let mut count = blocks.len();
        if !rest.is_empty() {
            let mut block = [b' '; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            self.spaces[count] = classify(&block, &mut masked[count]);
            count += 1;
        }
        let mut ends = self.positions(count);
        if text.len() == length {
            // The text ends here, and so does its last token. Spaces that fill the last block end it already.
            if rest.is_empty() {
                self.ends[ends] = length as u32;
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
            let Some(ends) = self.ends[found..].first_chunk_mut::<BLOCK>() else { break };
            let mut left = spaces;
            let mut next = || {
                let end = (at * BLOCK) as u32 + left.trailing_zeros();
                left &= left.wrapping_sub(1);
                end
            };
            // Writing a few too many costs less than a branch that depends on the text.
            ends[..12].fill_with(&mut next);
            let count = spaces.count_ones() as usize;
            if count > 12 {
                ends[12..20].fill_with(&mut next);
                if count > 20 {
                    ends[20..].fill_with(&mut next);
                }
            }
            found += count;
        }
        found
    }

    /// Turns the tokens before the first `ends` positions into keys.
    #[inline(always)]
    fn pack(&mut self, ends: usize) {
        let (mut short, mut other) = (0, 0);
        let mut start = 0;
        for (at, &end) in self.ends[..ends].iter().enumerate() {
            let length = end.wrapping_sub(start);
            self.short[short % self.short.len()] = load(&self.text, start) & keep(length);
            short += usize::from(length.wrapping_sub(1) < 8);
            self.other[other % self.other.len()] = at as u32;
            other += usize::from(length > 8);
            start = end + 1;
        }
        let (mut middle, mut long) = (0, 0);
        for &at in &self.other[..other] {
            let start = if at == 0 { 0 } else { self.ends[at as usize - 1] + 1 };
            let length = self.ends[at as usize] - start;
            if length <= key::INLINE as u32 {
                self.middle[middle] = [load(&self.text, start), load(&self.text, start + 8) & keep(length)];
                middle += 1;
            } else {
                self.long[long] = (start, start + length);
                long += 1;
            }
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
    pub(crate) fn long(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.long[..self.tokens[2]].iter().map(|&(start, end)| &self.text[start as usize..end as usize])
    }
}

/// Eight masked bytes from `start` on, which is in the window.
#[inline(always)]
fn load(text: &[u8; 2 * WINDOW + BLOCK], start: u32) -> u64 {
    // The remainder changes nothing; it spares the check of bounds.
    let start = start as usize % (2 * WINDOW);
    key::load(&text[start..start + 8])
}

/// Which bits to keep of the last eight bytes of a token, by its length. It does not matter how many full eight bytes
/// come before.
#[inline(always)]
fn keep(length: u32) -> u64 {
    // Looked up: that is fewer instructions than a shift that is right for eight bytes too.
    const KEEP: [u64; 8] = [
        u64::MAX,
        0xff,
        0xffff,
        0xff_ffff,
        0xffff_ffff,
        0xff_ffff_ffff,
        0xffff_ffff_ffff,
        0xff_ffff_ffff_ffff,
    ];
    KEEP[length as usize % 8]
}

/// Masks a byte, and puts it in lower case if it is an ASCII letter. Masking turns lower case into upper case, so what
/// remains to do for a capital is nothing.
#[inline(always)]
pub(crate) fn mask(byte: u8) -> u8 {
    byte ^ if byte.is_ascii_uppercase() { 0 } else { key::MASK }
}

/// Masks a block into `to` and returns where it has white space.
#[inline(always)]
pub(crate) fn classify(block: &Block, to: &mut Block) -> u64 {
    let mut spaces = [0u8; BLOCK];
    for ((to, space), &byte) in to.iter_mut().zip(&mut spaces).zip(block) {
        *to = mask(byte);
        *space = u8::from(is_ascii_space(byte));
    }
    let (words, _) = spaces.as_chunks::<8>();
    // The multiplication moves the lowest bit of each byte into the top byte.
    words.iter().enumerate().fold(0, |bits, (at, &word)| {
        bits | (u64::from_le_bytes(word).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * at)
    })
}

/// [`classify`] for processors with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn classify_avx2(block: &Block, to: &mut Block) -> u64 {
    use std::arch::x86_64::*;
    // Whether bytes are in `first..=first + more`, by the least of two unsigned numbers.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn within(bytes: __m256i, first: u8, more: i8) -> __m256i {
        let offset = _mm256_sub_epi8(bytes, _mm256_set1_epi8(first as i8));
        _mm256_cmpeq_epi8(_mm256_min_epu8(offset, _mm256_set1_epi8(more)), offset)
    }
    let (from, _) = block.as_chunks::<32>();
    let (to, _) = to.as_chunks_mut::<32>();
    let mut bits = 0;
    for (at, (from, to)) in from.iter().zip(to).enumerate() {
        // SAFETY: 32 bytes are read, as many as there are; no alignment is asked for.
        let bytes = unsafe { _mm256_loadu_si256(from.as_ptr().cast()) };
        let capital = within(bytes, b'A', 25);
        let masked = _mm256_xor_si256(bytes, _mm256_andnot_si256(capital, _mm256_set1_epi8(key::MASK as i8)));
        // SAFETY: 32 bytes are written, as many as there are; no alignment is asked for.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), masked) };
        let space = _mm256_or_si256(within(bytes, 9, 4), within(bytes, 0x1c, 4));
        bits |= u64::from(_mm256_movemask_epi8(space) as u32) << (32 * at);
    }
    bits
}
