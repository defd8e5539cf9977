//! The rules, on small inputs: what is a word, and what is its lower case.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use mobula_wordcount::{Counter, Counts, InvalidUtf8, check, merge, naive, write};

/// Counts texts, each as a file of its own, with a given counter and number of partitions.
fn count(mut counter: Counter, texts: &[&[u8]], partitions: usize) -> Result<Vec<Counts>, InvalidUtf8> {
    for text in texts {
        counter.feed(text)?;
    }
    let buckets = counter.into_buckets(partitions);
    Ok(buckets.iter().map(|bucket| merge(&[bucket]).unwrap()).collect())
}

/// The output of counting texts.
fn lines(texts: &[&[u8]], partitions: usize) -> String {
    let counts = count(Counter::new(), texts, partitions).unwrap();
    let ranked: Vec<_> = counts.iter().map(Counts::rank).collect();
    let mut lines = Vec::new();
    write(&ranked, &mut lines).unwrap();
    check(&ranked, &lines).unwrap();
    String::from_utf8(lines).unwrap()
}

#[track_caller]
fn check_words(text: &str, expected: &[(&str, u64)]) {
    let expected: String = expected.iter().map(|(word, count)| format!("{word}\t{count}\n")).collect();
    for partitions in [1, 2, 7] {
        assert_eq!(lines(&[text.as_bytes()], partitions), expected, "{text:?} in {partitions} partitions");
    }
}

#[test]
fn white_space_is_pythons() {
    check_words("a\u{1c}b\u{1d}c\u{1e}d\u{1f}e", &[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)]);
    check_words("a\u{85}a\u{a0}a\u{1680}a\u{2003}a\u{2028}a\u{3000}a\u{b}a\u{c}a\r\na\ta", &[("a", 11)]);
    check_words("a\u{200b}b\u{180e}c\u{feff}d", &[("a\u{200b}b\u{180e}c\u{feff}d", 1)]);
}

#[test]
fn lower_case_is_unicodes() {
    check_words("ΟΔΟΣ", &[("οδος", 1)]);
    check_words("ΟΔΟΣ.Α", &[("οδοσ.α", 1)]);
    check_words("Σ", &[("σ", 1)]);
    check_words("İ", &[("i\u{307}", 1)]);
    check_words("\u{212a} k K", &[("k", 3)]);
    check_words("Straße STRASSE ÉTÉ Été été", &[("été", 3), ("strasse", 1), ("straße", 1)]);
    check_words("aΣ AΣ\u{a0}b ΑΣ.", &[("aς", 2), ("b", 1), ("ας.", 1)]);
}

#[test]
fn a_byte_order_mark_is_part_of_its_word() {
    check_words("\u{feff}The the", &[("the", 1), ("\u{feff}the", 1)]);
}

#[test]
fn nul_bytes_are_letters() {
    check_words("a a\0 a\0\0 \0 \0\0", &[("\0", 1), ("\0\0", 1), ("a", 1), ("a\0", 1), ("a\0\0", 1)]);
    check_words("abcdefgh abcdefgh\0", &[("abcdefgh", 1), ("abcdefgh\0", 1)]);
    check_words("abcdefghijklmnop\0 abcdefghijklmnop", &[("abcdefghijklmnop", 1), ("abcdefghijklmnop\0", 1)]);
}

#[test]
fn nothing_to_count() {
    check_words("", &[]);
    check_words(" \t\r\n\u{1c}\u{3000}\u{a0}", &[]);
    check_words(&" ".repeat(10_000), &[]);
}

#[test]
fn the_last_word_needs_no_new_line() {
    for length in [1, 8, 9, 16, 17, 63, 64, 65, 128, 4095, 4096, 4097, 8192] {
        let word = "x".repeat(length);
        check_words(&word, &[(&word, 1)]);
        check_words(&format!("{word}\n"), &[(&word, 1)]);
        check_words(&format!(" {word} {word}"), &[(&word, 2)]);
    }
}

