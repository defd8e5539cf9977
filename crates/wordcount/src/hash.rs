//! The fixed hash that places words: in a table by its top bits, in a partition by its low bits.
//!
//! It has no seed on purpose. Map tasks of one job run in different processes, on different machines, and all must
//! send a word to the same reduce task; and because a partition is stored in the order of the hash's top bits, a
//! merge walks its tables from front to back. The price is that a hostile text can be made to collide and so be slow
//! to count; it is counted right all the same.
//!
//! The mixing step is the folded multiplication of wyhash (Wang Yi, public domain): a 64 × 64 → 128 bit product
//! whose halves are combined with exclusive or.

const A: u64 = 0x9e37_79b9_7f4a_7c15;
const B: u64 = 0xd1b5_4a32_d192_ed03;

/// Folds the 128-bit product of two numbers into 64 bits.
#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// The hash of a word of up to 8 bytes.
#[inline(always)]
pub(crate) fn one(key: u64) -> u64 {
    fold(key ^ B, A)
}

/// The hash of a word of 9 to 16 bytes.
#[inline(always)]
pub(crate) fn two(low: u64, high: u64) -> u64 {
    fold(low ^ A, high ^ B)
}

/// The hash of a longer word.
#[inline]
pub(crate) fn many(bytes: &[u8]) -> u64 {
    let mut hash = fold(bytes.len() as u64 ^ A, B);
    let (pairs, rest) = bytes.as_chunks::<16>();
    for pair in pairs {
        let (low, high) = (&pair[..8], &pair[8..]);
        hash = fold(load(low) ^ hash, load(high) ^ A);
    }
    let (low, high) = rest.split_at(rest.len().min(8));
    fold(load(low) ^ hash, load(high) ^ B)
}

/// Up to eight bytes as a little-endian number.
#[inline(always)]
fn load(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

/// The partition, of `partitions`, that a word with this hash belongs to.
#[inline(always)]
pub(crate) fn partition(hash: u64, partitions: usize) -> usize {
    (((hash & 0xffff_ffff) * partitions as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Buckets written by one build are merged by another, so the hash is part of the format.
    #[test]
    fn the_hash_is_fixed() {
        let words: &[&[u8]] = &[b"a long word of more than sixteen bytes", b"seventeen bytes!!"];
        let found = [one(1), one(0x2020), two(1, 2), two(u64::MAX, 3), many(words[0]), many(words[1])];
        assert_eq!(found, FIXED);
    }

    /// Made with Python's integers from the definition above.
    const FIXED: [u64; 6] = [
        0x3882_3158_2ef0_2551,
        0xae93_b058_071b_ff16,
        0xc8b7_f534_790f_4c6e,
        0xe1b9_b1ae_8e67_0284,
        0xea60_a0b8_f115_5d1f,
        0x2b96_dc0f_c0df_1ac0,
    ];

    #[test]
    fn partitions_are_about_even() {
        for partitions in [1, 2, 3, 7, 64] {
            let mut sizes = vec![0usize; partitions];
            for key in 0..100_000u64 {
                sizes[partition(one(key), partitions)] += 1;
            }
            let (least, most) = (*sizes.iter().min().unwrap(), *sizes.iter().max().unwrap());
            assert!(most - least < 100_000 / partitions / 4, "{partitions}: {least}..{most}");
        }
    }
}
