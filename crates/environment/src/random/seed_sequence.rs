//! How numpy spreads a seed over the state of a generator: hash the seed's 32-bit words into a pool of four
//! words, mix each into the others, and hash the pool again for every word asked for.
//!
//! The method is Melissa O'Neill's `seed_seq_fe`; the constants are numpy's (`bit_generator.pyx`).

const POOL: usize = 4;
const SHIFT: u32 = 16;

/// A multiplicative hash whose multiplier changes with every use.
struct Hash {
    constant: u32,
    multiplier: u32,
}

impl Hash {
    fn next(&mut self, value: u32) -> u32 {
        let value = value ^ self.constant;
        self.constant = self.constant.wrapping_mul(self.multiplier);
        let value = value.wrapping_mul(self.constant);
        value ^ (value >> SHIFT)
    }
}

fn mix(x: u32, y: u32) -> u32 {
    let result = 0xca01_f9dd_u32.wrapping_mul(x).wrapping_sub(0x4973_f715_u32.wrapping_mul(y));
    result ^ (result >> SHIFT)
}

/// Four 64-bit words from `seed`, as `SeedSequence(seed).generate_state(4, uint64)`.
pub fn state(seed: u128) -> [u64; 4] {
    // A number below 2^128 has at most as many words as the pool; missing words count as zero.
    let mut hash = Hash { constant: 0x43b0_d7e5, multiplier: 0x931e_8875 };
    let mut pool: [u32; POOL] = std::array::from_fn(|i| hash.next((seed >> (32 * i)) as u32));
    for source in 0..POOL {
        for target in 0..POOL {
            if source != target {
                pool[target] = mix(pool[target], hash.next(pool[source]));
            }
        }
    }
    let mut hash = Hash { constant: 0x8b51_f9dd, multiplier: 0x58f3_8ded };
    let mut words = pool.iter().cycle().map(|&word| hash.next(word));
    std::array::from_fn(|_| {
        let low = words.next().unwrap_or_default();
        let high = words.next().unwrap_or_default();
        u64::from(low) | u64::from(high) << 32
    })
}
