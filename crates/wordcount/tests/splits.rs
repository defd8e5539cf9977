//! However the input is divided, the counts are the same, and so are the errors.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::Path;

use common::{files, job, lines, map, map_shipped, reduce};
use mobula_wordcount::{Error, Piece, Split, naive, plan_splits};
use proptest::prelude::*;

/// What the plain version makes of files.
fn expected(texts: &[&[u8]]) -> Vec<u8> {
    let mut counts = naive::Counts::new();
    texts.iter().for_each(|text| naive::count(std::str::from_utf8(text).unwrap(), &mut counts));
    naive::rank(counts).iter().flat_map(|(word, count)| format!("{word}\t{count}\n").into_bytes()).collect()
}

/// Splits of one file at the given places.
fn cut(path: &Path, length: u64, at: &[u64]) -> Vec<Split> {
    let borders = [&[0], at, &[length]].concat();
    let piece = |pair: &[u64]| Piece {
        path: path.to_owned(),
        at: None,
        file: 0,
        start: pair[0],
        end: pair[1],
        length,
    };
    borders.windows(2).map(|pair| Split { pieces: vec![piece(pair)] }).collect()
}

const MIXED: &str = "\u{feff}The the\u{3000}ΟΔΟΣ \u{2003}\u{2003}x\u{85}y\u{1c}z\r\n\r\né\u{a0}É İ a\0 a\tword\u{2028}ΟΔΟΣ.Α ＡＢ 語\u{3000}";

#[test]
fn every_split_position_gives_the_same_counts() {
    let directory = tempfile::tempdir().unwrap();
    let input = files(directory.path(), &[MIXED.as_bytes()]);
    let (path, length) = &input[0];
    let expected = expected(&[MIXED.as_bytes()]);
    for first in 0..=*length {
        for second in first..=*length {
            let splits = cut(path, *length, &[first, second]);
            assert_eq!(lines(&reduce(&map(&splits, 2).unwrap())), expected, "cut at {first} and {second}");
        }
        let splits = cut(path, *length, &[first]);
        assert_eq!(lines(&reduce(&map_shipped(&splits, 1).unwrap())), expected, "shipped, cut at {first}");
    }
}

#[test]
fn every_number_of_tasks_gives_the_same_bytes() {
    let long = "tok€n".repeat(14_000);
    let many = "a few words, and ".repeat(20_000);
    let texts: [&[u8]; 7] =
        [b"", MIXED.as_bytes(), b" \n\t", long.as_bytes(), b"no new line", many.as_bytes(), b"\x1c"];
    let directory = tempfile::tempdir().unwrap();
    let input = files(directory.path(), &texts);
    let expected = expected(&texts);
    for maps in [1, 2, 3, 8, 64, 1000] {
        for reduces in [1, 2, 7] {
            assert!(job(&input, maps, reduces).unwrap() == expected, "{maps} maps, {reduces} reduces");
        }
        let shipped = map_shipped(&plan_splits(&input, maps), 2).unwrap();
        assert!(lines(&reduce(&shipped)) == expected, "{maps} maps, shipped");
    }
}

#[test]
fn words_longer_than_any_buffer() {
    let (plain, wide) = ("x".repeat(70_000), "ä".repeat(150_000));
    let text = format!("{plain} {wide}\u{3000}{plain}{plain}\u{2003}{wide} end {}", plain.repeat(4));
    let directory = tempfile::tempdir().unwrap();
    let input = files(directory.path(), &[text.as_bytes()]);
    let expected = expected(&[text.as_bytes()]);
    for maps in [1, 2, 3, 5, 11] {
        assert!(job(&input, maps, 2).unwrap() == expected, "{maps} maps");
    }
}

