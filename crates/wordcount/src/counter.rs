//! Counting the words of one map task.

use crate::{
    bucket::Bucket,
    error::InvalidUtf8,
    flat,
    key::{self, Key},
    long::LongTable,
    lower,
    middle::MiddleTable,
    scan,
    scan::{Block, WINDOW, Window},
    short::{self, Front, Line, ShortTable},
    space,
};

/// Counts words of texts that are fed to it one after the other.
///
/// Each text given to [`feed`](Self::feed) is split by itself: its last word never joins the first of the next.
/// White space and lower case are those of Python's `str.split()` and `str.lower()`; the crate's documentation has the
/// exact rules.
///
/// ```
/// use mobula_wordcount::{Counter, merge};
///
/// let mut counter = Counter::new();
/// counter.feed("To be, or not".as_bytes())?;
/// counter.feed("to be".as_bytes())?;
/// let counts = merge(&counter.into_buckets(1))?;
/// assert_eq!((counts.words(), counts.distinct()), (6, 5));
/// assert_eq!(counts.top(1), [("to".to_owned(), 2)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Counter {
    window: Box<Window>,
    front: Front,
    tables: Tables,
    places: Box<Places>,
    lossy: bool,
    /// A token that is not valid UTF-8 was counted.
    invalid: bool,
}

/// Tokens, or words, by their length.
struct Tables {
    short: ShortTable,
    middle: MiddleTable,
    long: LongTable,
}

/// Where the tokens of a window belong in the tables, or their hashes.
struct Places {
    short: [u32; WINDOW],
    middle: [u32; WINDOW / 8],
    long: [u64; WINDOW / 16],
}

impl Default for Places {
    fn default() -> Self {
        Self { short: [0; WINDOW], middle: [0; WINDOW / 8], long: [0; WINDOW / 16] }
    }
}

impl Counter {
    /// A counter for which invalid UTF-8 is an error.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "`default()` would not tell how invalid UTF-8 is treated")]
    pub fn new() -> Self {
        let tables =
            Tables { short: ShortTable::new(10, 0), middle: MiddleTable::new(11, 0), long: LongTable::new() };
        Self {
            window: Window::new(),
            front: Front::new(),
            tables,
            places: Box::default(),
            lossy: false,
            invalid: false,
        }
    }

    /// A counter that takes invalid UTF-8 for U+FFFD, as many as [`String::from_utf8_lossy`] and Python's
    /// `errors="replace"` put in its place.
    #[must_use]
    pub fn lossy() -> Self {
        Self { lossy: true, ..Self::new() }
    }

    /// Counts the words of a text.
    ///
    /// # Errors
    ///
    /// The place of the first invalid UTF-8 in `text`, unless the counter is [`lossy`](Self::lossy). Part of the text
    /// is counted then; the counter is of no further use.
    pub fn feed(&mut self, text: &[u8]) -> Result<(), InvalidUtf8> {
        self.scan(text);
        if self.invalid && !self.lossy {
            std::str::from_utf8(text).map_err(|error| InvalidUtf8 { offset: error.valid_up_to() })?;
        }
        Ok(())
    }

