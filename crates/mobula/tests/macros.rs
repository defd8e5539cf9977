//! Mistakes with the macros: each fixture is refused, with the message beside it at the right place.

#[test]
fn mistakes_are_explained_where_they_are() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/macros/*.rs");
}
