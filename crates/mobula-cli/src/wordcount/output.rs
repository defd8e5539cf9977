//! The file with all words, written whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use mobula::Blob;

use crate::ui::Hinted;

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
/// A regular file appears under its name only once it is complete; a device or a pipe is written as it is.
///
/// # Errors
/// Names the file; nothing of it is left behind.
pub fn write_output(path: &Path, format: Format, partitions: &[Blob]) -> Result<()> {
    let special = fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir());
    let written =
        if special { write_device(path, format, partitions) } else { write_file(path, format, partitions) };
    written.map_err(|cause| {
        let hint = "is there room on that disk, and may you write there? The counts were complete: nothing but this file \
                    is missing";
        Hinted::error(format!("cannot write {}: {cause}", path.display()), hint)
    })
}

fn write_device(path: &Path, format: Format, partitions: &[Blob]) -> io::Result<()> {
    write_words(format, partitions, &mut File::options().write(true).open(path)?)
}

fn write_file(path: &Path, format: Format, partitions: &[Blob]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file =
        tempfile::Builder::new().prefix(".mobula-").permissions(permissions()).tempfile_in(folder)?;
    write_words(format, partitions, file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// What any new file gets, less what the user's umask takes away.
fn permissions() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

fn write_words(format: Format, partitions: &[Blob], file: &mut File) -> io::Result<()> {
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
