//! `mobula wordcount` as its users meet it: embedded, with no Python to be found.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

mod attach;
mod input;
mod output;
mod results;
#[path = "../support/mod.rs"]
mod support;
mod usage;