    fn scan(&mut self, text: &[u8]) {
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2")
            && std::is_x86_feature_detected!("bmi1")
            && std::is_x86_feature_detected!("bmi2")
            && std::is_x86_feature_detected!("popcnt")
        {
            // SAFETY: the processor has what the function asks for.
            return unsafe { self.scan_avx2(text) };
        }
        self.scan_with(text, scan::classify, short::matches);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    fn scan_avx2(&mut self, text: &[u8]) {
        let classify = |block: &Block, to: &mut Block| scan::classify_avx2(block, to);
        self.scan_with(text, classify, |line, key| short::matches_avx2(line, key));
    }

    #[inline(always)]
    fn scan_with(
        &mut self,
        mut text: &[u8],
        classify: impl Fn(&Block, &mut Block) -> u64,
        matches: impl Fn(&Line, u64) -> u32,
    ) {
        while !text.is_empty() {
            let mut taken = self.window.scan(text, &classify);
            if taken == 0 {
                taken = self.count_giant(text);
            } else {
                self.count_window(&matches);
            }
            text = &text[taken..];
        }
    }

    /// Counts the token at the start of `text`, which is longer than a window, and returns its length.
    #[cold]
    fn count_giant(&mut self, text: &[u8]) -> usize {
        let rest = text[WINDOW..].iter().position(|&byte| space::is_ascii_space(byte));
        let length = rest.map_or(text.len(), |rest| WINDOW + rest);
        let token = &text[..length];
        if token.is_ascii() {
            self.tables.add_word(token.to_ascii_lowercase().as_slice(), 1);
        } else {
            // It may be a whole text whose white space is not ASCII, so it is not kept as it is.
            self.invalid |= std::str::from_utf8(token).is_err();
            lower::words(token, |word| self.tables.add_word(word, 1));
        }
        length
    }

    /// Counts the tokens of the window. Their places in the tables are all over the memory, so what is needed later is
    /// asked for earlier.
    #[inline(always)]
    fn count_window(&mut self, matches: impl Fn(&Line, u64) -> u32) {
        let Self { window, front, tables: Tables { short, middle, long }, places, invalid, .. } = self;
        let hashes = &mut places.long[..window.long().len()];
        long.prepare(window.long(), hashes);
        middle.prepare(window.middle(), &mut places.middle);
        let left = short.prepare(front, window.short(), &mut places.short);
        short.count(front, &window.short()[..left], &places.short, matches, |key| *invalid |= !is_valid(key));
        long.prepare_bytes(hashes);
        middle.count(window.middle(), &places.middle, |key| *invalid |= !is_valid(key));
        for (token, &hash) in window.long().zip(&*hashes) {
            if long.add_hashed(token, hash, 1) && !token.is_ascii() {
                *invalid |= !lower::is_valid(&unmask(token));
            }
        }
    }

    /// The counts so far, in one bucket for each of `partitions` reduce tasks. Which bucket a word is in depends on
    /// nothing but the word and `partitions`.
    ///
    /// # Panics
    ///
    /// If `partitions` is 0.
    #[must_use]
    pub fn into_buckets(mut self, partitions: usize) -> Vec<Bucket> {
        assert!(partitions > 0, "words cannot go to 0 partitions");
        self.front.empty(&mut self.tables.short);
        self.tables.settle();
        let Tables { short, middle, long } = &self.tables;
        flat::write(short, middle, long, partitions).into_iter().map(Bucket::trusted).collect()
    }
}

impl Tables {
    /// Adds to the count of a word in lower case.
    fn add_word(&mut self, word: &[u8], count: u64) {
        if word.len() > key::INLINE {
            self.long.add(&unmask(word), count);
            return;
        }
        let [low, high] = key::of(word);
        if high == 0 {
            self.short.add(low, count);
        } else {
            self.middle.add([low, high], count);
        }
    }

    /// Turns the tokens that are not one word in lower case into their words.
    fn settle(&mut self) {
        let mut moved: Vec<(Vec<u8>, u64)> = Vec::new();
        self.short.take_unless(is_settled, |key, count| moved.push((bytes(key), count)));
        self.middle.take_unless(is_settled, |key, count| moved.push((bytes(key), count)));
        let mut token = Vec::new();
        self.long.take_unless(
            |masked| {
                token.clear();
                token.extend(masked.iter().map(|byte| byte ^ key::MASK));
                token.is_ascii() || lower::is_settled(&token)
            },
            |masked, count| moved.push((unmask(masked), count)),
        );
        for (token, count) in moved {
            lower::words(&token, |word| self.add_word(word, count));
        }
    }
}

fn is_settled(key: impl Key) -> bool {
    key.is_ascii() || lower::is_settled(key.unmask(&mut [0; key::INLINE]))
}

fn is_valid(key: impl Key) -> bool {
    key.is_ascii() || lower::is_valid(key.unmask(&mut [0; key::INLINE]))
}

fn bytes(key: impl Key) -> Vec<u8> {
    key.unmask(&mut [0; key::INLINE]).to_vec()
}

/// Masks bytes, or unmasks them.
fn unmask(masked: &[u8]) -> Vec<u8> {
    masked.iter().map(|byte| byte ^ key::MASK).collect()
}
