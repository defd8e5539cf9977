//! What is counted, and how it is printed.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Place, run};

/// Counts one file and gives all words with their counts.
#[track_caller]
fn counts(text: impl AsRef<[u8]>) -> BTreeMap<String, u64> {
    let place = Place::with(&[("text", text)]);
    place.wordcount("text --output all.tsv").ok();
    let all = place.read("all.tsv");
    let lines = all.lines().map(|line| line.split_once('\t').unwrap());
    lines.map(|(word, count)| (word.to_owned(), count.parse().unwrap())).collect()
}

#[track_caller]
fn check(text: impl AsRef<[u8]>, expected: &[(&str, u64)]) {
    let expected: BTreeMap<String, u64> = expected.iter().map(|(word, n)| ((*word).to_owned(), *n)).collect();
    assert_eq!(counts(text), expected);
}

#[test]
fn the_table_has_the_most_frequent_words_first_and_then_by_code_point() {
    let place = Place::with(&[("text", "b é c\na A a B\tz")]);
    let run = place.wordcount("text").ok();
    assert_eq!(run.out, "3  a\n2  b\n1  c\n1  z\n1  é\n");
    assert!(run.err.starts_with("8 words, 5 distinct, in 1 files of "), "{}", run.err);
    assert!(run.err.contains(" MB/s") && run.err.lines().count() == 1, "{}", run.err);
}

#[test]
fn the_table_is_aligned_and_thousands_stand_apart() {
    let place = Place::with(&[("text", "a ".repeat(12_345) + &"b ".repeat(678))]);
    assert_eq!(place.wordcount("text").ok().out, "12,345  a\n   678  b\n");
}

#[test]
fn the_table_has_twenty_words_unless_told_otherwise() {
    let words: Vec<String> = (0..30).map(|n| format!("w{n:02}")).collect();
    let place = Place::with(&[("text", words.join(" "))]);
    let shown = |line: &str| place.wordcount(line).ok().out.lines().count();
    assert_eq!(shown("text"), 20);
    assert_eq!(shown("text --top 3"), 3);
    assert_eq!(shown("text --top 0"), 0);
    assert_eq!(shown("text --top 1000"), 30);
}

#[test]
fn json_is_one_object_with_everything_in_it() {
    let place = Place::with(&[("d/1", "the cat and the hat"), ("d/2", "The end")]);
    let run = place.wordcount("d --json --map-tasks 3 --reduce-tasks 2 --top 2").ok();
    let told: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(run.out.lines().count(), 1, "{}", run.out);
    let number = |key: &str| told[key].as_u64().unwrap();
    assert_eq!((number("words"), number("distinct"), number("files"), number("bytes")), (7, 5, 2, 26));
    assert_eq!((number("map_tasks"), number("reduce_tasks")), (3, 2));
    assert_eq!(told["shipped"], false);
    assert_eq!(told["top"], serde_json::json!([{"word": "the", "count": 3}, {"word": "and", "count": 1}]));
    assert!(told["mb_per_s"].as_f64().unwrap() > 0.0);
    for phase in ["plan", "map", "reduce", "output", "total"] {
        assert!(told["seconds"][phase].as_f64().is_some_and(|s| s >= 0.0), "{phase} in {told}");
    }
}

#[test]
fn the_option_json_may_stand_before_the_command() {
    let place = Place::with(&[("text", "a")]);
    let run = run(&mut place.mobula("--json wordcount text")).ok();
    assert!(serde_json::from_str::<Value>(&run.out).is_ok(), "{}", run.out);
}

#[test]
fn words_are_those_of_pythons_split_in_lower_case() {
    // The four separators are white space to Python, not to Unicode; a zero-width space is none to either.
    check("a\u{1c}b\u{1d}c\u{1e}d\u{1f}e", &[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)]);
    check("a\u{85}a\u{a0}a\u{3000}a\u{2028}a\x0b\x0ca\r\na", &[("a", 7)]);
    check("a\u{200b}b", &[("a\u{200b}b", 1)]);
    // A sigma at a word's end, before a full stop that is inside one, alone.
    check("ΟΔΟΣ ΟΔΟΣ.Α Σ", &[("οδος", 1), ("οδοσ.α", 1), ("σ", 1)]);
    check("\u{130} \u{212a}", &[("i\u{307}", 1), ("k", 1)]);
    check("don't DON'T x_1,", &[("don't", 2), ("x_1,", 1)]);
    check(b"a\0b \0 \0", &[("a\0b", 1), ("\0", 2)]);
}

#[test]
fn a_byte_order_mark_is_part_of_its_word_and_of_no_other_file() {
    let place = Place::with(&[("d/1", "\u{feff}the the"), ("d/2", "the"), ("d/3", "\u{feff}The")]);
    place.wordcount("d --output all --map-tasks 2").ok();
    assert_eq!(place.read("all"), "the\t2\n\u{feff}the\t2\n");
}

