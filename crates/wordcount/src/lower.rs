//! From a token, the bytes between two ASCII white spaces, to its words: split at the rest of Unicode's white space and
//! put in lower case, each word by itself, as Python's `str.split()` and `str.lower()` do.
//!
//! Lower case depends on context in one place: a capital sigma at the end of a word becomes `ς`. Rust's
//! [`str::to_lowercase`] and Python's `str.lower()` follow the same rule of the Unicode standard (Final_Sigma, section
//! 3.13) with the tables of their own Unicode version. Between Python 3.11 (Unicode 14) and Rust 1.95 (Unicode 17) no
//! character of Unicode 14 has another lower case, and two have another effect on a capital sigma beside them: U+0295
//! is no longer cased, and U+1171E no longer case-ignorable. Characters added since then are unknown to that Python,
//! which leaves them as they are. `tests/python.rs` checks this for every character.

use std::sync::LazyLock;

use crate::space::is_space;

/// For each character of two bytes, the two bytes of its lower case if that is all there is to it: it is no white
/// space, its lower case is one character of two bytes as well and the same in every context. Else zeros.
static SIMPLE: LazyLock<[[u8; 2]; 0x800]> = LazyLock::new(|| {
    let simple = |character: char| {
        let mut lower = character.to_lowercase();
        let first = lower.next().filter(|first| first.len_utf8() == 2 && lower.next().is_none());
        first.filter(|_| !is_space(character) && character != 'Σ')
    };
    let mut table = [[0; 2]; 0x800];
    for (character, entry) in ('\u{80}'..='\u{7ff}').zip(&mut table[0x80..]) {
        if let Some(lower) = simple(character) {
            lower.encode_utf8(entry);
        }
    }
    table
});

/// The length of the character at the start of `token`, and the bytes of its lower case, if they are as many and can
/// be told at a glance.
#[inline(always)]
fn simple(table: &[[u8; 2]; 0x800], token: &[u8]) -> Option<(usize, [u8; 3])> {
    match *token {
        [byte, ..] if byte.is_ascii() => Some((1, [byte, 0, 0])),
        [first @ 0xc2..=0xdf, second @ 0x80..=0xbf, ..] => {
            let [first, second] = table[usize::from(first & 0x1f) << 6 | usize::from(second & 0x3f)];
            (first != 0).then_some((2, [first, second, 0]))
        }
        // Dashes, quotation marks and the like, without the white space among them.
        [0xe2, 0x80, third @ (0x90..=0xa7 | 0xb0..=0xbf), ..] => Some((3, [0xe2, 0x80, third])),
        // Chinese, Japanese and Korean, without the ideographic space: U+3001..U+9FFF and U+B000..U+CFFF.
        [0xe3, 0x80, third @ 0x81..=0xbf, ..] => Some((3, [0xe3, 0x80, third])),
        [0xe3, second @ 0x81..=0xbf, third @ 0x80..=0xbf, ..] => Some((3, [0xe3, second, third])),
        [first @ (0xe4..=0xe9 | 0xeb | 0xec), second @ 0x80..=0xbf, third @ 0x80..=0xbf, ..] => {
            Some((3, [first, second, third]))
        }
        // Their full-width punctuation, and the byte order mark.
        [0xef, 0xbc, third @ 0x80..=0xa0, ..] => Some((3, [0xef, 0xbc, third])),
        [0xef, 0xbb, 0xbf, ..] => Some((3, [0xef, 0xbb, 0xbf])),
        _ => None,
    }
}

/// Whether a token is valid UTF-8.
pub(crate) fn is_valid(token: &[u8]) -> bool {
    let mut rest = token;
    while let Some((length, _)) = simple(&SIMPLE, rest) {
        rest = &rest[length..];
    }
    std::str::from_utf8(rest).is_ok()
}

/// Whether a token is exactly one word, and in lower case already. Capital ASCII letters count as lower case.
pub(crate) fn is_settled(token: &[u8]) -> bool {
    let mut rest = token;
    while let Some((length, lower)) = simple(&SIMPLE, rest) {
        if rest[..length] != lower[..length] {
            return false;
        }
        rest = &rest[length..];
    }
    rest.is_empty()
        || std::str::from_utf8(rest).is_ok_and(|rest| {
            rest.chars().all(|character| {
                let mut lower = character.to_lowercase();
                !is_space(character) && lower.next() == Some(character) && lower.next().is_none()
            })
        })
}

/// Calls `each` with the words of a token, in lower case. Invalid UTF-8 is replaced by U+FFFD.
pub(crate) fn words(token: &[u8], mut each: impl FnMut(&[u8])) {
    const ENOUGH: usize = 64;
    let mut word = [0; ENOUGH];
    let mut at = 0;
    while let Some((length, lower)) = simple(&SIMPLE, &token[at..]).filter(|_| at < ENOUGH - 3) {
        word[at..at + 3].copy_from_slice(&lower);
        word[at].make_ascii_lowercase();
        at += length;
    }
    if at == token.len() && at > 0 {
        return each(&word[..at]);
    }
    for word in String::from_utf8_lossy(token).split(is_space).filter(|word| !word.is_empty()) {
        each(word.to_lowercase().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(token: &str, expected: &[&str]) {
        let mut found = Vec::new();
        words(token.as_bytes(), |word| found.push(String::from_utf8(word.to_vec()).unwrap()));
        assert_eq!(found, expected);
        assert_eq!(is_settled(token.as_bytes()), expected == [token]);
    }

    #[test]
    fn lower_case_looks_at_the_whole_word() {
        check("ΟΔΟΣ", &["οδος"]);
        check("ΟΔΟΣ.Α", &["οδοσ.α"]);
        check("Σ", &["σ"]);
        check("ΟΔΟΣ\u{a0}Α", &["οδος", "α"]);
    }

    #[test]
    fn lower_case_may_change_the_length() {
        check("İ", &["i\u{307}"]);
        check("\u{212a}", &["k"]);
        check("Ⱥ", &["ⱥ"]);
    }

    #[test]
    fn a_byte_order_mark_stays() {
        check("\u{feff}ok", &["\u{feff}ok"]);
    }

    #[test]
    fn broken_characters_are_not_settled() {
        for token in [
            b"a\xff".as_slice(),
            b"\xc3",
            b"\xe4\xb8",
            b"\xe2\x80",
            b"\x80",
            b"\xc3\xa9\xc3",
            b"\xed\xa0\x80",
        ] {
            assert!(!is_settled(token) && !is_valid(token), "{token:x?}");
            let mut found = Vec::new();
            words(token, |word| found.push(String::from_utf8(word.to_vec()).unwrap()));
            assert_eq!(found, [String::from_utf8_lossy(token)]);
        }
    }

    #[test]
    fn settled_means_that_nothing_changes() {
        for character in '\u{80}'..=char::MAX {
            let token = character.to_string();
            let mut found = Vec::new();
            words(token.as_bytes(), |word| found.push(String::from_utf8(word.to_vec()).unwrap()));
            assert!(is_valid(token.as_bytes()), "{character:?}");
            assert_eq!(is_settled(token.as_bytes()), found == [token], "{character:?}");
        }
    }
}
