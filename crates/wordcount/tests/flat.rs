//! Flat bytes that come from elsewhere: whatever they say, the answer is a result.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use mobula_wordcount::{Bucket, Counter, Counts, Mismatch, Ranked, check, merge, write};

fn bucket(text: &str) -> Bucket {
    let mut counter = Counter::new();
    counter.feed(text.as_bytes()).unwrap();
    counter.into_buckets(1).remove(0)
}

const TEXT: &str =
    "a a bb ccc some words of middling length and extraordinarily-long-words-of-three-kinds ééééééééé";

/// Does all that can be done with bytes of any kind.
fn use_all(bytes: &[u8]) {
    if let Ok(counts) = merge(&[bytes, bytes]) {
        let _ = (counts.top(3), counts.words(), counts.distinct());
        let _ = write(&[counts.rank()], &mut std::io::sink());
    }
    let _ = Bucket::from_bytes(bytes.to_vec());
    if let Ok(counts) = Counts::from_bytes(bytes.to_vec()) {
        let _ = (counts.top(3), counts.rank());
    }
    let _ = Ranked::from_bytes(bytes.to_vec());
    let _ = write(&[bytes], &mut std::io::sink());
    let _ = check(&[bytes], b"a\t1\n");
}

#[test]
fn bytes_travel() {
    let bucket = bucket(TEXT);
    assert_eq!(Bucket::from_bytes(bucket.as_bytes().to_vec()), Ok(bucket.clone()));
    let counts = merge(&[&bucket, &bucket]).unwrap();
    assert_eq!(Counts::from_bytes(counts.as_bytes().to_vec()), Ok(counts.clone()));
    assert_eq!(counts.words(), 2 * merge(&[&bucket]).unwrap().words());
    let ranked = counts.rank();
    assert_eq!(Ranked::from_bytes(ranked.as_bytes().to_vec()), Ok(ranked));
    assert_eq!(merge(&[bucket.as_bytes(), counts.as_bytes()]).unwrap().top(1), [("a".to_owned(), 6)]);
}

#[test]
fn the_alignment_of_bytes_does_not_matter() {
    let bucket = bucket(TEXT);
    for shift in 0..8 {
        let bytes = [&vec![0; shift], bucket.as_bytes()].concat();
        assert_eq!(merge(&[&bytes[shift..]]).unwrap(), merge(&[&bucket]).unwrap());
    }
}

#[test]
fn damaged_bytes_are_an_error_or_other_counts_but_no_panic() {
    let counts = merge(&[bucket(TEXT)]).unwrap();
    for bytes in [bucket(TEXT).into_bytes(), counts.as_bytes().to_vec(), counts.rank().into_bytes()] {
        for length in 0..bytes.len() {
            use_all(&bytes[..length]);
            assert!(merge(&[&bytes[..length]]).is_err(), "cut to {length} bytes");
            assert!(Ranked::from_bytes(bytes[..length].to_vec()).is_err(), "cut to {length} bytes");
        }
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[at] = value;
                use_all(&bytes);
            }
        }
    }
}

#[test]
fn partitions_do_not_depend_on_the_text_around() {
    let words = ["the", "cat", "extraordinary", "a-word-of-more-than-sixteen-bytes", "été", "İ"];
    for partitions in [2, 3, 7, 64] {
        for word in words {
            let home = |text: &str| {
                let mut counter = Counter::new();
                counter.feed(text.as_bytes()).unwrap();
                let lower = word.to_lowercase();
                counter.into_buckets(partitions).iter().position(|bucket| {
                    merge(&[bucket]).unwrap().top(1000).iter().any(|(found, _)| *found == lower)
                })
            };
            let alone = home(word);
            assert!(alone.is_some());
            assert_eq!(alone, home(&format!("many other words {}\u{a0}and more", word.to_uppercase())));
        }
    }
}

#[test]
fn the_first_difference_is_named() {
    let ranked = [merge(&[bucket("a a b c")]).unwrap().rank()];
    assert_eq!(check(&ranked, b"b\t1\nc\t1\na\t2\n"), Ok(()));
    assert_eq!(check(&ranked, b"a\t2\r\nb\t1\r\nc\t1"), Ok(()));
    let count = |word: &str, found, expected| Err(Mismatch::Count { word: word.to_owned(), found, expected });
    assert_eq!(check(&ranked, b"a\t3\nb\t1\nc\t1\n"), count("a", 2, 3));
    assert_eq!(check(&ranked, b"a\t2\nc\t1\n"), count("b", 1, 0));
    assert_eq!(check(&ranked, b"a\t2\nb\t1\nc\t1\nd\t4\n"), count("d", 0, 4));
    assert_eq!(check(&ranked, b"a\t2\nb\n"), Err(Mismatch::Line { line: 2 }));
    let message = check(&ranked, b"a\t3\n").unwrap_err().to_string();
    assert_eq!(message, "\"a\" was counted 2 times, expected 3");
}
