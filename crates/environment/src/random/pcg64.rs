//! PCG64: a 128-bit linear congruential generator whose output is folded and rotated (XSL-RR).
//!
//! Melissa O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random
//! Number Generation" (2014).

use super::seed_sequence;

const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;

/// numpy's `Generator(PCG64(seed))`, as far as environments draw from it.
///
/// ```
/// let mut random = environment::random::Generator::new(42);
/// // numpy.random.default_rng(42).uniform(-1, 1)
/// assert_eq!(random.uniform(-1.0, 1.0), 0.5479120971119267);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generator {
    state: u128,
    increment: u128,
    /// The upper half of a 64-bit draw of which a 32-bit draw used the lower.
    half: Option<u32>,
}

impl Generator {
    /// Seeds as `numpy.random.default_rng(seed)`.
    pub fn new(seed: u128) -> Self {
        let [a, b, c, d] = seed_sequence::state(seed);
        let join = |high, low| u128::from(high) << 64 | u128::from(low);
        let increment = join(c, d) << 1 | 1;
        let state = increment.wrapping_add(join(a, b)).wrapping_mul(MULTIPLIER).wrapping_add(increment);
        Self { state, increment, half: None }
    }

    /// All that it is, to go on from later.
    pub fn to_words(&self) -> [u64; 5] {
        let split = |wide: u128| [(wide >> 64) as u64, wide as u64];
        let ([a, b], [c, d]) = (split(self.state), split(self.increment));
        [a, b, c, d, self.half.map_or(0, |half| 1 << 32 | u64::from(half))]
    }

    /// The generator that [these words](Self::to_words) were taken of; any others make one, too.
    ///
    /// ```
    /// use environment::random::Generator;
    /// let mut random = Generator::new(7);
    /// random.integer(0, 10);
    /// let mut again = Generator::from_words(random.to_words());
    /// assert_eq!(again.integer(0, 1000), random.integer(0, 1000));
    /// ```
    pub fn from_words([a, b, c, d, half]: [u64; 5]) -> Self {
        let join = |high, low| u128::from(high) << 64 | u128::from(low);
        let half = (half >> 32 != 0).then_some(half as u32);
        Self { state: join(a, b), increment: join(c, d) | 1, half }
    }

    /// Goes on as after `count` numbers of [`uniform`](Self::uniform), in the time of a few.
    ///
    /// ```
    /// use environment::random::Generator;
    /// let (mut walks, mut jumps) = (Generator::new(7), Generator::new(7));
    /// (0..1000).for_each(|_| drop(walks.uniform(0.0, 1.0)));
    /// jumps.advance(1000);
    /// assert_eq!(jumps, walks);
    /// ```
    pub fn advance(&mut self, mut count: u64) {
        // Steps are affine; those of 1, 2, 4, … steps come by squaring. Forrest Brown, "Random Number Generation
        // with Arbitrary Strides" (1994).
        let (mut multiplier, mut increment) = (MULTIPLIER, self.increment);
        while count > 0 {
            if count & 1 == 1 {
                self.state = self.state.wrapping_mul(multiplier).wrapping_add(increment);
            }
            increment = increment.wrapping_mul(multiplier.wrapping_add(1));
            multiplier = multiplier.wrapping_mul(multiplier);
            count >>= 1;
        }
    }

    #[inline]
    fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }

    fn next_u32(&mut self) -> u32 {
        if let Some(half) = self.half.take() {
            return half;
        }
        let next = self.next_u64();
        self.half = Some((next >> 32) as u32);
        next as u32
    }

    /// A number in `[low, high)`.
    #[inline]
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0))
    }

    /// An integer in `[low, high)` by Lemire's method; `low` must be below `high` by less than 2^32.
    pub fn integer(&mut self, low: i64, high: i64) -> i64 {
        let range = (high - low) as u32;
        let mut product = u64::from(self.next_u32()) * u64::from(range);
        // Draws that would make some integers likelier than others are taken again.
        let threshold = range.wrapping_neg() % range;
        while (product as u32) < threshold {
            product = u64::from(self.next_u32()) * u64::from(range);
        }
        low + (product >> 32) as i64
    }
}
