//! From a token, the bytes between two ASCII white spaces, to its words: split at the rest of Unicode's white space and
//! put in lower case, each word by itself, as Python's `str.split()` and `str.lower()` do.
//!
//! Lower case depends on context in one place: a capital sigma at the end of a word becomes `ς`. Rust's
//! [`str::to_lowercase`] and Python's `str.lower()` follow the same rule of the Unicode standard (Final_Sigma, section
//! 3.13) with the tables of their own Unicode version. Between Python 3.11 (Unicode 14) and Rust 1.95 (Unicode 17) no
//! character of Unicode 14 has another lower case, and two have another effect on a capital sigma beside them: U+0295
//! is no longer cased, and U+1171E no longer case-ignorable. Characters added since then are unknown to that Python,
//! which leaves them as they are. `tests/python.rs` checks this for every character.

use crate::space::is_space;

/// Whether a token is exactly one word, and in lower case already. May be false for one that is.
pub(crate) fn is_settled(token: &[u8]) -> bool {
    std::str::from_utf8(token).is_ok_and(|token| {
        token.chars().all(|character| {
            let mut lower = character.to_lowercase();
            !is_space(character) && lower.next() == Some(character) && lower.next().is_none()
        })
    })
}

/// Calls `each` with the words of a token, in lower case. Invalid UTF-8 is replaced by U+FFFD.
pub(crate) fn words(token: &[u8], mut each: impl FnMut(&str)) {
    for word in String::from_utf8_lossy(token).split(is_space).filter(|word| !word.is_empty()) {
        each(&word.to_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(token: &str, expected: &[&str]) {
        let mut found = Vec::new();
        words(token.as_bytes(), |word| found.push(word.to_owned()));
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
    fn settled_means_that_nothing_changes() {
        for character in '\u{80}'..=char::MAX {
            let token = character.to_string();
            let mut found = Vec::new();
            words(token.as_bytes(), |word| found.push(word.to_owned()));
            assert_eq!(is_settled(token.as_bytes()), found == [token], "{character:?}");
        }
    }
}
