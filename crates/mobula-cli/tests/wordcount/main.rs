//! `mobula wordcount` as its users meet it: embedded, with no Python to be found.

mod attach;
mod input;
mod output;
mod results;
#[path = "../support/mod.rs"]
mod support;
mod usage;
