//! Words as numbers: up to 16 bytes fit one or two 64-bit keys, so most words are compared and moved in registers.
//!
//! Inside the tables every byte of a word is *masked*: flipped with a space (0x20). No word contains a space, so a
//! masked byte is never zero, zero bytes can pad a key, and keys of words that contain NUL bytes stay apart without a
//! length beside them. A key of zero is no word and marks a free slot.

use crate::hash;

/// What masking flips in every byte.
pub(crate) const MASK: u8 = b' ';

/// Longest word that is stored in its key.
pub(crate) const INLINE: usize = 16;

/// The key of a word of at most 8 bytes, or of 9 to 16.
pub(crate) trait Key: Copy + Eq {
    /// Bytes of the key.
    const SIZE: usize;

    /// The word's place in tables and partitions.
    fn hash(self) -> u64;
    /// Whether all bytes of the word are ASCII.
    fn is_ascii(self) -> bool;
    /// The masked bytes, padded with zeros.
    fn masked(self) -> [u8; INLINE];
    /// The key in little-endian bytes, `SIZE` of them.
    fn read(bytes: &[u8]) -> Self;
    /// Appends the key in little-endian bytes.
    fn write(self, to: &mut Vec<u8>);

    /// Whether this can be the key of a word of the class, as opposed to corrupt bytes.
    fn is_word(self) -> bool;

    /// The word's bytes in `buffer`.
    #[inline]
    fn unmask(self, buffer: &mut [u8; INLINE]) -> &[u8] {
        let masked = self.masked();
        let length = INLINE - (u128::from_le_bytes(masked).leading_zeros() / 8) as usize;
        for (to, from) in buffer.iter_mut().zip(masked) {
            *to = from ^ MASK;
        }
        &buffer[..length]
    }
}

const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

impl Key for u64 {
    const SIZE: usize = 8;

    #[inline(always)]
    fn hash(self) -> u64 {
        hash::one(self)
    }

    #[inline(always)]
    fn is_ascii(self) -> bool {
        self & HIGH_BITS == 0
    }

    #[inline(always)]
    fn masked(self) -> [u8; INLINE] {
        u128::from(self).to_le_bytes()
    }

    #[inline(always)]
    fn read(bytes: &[u8]) -> Self {
        load(bytes)
    }

    #[inline(always)]
    fn write(self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.to_le_bytes());
    }

    #[inline(always)]
    fn is_word(self) -> bool {
        self != 0
    }
}

impl Key for [u64; 2] {
    const SIZE: usize = 16;

    #[inline(always)]
    fn hash(self) -> u64 {
        hash::two(self[0], self[1])
    }

    #[inline(always)]
    fn is_ascii(self) -> bool {
        (self[0] | self[1]) & HIGH_BITS == 0
    }

    #[inline(always)]
    fn masked(self) -> [u8; INLINE] {
        (u128::from(self[1]) << 64 | u128::from(self[0])).to_le_bytes()
    }

    #[inline(always)]
    fn read(bytes: &[u8]) -> Self {
        [load(&bytes[..8]), load(&bytes[8..16])]
    }

    #[inline(always)]
    fn write(self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.masked());
    }

    #[inline(always)]
    fn is_word(self) -> bool {
        self[1] != 0
    }
}

/// The first eight bytes as a little-endian number.
#[inline(always)]
pub(crate) fn load(bytes: &[u8]) -> u64 {
    let (word, _) = bytes.as_chunks::<8>();
    u64::from_le_bytes(word[0])
}

/// The key of a whole word of at most 16 bytes, as two numbers of which the second is zero up to 8 bytes.
pub(crate) fn of(word: &[u8]) -> [u64; 2] {
    let mut masked = [0; INLINE];
    for (to, from) in masked.iter_mut().zip(word) {
        *to = from ^ MASK;
    }
    Key::read(&masked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_its_word_back() {
        let words: [&[u8]; 8] = [
            b"a",
            b"a\0",
            b"\0",
            b"eight888",
            b"nine99999",
            b"\xff\xfe",
            b"sixteen 16 bytes",
            b"nul\0\0\0\0\0\0\0",
        ];
        for word in words {
            let word: Vec<u8> = word.iter().map(|&byte| if byte == b' ' { b'_' } else { byte }).collect();
            let [low, high] = of(&word);
            let mut buffer = [0; INLINE];
            let found =
                if word.len() <= 8 { low.unmask(&mut buffer) } else { [low, high].unmask(&mut buffer) };
            assert_eq!(found, word);
            assert_eq!(high == 0, word.len() <= 8);
        }
    }
}
