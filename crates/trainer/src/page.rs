//! What all pages have in common: they need nothing but themselves, follow the reader's light or dark, and fit a phone.

/// Where a page begins.
pub fn head(title: &str) -> String {
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <link rel=icon href=\"data:,\"><style>{STYLE}</style></head><body><main>"
    )
}

/// Where it ends.
pub const TAIL: &str = "</main></body></html>\n";

const STYLE: &str = include_str!("assets/style.css");

/// Draws the moon and the lander: `new Moon(canvas, outlines)`.
pub const LANDER: &str = include_str!("assets/lander.js");

/// Text that may hold anything.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A whole number with its thousands apart.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|part| str::from_utf8(part).ok()).collect();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("<b>\"a\" & b"), "&lt;b&gt;&quot;a&quot; &amp; b");
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
