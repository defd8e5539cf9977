//! From text to keys: finds the tokens of a window of text and turns each into a table's key.
//!
//! A token is what stands between two ASCII white spaces. Its ASCII letters are put in lower case here, everything
//! else about Unicode waits until the distinct tokens are known: there are few of them. The work is done in two passes
//! over a window that fits the first-level cache:
//!
//! 1. 64 bytes at a time: lower case, mask (see [`key`](crate::key)), and one bit per byte for white space;
//! 2. from one bit to the next, what lies between becomes a key in the queue of its class.

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
    /// Tokens of up to 8 bytes.
    short: [u64; WINDOW],
    /// Start and end of longer tokens.
    other: [(u32, u32); WINDOW / 8],
    /// Tokens of 9 to 16 bytes.
    middle: [[u64; 2]; WINDOW / 8],
    /// Start and end of tokens of more than 16 bytes.
    long: [(u32, u32); WINDOW / 16],
    /// How many of each.
    tokens: [usize; 3],
}

impl Window {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self {
            text: [0; 2 * WINDOW + BLOCK],
            spaces: [0; WINDOW / BLOCK],
            other: [(0, 0); WINDOW / 8],
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
        // Where the text ends, so does its last token. Spaces that fill the last block end it already.
        let whole = text.len() == length;
        let end = self.pack(count, whole && rest.is_empty());
        if whole { length } else { end as usize }
    }

    /// Turns the white space of the first `blocks` blocks into the tokens before it, and returns where the next one starts.
    /// With `close`, the end of the last block ends a token as well.
    ///
    /// Which queue a token goes to is no branch: it is put at the end of two, and moves the end of one.
    #[inline(always)]
    fn pack(&mut self, blocks: usize, close: bool) -> u32 {
        let (mut short, mut other) = (0, 0);
        let mut start = 0;
        let mut token = |end: u32| {
            let length = end - start;
            // The remainders change nothing; they spare the checks of bounds.
            self.short[short % self.short.len()] = load(&self.text, start) & keep(length);
            short += usize::from(length.wrapping_sub(1) < 8);
            self.other[other % self.other.len()] = (start, end);
            other += usize::from(length > 8);
            start = end + 1;
        };
        for (at, &spaces) in self.spaces[..blocks].iter().enumerate() {
            let mut left = spaces;
            while left != 0 {
                token((at * BLOCK) as u32 + left.trailing_zeros());
                left &= left - 1;
            }
        }
        if close {
            token((blocks * BLOCK) as u32);
        }
        let (mut middle, mut long) = (0, 0);
        for &(start, end) in &self.other[..other] {
            if end - start <= key::INLINE as u32 {
                self.middle[middle] =
                    [load(&self.text, start), load(&self.text, start + 8) & keep(end - start)];
                middle += 1;
            } else {
                self.long[long] = (start, end);
                long += 1;
            }
        }
        self.tokens = [short, middle, long];
        start
    }

    /// The keys of tokens of up to 8 bytes.
    pub(crate) fn short(&mut self) -> &mut [u64] {
        &mut self.short[..self.tokens[0]]
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