#[test]
fn the_last_word_of_a_file_never_joins_the_first_of_the_next() {
    let place = Place::with(&[("d/1", "one tw"), ("d/2", "o three"), ("d/3", "")]);
    for m in 1..=16 {
        place.wordcount(&format!("d --output all --map-tasks {m}")).ok();
        assert_eq!(place.read("all"), "o\t1\none\t1\nthree\t1\ntw\t1\n", "M = {m}");
    }
}

#[test]
fn words_of_any_length_are_counted() {
    let (long, longer) = ("x".repeat(70_000), "é".repeat(300_000));
    check(format!("{long} a {longer} {long}"), &[(&long, 2), (&longer, 1), ("a", 1)]);
}

/// Words of all lengths in several scripts, with every kind of white space between them, some at buffers' ends.
fn mixed_text() -> String {
    let words =
        ["the", "ΟΔΟΣ", "straße", "İstanbul", "日本", "a", "characteristically", "\u{feff}x", "Ÿ", "𝒳y"];
    let spaces = [" ", "\n", "\r\n", "\u{1c}", "\u{3000}", "\t \u{85}"];
    let pick = |n: usize, of: &[&'static str]| of[(n * n + n / 7) % of.len()];
    (0..30_000).flat_map(|n| [pick(n, &words), pick(n * 3 + 1, &spaces)]).collect()
}

#[test]
fn the_output_is_the_same_bytes_for_every_m_and_n() {
    let place = Place::with(&[("d/a", mixed_text()), ("d/b", "x".repeat(100_000)), ("d/c", mixed_text())]);
    place.wordcount("d --output all --map-tasks 1 --reduce-tasks 1").ok();
    let (expected, table) = (place.read("all"), place.wordcount("d").ok().out);
    for m in [1, 2, 3, 8, 64, 1000] {
        for n in [1, 2, 7, 40] {
            let run = place.wordcount(&format!("d --output all --map-tasks {m} --reduce-tasks {n}")).ok();
            assert_eq!(run.out, table, "M = {m}, N = {n}");
            assert!(place.read("all") == expected, "another output for M = {m}, N = {n}");
            let shipped =
                place.wordcount(&format!("d --ship --output all --map-tasks {m} --reduce-tasks {n}"));
            assert_eq!(shipped.ok().out, table, "shipped, M = {m}, N = {n}");
            assert!(place.read("all") == expected, "another output, shipped, for M = {m}, N = {n}");
        }
    }
}

#[test]
fn shipped_text_is_reported_as_such() {
    let place = Place::with(&[("text", "a b")]);
    let run = place.wordcount("text --ship --json").ok();
    assert_eq!(serde_json::from_str::<Value>(&run.out).unwrap()["shipped"], true);
    assert!(run.err.contains("the text was sent to the tasks"), "{}", run.err);
}

#[test]
fn lossy_counts_what_is_no_utf8_as_replacement_characters() {
    let place = Place::with(&[("text", b"caf\xe9 \xff \xf0\x9f a".as_slice())]);
    place.wordcount("text").error(1);
    place.wordcount("text --lossy --output all").ok();
    // As Python's errors="replace": a sequence that was cut off is one character.
    assert_eq!(place.read("all"), "\u{fffd}\t2\na\t1\ncaf\u{fffd}\t1\n");
}

#[test]
fn text_without_a_word_is_counted_with_a_note() {
    for text in ["", " \n\t\u{3000}\u{1c}"] {
        let place = Place::with(&[("text", text)]);
        let run = place.wordcount("text --output all").ok();
        assert_eq!((run.out.as_str(), place.read("all").as_str()), ("", ""));
        assert!(run.err.starts_with("note: ") && run.err.contains("\n\nhint: "), "{}", run.err);
    }
}

#[test]
fn check_accepts_the_right_counts_in_any_order_and_names_the_first_difference() {
    let place = Place::with(&[("text", "to be or not to be"), ("right", "be\t2\nto\t2\nnot\t1\nor\t1\n")]);
    let run = place.wordcount("text --check right").ok();
    assert!(run.err.contains("all words and counts are those of right"), "{}", run.err);
    // A word too many, a word too few, another count, and no table at all.
    for (name, text, word) in [
        ("more", "be\t2\nto\t2\nnot\t1\nor\t1\nzebra\t1\n", "zebra"),
        ("less", "be\t2\nto\t2\nor\t1\n", "not"),
        ("other", "be\t2\nto\t3\nnot\t1\nor\t1\n", "to"),
        ("noise", "be 2\n", "line 1"),
    ] {
        place.put(name, text);
        let told = place.wordcount(&format!("text --check {name}")).error(1);
        told.says(&["differ", name, word], "same input");
    }
    place.wordcount("text --check absent").error(1).says(&["cannot read absent", "No such file"], "");
}
