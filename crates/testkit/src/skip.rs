//! Tests that cannot run here say so.
//!
//! A skipped test passes, and a passing test's output is hidden, so the reason goes past the test harness straight
//! to stderr. Under `cargo xtask test` it is also appended to the file named by `MOBULA_TEST_SKIPS`, for the summary.

use std::io::Write as _;

use crate::python::Environment;

/// Ends the test function with a line that says why it did not run.
///
/// The test function must return `()`.
///
/// ```
/// use mobula_testkit::skip;
///
/// fn needs_a_spaceship() {
///     skip!("no {} on this machine", "spaceship");
/// }
/// ```
#[macro_export]
macro_rules! skip {
    ($($reason:tt)+) => {{
        $crate::report_skip(format_args!($($reason)+));
        return;
    }};
}

/// What [`skip!`](crate::skip!) does before it returns: says which test is skipped, and why.
pub fn report_skip(reason: std::fmt::Arguments<'_>) {
    let thread = std::thread::current();
    let line = format!("skipped: {}: {reason}\n", thread.name().unwrap_or("a test"));
    // One write each, so that lines of parallel tests stay whole. Nothing can be done about a closed stderr.
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(path) = std::env::var_os("MOBULA_TEST_SKIPS") {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
    }
}

/// The Python environment that `cargo xtask test` made for this run (`MOBULA_PYTHON`), for tests that start their own
/// cluster; `None`, with the reason printed, in a plain `cargo test`.
#[must_use]
pub fn environment() -> Option<Environment> {
    let python = std::env::var_os("MOBULA_PYTHON").filter(|python| !python.is_empty());
    if python.is_none() {
        report_skip(format_args!("MOBULA_PYTHON is not set (`cargo xtask test` sets it)"));
    }
    python.map(Environment::at)
}
