//! Where the rows of a matrix have numbers other than zero.

use crate::rows::LANES;

/// Numbers that a word speaks of.
const WORD: usize = u64::BITS as usize;

/// A bit for each number of a matrix, set unless the number is zero.
///
/// Marks beyond a row's width are never set: [products](super::product) read where they point without looking.
#[derive(Clone, Debug)]
pub(crate) struct Marks {
    words: Vec<u64>,
    /// Words per row.
    step: usize,
    /// Numbers per row.
    width: usize,
}

impl Marks {
    /// Marks for so many rows of so many numbers, none set.
    pub fn new(rows: usize, width: usize) -> Self {
        let step = width.div_ceil(WORD);
        Self { words: vec![0; rows * step], step, width }
    }

    /// Sets one mark.
    #[inline(always)]
    pub fn set(&mut self, row: usize, at: usize) {
        assert!(at < self.width);
        self.words[row * self.step + at / WORD] |= 1 << (at % WORD);
    }

    /// Takes all marks back.
    #[inline(always)]
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Replaces the marks of `C` times sixteen numbers, which lie in one word.
    #[inline(always)]
    pub fn replace<const C: usize>(&mut self, row: usize, block: usize, marks: [u16; C]) {
        assert!((block + C) * LANES <= self.width);
        let word = &mut self.words[row * self.step + block * LANES / WORD];
        let shift = block * LANES % WORD;
        let new = marks.iter().rev().fold(0, |all, &marks| all << LANES | u64::from(marks));
        if C * LANES == WORD {
            *word = new;
        } else {
            *word = *word & !(((1 << (C * LANES)) - 1) << shift) | new << shift;
        }
    }

    /// The marks as rows.
    #[inline(always)]
    pub fn rows(&self) -> Rows<'_> {
        Rows { words: &self.words, step: self.step, width: self.width }
    }

    /// Writes the marks of the transposed matrix to `to`, as many rows as it has.
    pub fn transpose(&self, to: &mut Marks) {
        assert!(self.words.len() == to.width * self.step);
        let mut block = [0; WORD];
        for (column, rows) in self.words.chunks(WORD * self.step).enumerate() {
            for word in 0..self.step {
                for (to, row) in block.iter_mut().zip(rows.chunks_exact(self.step)) {
                    *to = row[word];
                }
                block[rows.len() / self.step..].fill(0);
                transpose(&mut block);
                let to = to.words[column..].iter_mut().step_by(to.step).skip(word * WORD);
                to.zip(block).for_each(|(to, word)| *to = word);
            }
        }
    }
}

/// The marks of rows, read.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    words: &'a [u64],
    step: usize,
    width: usize,
}

impl Rows<'_> {
    /// Words per row.
    #[inline(always)]
    pub fn words(&self) -> usize {
        self.step
    }

    /// Numbers per row: all marks are below.
    #[inline(always)]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The marks that any of `R` rows has, 64 of them.
    #[inline(always)]
    pub fn union<const R: usize>(&self, first: usize, word: usize) -> u64 {
        (0..R).fold(0, |all, r| all | self.words[(first + r) * self.step + word])
    }
}

/// Swaps rows and columns of a square of bits (Warren, "Hacker's Delight", 7-3): halves of its blocks, and
/// theirs, six times.
fn transpose(block: &mut [u64; WORD]) {
    let mut half = WORD / 2;
    let mut low = u64::MAX >> half;
    while half > 0 {
        for pair in block.chunks_exact_mut(2 * half) {
            let (upper, lower) = pair.split_at_mut(half);
            for (a, b) in upper.iter_mut().zip(lower) {
                let swapped = (*a >> half ^ *b) & low;
                *a ^= swapped << half;
                *b ^= swapped;
            }
        }
        half /= 2;
        low ^= low << half;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposed_marks_are_where_the_transposed_matrix_has_numbers() {
        for (height, width) in [(64, 65), (3, 9), (100, 130), (1, 64), (65, 16)] {
            let set = |row: usize, at: usize| (row * 7 + at * 13 + row * at) % 5 < 2;
            let mut marks = Marks::new(height, width);
            let mut expected = Marks::new(width, height);
            for row in 0..height {
                for at in (0..width).filter(|&at| set(row, at)) {
                    marks.set(row, at);
                    expected.set(at, row);
                }
            }
            let mut transposed = Marks::new(width, height);
            // What was there before is gone.
            transposed.words.fill(u64::MAX);
            marks.transpose(&mut transposed);
            assert_eq!(transposed.words, expected.words, "{height} × {width}");
        }
    }

    #[test]
    fn sixteen_marks_are_replaced_and_no_others() {
        let mut marks = Marks::new(2, 96);
        marks.set(1, 95);
        marks.replace(1, 4, [0xffff]);
        marks.replace(1, 4, [0x8001]);
        marks.replace(0, 0, [1, 2, 3, 4]);
        assert_eq!(marks.words, [0x0004_0003_0002_0001, 0, 0, 1 << 31 | 0x8001]);
        assert_eq!(marks.rows().union::<2>(0, 1), 1 << 31 | 0x8001);
        marks.clear();
        assert_eq!(marks.words, [0; 4]);
    }
}