#[test]
fn texts_are_not_joined() {
    assert_eq!(lines(&[b"a b", b"c d", b"", b"e"], 1), "a\t1\nb\t1\nc\t1\nd\t1\ne\t1\n");
}

#[test]
fn words_of_every_length_stay_apart() {
    let text: String =
        (1..300).map(|length| "aé"[..1].repeat(length) + " " + &"é".repeat(length) + "\n").collect();
    let mut expected = naive::Counts::new();
    naive::count(&text, &mut expected);
    let expected: String =
        naive::rank(expected).iter().map(|(word, count)| format!("{word}\t{count}\n")).collect();
    assert_eq!(lines(&[text.as_bytes()], 3), expected);
}

#[test]
fn very_long_tokens() {
    let (plain, greek) = ("Ab".repeat(35_000), "ΑΣ".repeat(17_500));
    let text = format!("x {plain} y {greek}\u{3000}{greek} {plain}");
    let lower = greek.to_lowercase();
    check_words(&text, &[(&plain.to_lowercase(), 2), (&lower, 2), ("x", 1), ("y", 1)]);
}

#[test]
fn invalid_utf8_has_a_place() {
    let cases: [(&[u8], usize); 8] = [
        (b"\xff", 0),
        (b"abc d\xc3", 5),
        (b"abc \xed\xa0\x80 d", 4),
        (b"a \xc3\xa9 \xc3 b \xff", 5),
        (b"a b \xf0\x9f\x98 \xff", 4),
        (b"\xc0\x80", 0),
        (b"longer than sixteen\x80 \x80", 19),
        (b"ok \xe3\x80\x80 ok \xe3\x80", 10),
    ];
    for (text, offset) in cases {
        for before in [0, 1, 60, 64, 4090, 4096, 20_000] {
            let text = [&b"word and ".repeat(before / 9 + 1)[..before], text].concat();
            let found = count(Counter::new(), &[&text], 1).unwrap_err().offset;
            assert_eq!(found, std::str::from_utf8(&text).unwrap_err().valid_up_to());
            assert_eq!(found, before + offset);
        }
    }
}

#[test]
fn a_giant_token_may_be_invalid_too() {
    let text = ["ö".repeat(40_000).as_bytes(), b"\xc3 x"].concat();
    assert_eq!(count(Counter::new(), &[&text], 1).unwrap_err().offset, 80_000);
    // The same invalid token again, after a counter that was told to go on.
    let mut counter = Counter::new();
    assert!(counter.feed(b"a\xff").is_err());
    assert_eq!(counter.feed(b"b a\xff"), Err(InvalidUtf8 { offset: 3 }));
}

#[test]
fn lossy_counting_replaces_as_the_library_does() {
    let texts: [&[u8]; 6] = [
        b"a\xffb A\xFFB",
        b"\xe3\x80 x\xe3\x80",
        b"\xf0\x9f\x98\xff\xc3",
        b"\xc3\xe3\x80\x80x",
        b"\xed\xa0\x80",
        b"\xc0\x80\xc3\x89",
    ];
    for text in texts {
        let mut expected = naive::Counts::new();
        naive::count(&String::from_utf8_lossy(text), &mut expected);
        let found = count(Counter::lossy(), &[text], 1).unwrap();
        assert_eq!(found[0].top(100), naive::rank(expected), "{text:x?}");
    }
}

#[test]
fn the_first_words_are_in_order() {
    let counts = count(Counter::new(), &[b"b b a a c c c d e f"], 1).unwrap();
    let words = |k| counts[0].top(k).into_iter().map(|(word, _)| word).collect::<String>();
    assert_eq!([words(0), words(1), words(2), words(4), words(9)], ["", "c", "ca", "cabd", "cabdef"]);
    assert_eq!((counts[0].words(), counts[0].distinct()), (10, 6));
}
