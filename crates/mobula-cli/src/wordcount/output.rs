//! The file with all words, written whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use mobula::Blob;
use mobula_outputs::Output;

use crate::ui::{self, Hinted};

/// How the words are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// `word<TAB>count`, a line each.
    Tsv,
    /// One object: each word and its count.
    Json,
}

/// Writes all words, count descending, then word by code point.
///
/// # Errors
/// Names the file; nothing of it is left behind. A pipe that nobody reads any more is [`io::ErrorKind::BrokenPipe`].
pub fn write_output(path: &Path, format: Format, partitions: &[Blob]) -> Result<()> {
    let write = || {
        let mut output = Output::create(path)?;
        write_words(format, partitions, &mut output)?;
        output.finish()
    };
    write().map_err(|cause| {
        if mobula_outputs::is_stdout(path) {
            return ui::stdout_error(cause);
        }
        let hint = "is there room on that disk, and may you write there? The counts were complete: nothing but this file \
                    is missing";
        Hinted::error(format!("cannot write {}: {cause}", path.display()), hint)
    })
}

fn write_words(format: Format, partitions: &[Blob], file: &mut Output) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, file);
    match format {
        Format::Tsv => mobula_wordcount::write(partitions, &mut out)?,
        Format::Json => write_json(partitions, &mut out)?,
    }
    out.flush()
}

fn write_json(partitions: &[Blob], out: &mut impl Write) -> io::Result<()> {
    let mut lines = Vec::new();
    mobula_wordcount::write(partitions, &mut lines)?;
    out.write_all(b"{")?;
    let mut separator: &[u8] = b"\n";
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let text = std::str::from_utf8(line).map_err(io::Error::other)?.trim_end_matches('\n');
        // A word holds no white space, so the tab is the one.
        let (word, count) = text.rsplit_once('\t').ok_or_else(|| io::Error::other("a line without a tab"))?;
        out.write_all(separator)?;
        serde_json::to_writer(&mut *out, word)?;
        write!(out, ": {count}")?;
        separator = b",\n";
    }
    out.write_all(b"\n}\n")
}

/// Compares all words with a file in the TSV format.
///
/// # Errors
/// Names the first difference, or says why the file cannot be read.
pub fn check(expected: &Path, partitions: &[Blob]) -> Result<()> {
    let bytes = fs::read(expected).map_err(|cause| {
        let message = format!("cannot read {}: {cause}", expected.display());
        Hinted::error(message, "--check wants a file with the words and counts to expect")
    })?;
    mobula_wordcount::check(partitions, &bytes).map_err(|mismatch| {
        Hinted::error(
            format!("the counts differ from {}: {mismatch}", expected.display()),
            "was that file made from the same input, and by the same rules (`str.split`, `str.lower`)?",
        )
    })
}
