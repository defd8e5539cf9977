//! Seeds from 0 to 2^128-1 draw what numpy draws. `fixtures/numpy_seeds.py` made the values.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use environment::random::Generator;

#[test]
fn seeds_draw_what_numpy_draws() {
    let rows = include_str!("fixtures/numpy_seeds.txt").lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for row in rows {
        let words: Vec<&str> = row.split(' ').collect();
        let bits = |i: usize| u64::from_str_radix(words[i], 16).unwrap();
        let seed: u128 = words[0].parse().unwrap();
        let mut random = Generator::new(seed);
        for i in 1..4 {
            assert_eq!(random.uniform(-1.0, 1.0).to_bits(), bits(i), "uniform number {i} of seed {seed}");
        }
        for word in &words[4..6] {
            let expected: i64 = word.parse().unwrap();
            assert_eq!(random.integer(-9999, 9999), expected, "an integer of seed {seed}");
        }
        assert_eq!(random.uniform(0.0, 1.0).to_bits(), bits(6), "the number after the integers of {seed}");
        count += 1;
    }
    assert!(count > 100, "only {count} seeds in the fixture");
}
