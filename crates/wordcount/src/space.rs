//! White space as Python's `str.split()` sees it, in characters and in raw UTF-8 bytes.
//!
//! That is Unicode's White_Space property plus U+001C..U+001F, the four separators that Python counts by their
//! bidirectional class and [`char::is_whitespace`] does not.
//!
//! A text is cut only where white space ends. The functions here find such places in bytes without decoding what
//! lies before. That is sound even in a text that is not valid UTF-8: every multi-byte white space starts with a lead
//! byte, which no decoder takes for the continuation of what came before it. So all readers of a file agree on where
//! it can be cut, and an invalid sequence never spans a cut.

/// Whether `character` separates words.
///
/// ```
/// use mobula_wordcount::is_space;
/// assert!(is_space('\u{1c}') && is_space('\u{3000}'));
/// assert!(!is_space('\u{feff}') && !is_space('\u{200b}'));
/// ```
#[must_use]
pub fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// Whether an ASCII byte separates words; false for every byte of a multi-byte character.
#[inline(always)]
pub(crate) const fn is_ascii_space(byte: u8) -> bool {
    byte.wrapping_sub(9) < 5 || byte.wrapping_sub(0x1c) < 5
}

/// The longest white space, in bytes.
pub(crate) const LONGEST: usize = 3;

/// The length of the white space at the start of `bytes`, 0 if there is none or only a part of it.
#[inline]
pub(crate) fn width(bytes: &[u8]) -> usize {
    match *bytes {
        [byte, ..] if is_ascii_space(byte) => 1,
        [0xc2, 0x85 | 0xa0, ..] => 2,
        [0xe1, 0x9a, 0x80, ..]
        | [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, ..]
        | [0xe2, 0x81, 0x9f, ..]
        | [0xe3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// The first end of a white space that is at `from` or after it.
pub(crate) fn first_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from.saturating_sub(LONGEST);
    while at < bytes.len() {
        let end = at + width(&bytes[at..]);
        if end > at && end >= from {
            return Some(end);
        }
        at += 1;
    }
    None
}

/// The last end of a white space in `bytes`.
pub(crate) fn last_end(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len()).rev().find_map(|at| match width(&bytes[at..]) {
        0 => None,
        width => Some(at + width),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_agree_with_the_characters() {
        for character in '\0'..=char::MAX {
            let mut buffer = [0; 4];
            let bytes = character.encode_utf8(&mut buffer).as_bytes();
            assert_eq!(width(bytes), if is_space(character) { bytes.len() } else { 0 }, "{character:?}");
            assert_eq!(width(&bytes[..bytes.len() - 1]), 0, "a part of {character:?}");
        }
    }

    #[test]
    fn python_counts_29_characters_as_space() {
        assert_eq!(('\0'..=char::MAX).filter(|&character| is_space(character)).count(), 29);
    }

    #[test]
    fn ends_are_found_from_inside_a_character() {
        let text = "ab\u{3000}c d".as_bytes();
        for from in 0..=5 {
            assert_eq!(first_end(text, from), Some(5), "from {from}");
        }
        assert_eq!(first_end(text, 6), Some(7));
        assert_eq!(first_end(text, 8), None);
        assert_eq!(last_end(text), Some(7));
        assert_eq!(last_end(&text[..6]), Some(5));
        assert_eq!(last_end(&text[..4]), None);
    }
}
