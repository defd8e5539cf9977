//! The counting core of Mobula's WordCount: bytes in, exact word counts out.
//!
//! This is a library of single-threaded pieces that know nothing of tasks or clusters. A program runs them as map and
//! reduce tasks:
//!
//! ```text
//! plan_splits(files, M)  ─▶  M × count_split(split, counter), counter.into_buckets(N)      map
//!                        ─▶  N × merge(the N-th bucket of every map) ─▶ Counts             reduce
//!                        ─▶  top, words, distinct; write(the N Counts::rank)               driver
//! ```
//!
//! [`Bucket`], [`Counts`] and [`Ranked`] are flat buffers of bytes. They travel as they are, or are shared as they are
//! between threads; [`merge`], [`write()`] and [`check`] take anything that is such bytes.
//! Where map tasks cannot read the files, [`read_split`] gives the text to send and [`count_chunk`] counts it.
//!
//! # Rules
//!
//! A word is what Python's `str.split()` yields, in lower case as by `str.lower()`, each file by itself. White space is
//! Unicode's White_Space and U+001C..U+001F ([`is_space`]); lower case is Unicode's, in the context of the word; a byte
//! order mark is part of its word. Invalid UTF-8 is an error with its place, or counted as U+FFFD by
//! [`Counter::lossy`].
//!
//! # Why it is fast
//!
//! The hot loop knows ASCII only: it counts *tokens*, what stands between ASCII white space, with ASCII letters in
//! lower case. Unicode's rules are applied once to each distinct token at the end, which gives the same counts. Tokens
//! of up to 16 bytes are one or two 64-bit numbers and live in their table's slots; nothing is allocated per word.
//! Tables and buckets are in the order of the hash's top bits, so a merge runs through memory from front to back.
//!
//! # Example
//!
//! ```
//! use mobula_wordcount::{Counter, count_split, merge, plan_splits, top, write};
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("text");
//! std::fs::write(&path, "the cat and the hat")?;
//! let (maps, reduces) = (3, 2);
//! let mut buckets = Vec::new();
//! for split in plan_splits(&[(&path, 19)], maps) {
//!     let mut counter = Counter::new();
//!     count_split(&split, &mut counter)?;
//!     buckets.push(counter.into_buckets(reduces));
//! }
//! let mut partitions = Vec::new();
//! for partition in 0..reduces {
//!     let own: Vec<_> = buckets.iter().map(|buckets| &buckets[partition]).collect();
//!     partitions.push(merge(&own)?);
//! }
//! assert_eq!(top(partitions.iter().map(|counts| counts.top(1)), 1), [("the".to_owned(), 2)]);
//! let ranked: Vec<_> = partitions.iter().map(|counts| counts.rank()).collect();
//! let mut lines = Vec::new();
//! write(&ranked, &mut lines)?;
//! assert_eq!(lines, b"the\t2\nand\t1\ncat\t1\nhat\t1\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bucket;
pub mod corpus;
mod counter;
mod error;
mod flat;
mod hash;
mod key;
mod long;
mod lower;
mod memory;
mod middle;
pub mod naive;
mod output;
mod ranking;
mod read;
mod scan;
mod sent;
mod short;
mod space;
mod split;
mod table;

pub use bucket::{Bucket, Counts, merge};
pub use counter::Counter;
pub use error::{Corrupt, Error, InvalidUtf8};
pub use output::{Mismatch, Ranked, check, write};
pub use ranking::top;
pub use read::{Chunk, LONGEST_WORD, count_chunk, count_split, read_split};
pub use space::is_space;
pub use split::{Piece, Split, plan_splits};
