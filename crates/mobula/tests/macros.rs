//! Mistakes with the macros: each fixture is refused, with the message beside it at the right place.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

#[test]
fn mistakes_are_explained_where_they_are() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/macros/*.rs");
}
