//! Reading the pieces of a split, each from white space to white space.
//!
//! The text goes through one small buffer that is used again and again and stays in the cache. A buffer can end inside
//! a word or a character, so what follows its last white space is kept for the next.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use crate::{
    Counter,
    error::Error,
    space,
    split::{Piece, Split},
};

/// Bytes read at once.
const BUFFER: usize = 64 << 10;

/// How long a word may be, in bytes: it has to stand in memory as a whole, several times over.
pub const LONGEST_WORD: usize = 64 << 20;

/// Counts the words of a split, reading its files.
///
/// # Errors
///
/// The first that occurs in the order of the pieces; the counter is of no further use then.
pub fn count_split(split: &Split, counter: &mut Counter) -> Result<(), Error> {
    let mut buffer = Vec::new();
    for piece in &split.pieces {
        read_piece(piece, &mut buffer, |offset, text| count_chunk(&piece.path, offset, text, counter))?;
    }
    Ok(())
}

/// A part of a file that travels as bytes to where the file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The file, for messages.
    pub path: PathBuf,
    /// Where in the file the text starts.
    pub offset: u64,
    /// The text, from the end of a white space to the end of another, or to the file's ends.
    pub text: Vec<u8>,
}

/// Reads what [`count_split`] would count, to send it elsewhere: one chunk for each piece that is not empty.
///
/// # Errors
///
/// Those of reading, as for [`count_split`]. Whether the text is UTF-8 shows when it is counted.
pub fn read_split(split: &Split) -> Result<Vec<Chunk>, Error> {
    let mut buffer = Vec::new();
    let mut chunks = Vec::new();
    for piece in &split.pieces {
        let mut chunk = Chunk { path: piece.path.clone(), offset: piece.start, text: Vec::new() };
        read_piece(piece, &mut buffer, |offset, text| {
            if chunk.text.is_empty() {
                chunk.offset = offset;
                // A size that is none, such as that of `/proc/kcore`, is no reason to take so much.
                let rest = piece.end.saturating_sub(offset).min(LONGEST_WORD as u64) as usize;
                chunk.text.reserve_exact(rest.max(text.len()));
            }
            chunk.text.extend_from_slice(text);
            Ok(())
        })?;
        if !chunk.text.is_empty() {
            chunks.push(chunk);
        }
    }
    Ok(chunks)
}

/// Counts the words of text that was read elsewhere: `text` starts at byte `offset` of the file at `path`.
///
/// # Errors
///
/// [`Error::InvalidUtf8`], the same as reading the file would give.
pub fn count_chunk(path: &Path, offset: u64, text: &[u8], counter: &mut Counter) -> Result<(), Error> {
    counter
        .feed(text)
        .map_err(|error| Error::InvalidUtf8 { path: path.to_owned(), offset: offset + error.offset as u64 })
}

/// Reads a piece and calls `each` with its text, part by part, and where in the file each part starts. Parts end with
/// white space, or at the end of the file.
fn read_piece(
    piece: &Piece,
    buffer: &mut Vec<u8>,
    mut each: impl FnMut(u64, &[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut file = open(piece)?;
    // A size of 0 may be none: such a file is read to its end.
    let is_unmeasured = piece.length == 0;
    let (last, length) = if is_unmeasured { (u64::MAX, u64::MAX) } else { (piece.end, piece.length) };
    if piece.start == last {
        return Ok(());
    }
    let failed = |offset, source| Error::Read { path: piece.path.clone(), offset, source };
    buffer.resize(buffer.len().max(BUFFER), 0);
    // The buffer holds the file from `base` on. White space that ends at the nominal start begins a little before it.
    let mut base = piece.start.saturating_sub(space::LONGEST as u64);
    file.seek(SeekFrom::Start(base)).map_err(|source| failed(base, source))?;
    let mut started = piece.start == 0;
    let (mut from, mut filled) = (0, 0);
    loop {
        buffer.copy_within(from..filled, 0);
        (base, filled, from) = (base + from as u64, filled - from, 0);
        if filled == buffer.len() {
            // A word as long as the buffer.
            if filled >= LONGEST_WORD {
                let limit = LONGEST_WORD as u64;
                return Err(Error::LongWord { path: piece.path.clone(), offset: base, limit });
            }
            buffer.resize(filled * 2, 0);
        }
        let read =
            fill(&mut file, &mut buffer[filled..]).map_err(|source| failed(base + filled as u64, source))?;
        filled += read;
        let ended = filled < buffer.len();
        let text = &buffer[..filled];
        if !started {
            match space::first_end(text, piece.start.saturating_sub(base) as usize) {
                Some(start) if base + (start as u64) < last => (from, started) = (start, true),
                None if !ended && base + (filled as u64) < last => {
                    from = filled - (space::LONGEST - 1);
                    continue;
                }
                // All of the piece belongs to a word that started before it.
                _ => break,
            }
        }
        let end = usize::try_from(last - base).unwrap_or(usize::MAX);
        let stop = if last < length && end <= filled { space::first_end(text, end) } else { None };
        let to = match stop {
            Some(stop) => stop,
            None if ended => filled,
            None => from + space::last_end(&text[from..]).unwrap_or(0),
        };
        each(base + from as u64, &text[from..to])?;
        from = to;
        if stop.is_some() || ended {
            break;
        }
    }
    unchanged(piece, &file)
}

/// Opens the file of a piece.
fn open(piece: &Piece) -> Result<File, Error> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::IsADirectory => Error::Directory { path: piece.path.clone() },
        _ => Error::Open { path: piece.path.clone(), source },
    };
    let file = mobula_inputs::open(piece.place()).map_err(failed)?;
    unchanged(piece, &file)?;
    Ok(file)
}

/// Looks whether the file is still as long as it was.
fn unchanged(piece: &Piece, file: &File) -> Result<(), Error> {
    let path = || piece.path.clone();
    let metadata = file.metadata().map_err(|source| Error::Open { path: path(), source })?;
    if metadata.len() != piece.length {
        return Err(Error::Changed { path: path(), planned: piece.length, found: metadata.len() });
    }
    Ok(())
}

/// Reads until `buffer` is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