#[test]
fn white_space_around_the_borders_of_buffers() {
    for before in 65_530..65_540 {
        for space in [" ", "\u{85}", "\u{3000}", "\r\n"] {
            let text = format!("{}{space}é next", "w ".repeat(before / 2) + &"w"[..before % 2]);
            let directory = tempfile::tempdir().unwrap();
            let input = files(directory.path(), &[text.as_bytes()]);
            assert!(job(&input, 1, 1).unwrap() == expected(&[text.as_bytes()]), "{before} bytes, {space:?}");
        }
    }
}

#[test]
fn invalid_utf8_is_at_the_same_place_for_any_number_of_splits() {
    let bad: [&[u8]; 5] = [
        b"ok \xff ok \xff",
        b"\xe3\x80\x80\xe3\x80 \x80",
        b"a \xc3",
        b"\xe2\x80\x83\xf0\x9f\x98\xe2\x80\x83x",
        b"x\x80\x80\x80 y",
    ];
    for text in bad {
        let text = [b"the text before ".as_slice(), text].concat();
        let place = std::str::from_utf8(&text).unwrap_err().valid_up_to() as u64;
        let directory = tempfile::tempdir().unwrap();
        let input = files(directory.path(), &[b"fine", &text]);
        for maps in 1..=40 {
            for found in [map(&plan_splits(&input, maps), 1), map_shipped(&plan_splits(&input, maps), 1)] {
                let error = found.unwrap_err();
                assert_eq!(
                    (error.path(), error.offset()),
                    (input[1].0.as_path(), Some(place)),
                    "{maps} maps"
                );
                assert!(matches!(error, Error::InvalidUtf8 { .. }), "{error}");
            }
        }
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("text");
    let fails = |length| job(&[(path.clone(), length)], 2, 1).unwrap_err();

    let missing = fails(10);
    assert!(matches!(missing, Error::Open { .. }), "{missing:?}");
    assert!(missing.to_string().contains(path.to_str().unwrap()), "{missing}");

    std::fs::create_dir(&path).unwrap();
    assert!(matches!(fails(10), Error::Directory { .. }));
    std::fs::remove_dir(&path).unwrap();

    std::fs::write(&path, "twelve bytes").unwrap();
    for planned in [0, 11, 13] {
        let changed = fails(planned);
        assert!(matches!(changed, Error::Changed { found: 12, .. }), "{changed:?}");
    }
    assert!(job(&[(path.clone(), 12)], 2, 1).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_in_any_pieces(
        texts in prop::collection::vec("([a-cÄ-ÜσΣéß€\u{1F600}\0\u{feff}.]{0,12}[ \t\r\n\u{85}\u{a0}\u{1c}\u{2003}\u{3000}]?){0,30}", 1..4),
        maps in 1usize..30,
        reduces in 1usize..5,
    ) {
        let texts: Vec<_> = texts.iter().map(String::as_bytes).collect();
        let directory = tempfile::tempdir().unwrap();
        let input = files(directory.path(), &texts);
        let found = job(&input, maps, reduces).unwrap();
        prop_assert_eq!(String::from_utf8(found).unwrap(), String::from_utf8(expected(&texts)).unwrap());
    }

    #[test]
    fn any_bytes_have_the_librarys_verdict(bytes in prop::collection::vec(prop::sample::select(BYTES), 0..60), maps in 1usize..12) {
        let directory = tempfile::tempdir().unwrap();
        let input = files(directory.path(), &[&bytes]);
        match (job(&input, maps, 1), std::str::from_utf8(&bytes)) {
            (Ok(found), Ok(_)) => prop_assert_eq!(found, expected(&[&bytes])),
            (Err(found), Err(error)) => prop_assert_eq!(found.offset(), Some(error.valid_up_to() as u64)),
            (found, error) => prop_assert!(false, "{:?} but {:?}", found, error),
        }
    }
}

/// Bytes of which white space, letters and broken characters are made.
const BYTES: &[u8] = &[
    b'a', b'B', b' ', b'\n', 0, 0x80, 0x83, 0x85, 0xa0, 0xc2, 0xc3, 0xe2, 0xe3, 0xed, 0xf0, 0x9f, 0xff, 0x1c,
];
