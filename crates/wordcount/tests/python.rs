//! Word for word what Python says, asked live where there is a `python3`, else from `fixtures/small.txt`, which
//! `python3 fixtures/reference.py small` wrote (Python 3.11.7).
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use common::{files, job, lines, reduce};
use mobula_wordcount::{Counter, count_split, is_space, plan_splits};

/// The output of the reference, or nothing where there is no Python.
fn reference(mode: &str, files: &[PathBuf]) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reference.py");
    let Ok(output) = Command::new("python3").arg(script).arg(mode).args(files).output() else {
        eprintln!("skipped: there is no python3");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A little generator of chance, so that the texts are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }
}

/// Texts of everything that is hard about words; with `broken`, of invalid UTF-8 too.
fn nasty(broken: bool) -> Vec<Vec<u8>> {
    let mut parts: Vec<Vec<u8>> = [
        " ",
        " ",
        "\n",
        "\r\n",
        "\t",
        "\u{1c}",
        "\u{1f}",
        "\u{85}",
        "\u{a0}",
        "\u{2003}",
        "\u{2028}",
        "\u{3000}",
        "\u{200b}",
        "\u{feff}",
        "\0",
        "a",
        "B",
        "the",
        "Word",
        "Σ",
        "ΑΣ",
        "ΟΔΟΣ",
        ".",
        "'",
        "\u{301}",
        "İ",
        "I",
        "ı",
        "\u{212a}",
        "ß",
        "ẞ",
        "Ǆ",
        "ǅ",
        "É",
        "é",
        "Ж",
        "語",
        "\u{10400}",
        "😀",
        "Ⱥ",
        "ﬁ",
        "Ⅷ",
        "Ⓐ",
        "ʼn",
        "-",
        "0",
    ]
    .map(|part| part.as_bytes().to_vec())
    .into();
    parts.push(vec![b'L'; 70_000]);
    parts.push("Ü".repeat(5_000).into_bytes());
    if broken {
        let bad: [&[u8]; 8] = [
            b"\xff",
            b"\x80",
            b"\xc3",
            b"\xe3\x80",
            b"\xf0\x9f\x98",
            b"\xed\xa0\x80",
            b"\xc0\xaf",
            b"\xf4\x90\x80\x80",
        ];
        parts.extend(bad.map(<[u8]>::to_vec));
    }
    let mut random = Random(7);
    let mut text = |length: usize| -> Vec<u8> {
        // The two very long parts are rare.
        let mut part = || match random.below(parts.len()) {
            at if parts[at].len() > 100 && random.below(40) > 0 => b"x".to_vec(),
            at => parts[at].clone(),
        };
        (0..length).flat_map(|_| part()).collect()
    };
    vec![text(0), text(1), text(50), text(3_000), text(30_000), text(500)]
}

#[test]
fn nasty_texts() {
    let directory = tempfile::tempdir().unwrap();
    let texts = nasty(false);
    let input = files(directory.path(), &texts.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let paths: Vec<_> = input.iter().map(|(path, _)| path.clone()).collect();
    let Some(expected) = reference("count", &paths) else { return };
    for (maps, reduces) in [(1, 1), (5, 2), (37, 3)] {
        assert!(job(&input, maps, reduces).unwrap() == expected.as_bytes(), "{maps} maps, {reduces} reduces");
    }
}

#[test]
fn invalid_texts_with_replacement() {
    let directory = tempfile::tempdir().unwrap();
    let texts = nasty(true);
    let input = files(directory.path(), &texts.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let paths: Vec<_> = input.iter().map(|(path, _)| path.clone()).collect();
    let Some(expected) = reference("lossy", &paths) else { return };
    for maps in [1, 5, 37] {
        let splits = plan_splits(&input, maps);
        let buckets = splits.iter().map(|split| {
            let mut counter = Counter::lossy();
            count_split(split, &mut counter).unwrap();
            counter.into_buckets(2)
        });
        assert!(lines(&reduce(&buckets.collect::<Vec<_>>())) == expected.as_bytes(), "{maps} maps");
    }
}

#[test]
fn small_texts() {
    let recorded = include_str!("fixtures/small.txt");
    if let Some(live) = reference("small", &[]) {
        assert_eq!(live, recorded);
    }
    let mut lines = recorded.lines();
    while let (Some(text), Some(expected)) = (lines.next(), lines.next()) {
        let directory = tempfile::tempdir().unwrap();
        let input = files(directory.path(), &[unquote(text).as_bytes()]);
        assert_eq!(String::from_utf8(job(&input, 2, 2).unwrap()).unwrap(), unquote(expected), "{text}");
    }
}

/// The text of one of Python's `ascii()` literals.
fn unquote(literal: &str) -> String {
    let mut text = String::new();
    let quote = literal.chars().next();
    let mut rest = literal.trim_matches(|c| Some(c) == quote).chars();
    while let Some(character) = rest.next() {
        let escape = if character == '\\' { rest.next() } else { None };
        let digits = match escape {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            _ => 0,
        };
        let code: String = rest.by_ref().take(digits).collect();
        text.push(match escape {
            None => character,
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some(other) if digits == 0 => other,
            Some(_) => char::from_u32(u32::from_str_radix(&code, 16).unwrap()).unwrap(),
        });
    }
    text
}

/// Every character's white space, lower case, and effect on a capital sigma beside it. The two libraries may have
/// different versions of Unicode. A character that Python does not know yet (category Cn) may differ; of the others, as
/// far as is known to Rust 1.95 and Python 3.11, only the two below, and only beside a sigma.
#[test]
fn every_character() {
    const CHANGED: [char; 2] = ['\u{295}', '\u{1171e}'];
    let Some(expected) = reference("lower", &[]) else { return };
    let mut seen = 0;
    for line in expected.split_terminator("\n").filter(|line| line.split('\t').count() == 5) {
        let fields: Vec<_> = line.split('\t').collect();
        let c = char::from_u32(u32::from_str_radix(fields[0], 16).unwrap()).unwrap();
        assert_eq!(is_space(c), fields[2] == "1", "{c:?}");
        let unknown = fields[1] == "Cn";
        assert!(c.to_string().to_lowercase() == fields[3] || unknown, "{c:?} in lower case");
        let second = |word: String| word.to_lowercase().chars().nth(1);
        let last = |word: String| word.to_lowercase().chars().last();
        let sigma = [
            second(format!("aΣ{c}")),
            last(format!("{c}Σ")),
            second(format!("aΣ{c}a")),
            last(format!("a{c}Σ")),
        ];
        let known = unknown || CHANGED.contains(&c);
        assert!(fields[4].chars().map(Some).eq(sigma) || known, "a capital sigma beside {c:?}: {sigma:?}");
        seen += 1;
    }
    // All but the tab and the new line, which divide the reference's fields and lines.
    assert_eq!(seen, ('\0'..=char::MAX).count() - 2);
}
