//! Packages: zip archives under a name made of their content, as Ray's runtime environments take them.
//!
//! The name is a hash of the names and bytes that go in, so that a package which the cluster has already is neither packed
//! nor sent. Times and permissions are left out: the same files are the same package.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use ring::digest::{Context, SHA256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::{Error, Result};

/// What a dashboard refuses in one request (the size limit of its web server, in Ray 2.43 as in 2.60), in bytes: a package has
/// to be smaller.
pub const PACKAGE_LIMIT: u64 = 100 << 20;

/// Where a file's bytes are.
#[derive(Debug, Clone)]
pub enum Content {
    /// Here.
    Bytes(Vec<u8>),
    /// In a file.
    Path(PathBuf),
}

/// Files by their names in the archive; a name that ends in a slash is a folder.
#[derive(Debug, Default)]
pub struct Package {
    /// In words, for errors.
    what: &'static str,
    entries: BTreeMap<String, Content>,
}

impl Package {
    pub fn new(what: &'static str) -> Package {
        Package { what, entries: BTreeMap::new() }
    }

    /// In words.
    pub fn what(&self) -> &'static str {
        self.what
    }

    pub fn add(&mut self, name: String, content: Content) {
        self.entries.insert(name, content);
    }

    /// What it has under a name.
    #[cfg(test)]
    pub fn get(&self, name: &str) -> Option<&Content> {
        self.entries.get(name)
    }

    /// The name by which the cluster knows it, `gcs://` aside.
    pub fn name(&self) -> Result<String> {
        let mut hash = Context::new(&SHA256);
        for (name, content) in &self.entries {
            // Lengths keep what follows one another apart.
            hash.update(&(name.len() as u64).to_le_bytes());
            hash.update(name.as_bytes());
            let length = each_block(content, |block| {
                hash.update(block);
                Ok(())
            });
            hash.update(&length.map_err(|cause| unreadable(content, cause))?.to_le_bytes());
        }
        Ok(format!("_ray_pkg_{}.zip", &hex(hash.finish().as_ref())[..32]))
    }

    /// The archive.
    pub fn zip(&self, limit: u64) -> Result<Vec<u8>> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(3))
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(0o644);
        let full = || Error::TooLarge { what: self.what.into(), limit };
        let mut archive = ZipWriter::new(Limited { bytes: Cursor::new(Vec::new()), limit, full: false });
        let failed = |error: &zip::result::ZipError| is_full(error).then(full);
        for (name, content) in &self.entries {
            let begun = if name.ends_with('/') {
                archive.add_directory(name.as_str(), options.unix_permissions(0o755))
            } else {
                archive.start_file(name.as_str(), options)
            };
            begun.map_err(|error| failed(&error).unwrap_or_else(|| unreadable(content, error.into())))?;
            if !name.ends_with('/') {
                each_block(content, |block| archive.write_all(block)).map_err(|cause| {
                    if cause.kind() == io::ErrorKind::FileTooLarge {
                        full()
                    } else {
                        unreadable(content, cause)
                    }
                })?;
            }
        }
        let done = archive.finish().map_err(|error| {
            failed(&error).unwrap_or_else(|| unreadable(&Content::Bytes(Vec::new()), error.into()))
        })?;
        Ok(done.bytes.into_inner())
    }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn each_block(content: &Content, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<u64> {
    let path = match content {
        Content::Bytes(bytes) => {
            each(bytes)?;
            return Ok(bytes.len() as u64);
        }
        Content::Path(path) => path,
    };
    let (mut file, mut block, mut length) = (fs::File::open(path)?, vec![0; 1 << 18], 0);
    loop {
        let n = file.read(&mut block)?;
        if n == 0 {
            return Ok(length);
        }
        each(&block[..n])?;
        length += n as u64;
    }
}

fn unreadable(content: &Content, cause: io::Error) -> Error {
    let path = match content {
        Content::Bytes(_) => PathBuf::from("the package"),
        Content::Path(path) => path.clone(),
    };
    Error::Unreadable { path, cause }
}

fn is_full(error: &zip::result::ZipError) -> bool {
    matches!(error, zip::result::ZipError::Io(cause) if cause.kind() == io::ErrorKind::FileTooLarge)
}

/// Memory for an archive that ends where no dashboard would take more.
struct Limited {
    bytes: Cursor<Vec<u8>>,
    limit: u64,
    /// From then on nothing is kept: an archive that is given up still writes its end.
    full: bool,
}

impl Write for Limited {
    fn write(&mut self, block: &[u8]) -> io::Result<usize> {
        if self.full {
            return Ok(block.len());
        }
        if self.bytes.position() + block.len() as u64 >= self.limit {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.write(block)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Limited {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(files: &[(&str, &str)]) -> Package {
        let mut package = Package::new("the input files");
        for (name, text) in files {
            package.add((*name).into(), Content::Bytes(text.as_bytes().to_vec()));
        }
        package
    }

    #[test]
    fn files_and_folders_are_packed() {
        let bytes = packed(&[("d/", ""), ("d/a", "1"), ("d/b/c", "22")]).zip(PACKAGE_LIMIT).unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["d/", "d/a", "d/b/c"]);
        let mut text = String::new();
        archive.by_name("d/b/c").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "22");
    }

    #[test]
    fn the_name_is_that_of_the_content() {
        let name = |files: &[(&str, &str)]| packed(files).name().unwrap();
        let one = name(&[("a", "1"), ("b", "2")]);
        assert_eq!(one, name(&[("b", "2"), ("a", "1")]));
        assert!(one.starts_with("_ray_pkg_") && one.ends_with(".zip"), "{one}");
        // The same bytes, divided otherwise, or called otherwise.
        for files in [[("a", "12"), ("b", "")], [("a", "1"), ("c", "2")], [("a", "1"), ("b", "3")]] {
            assert_ne!(one, name(&files), "{files:?}");
        }
    }

    #[test]
    fn more_than_a_dashboard_accepts_is_refused_while_it_is_packed() {
        let noise: Vec<u8> =
            (0..60_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let mut package = Package::new("the input files");
        package.add("noise".into(), Content::Bytes(noise));
        assert!(package.zip(PACKAGE_LIMIT).unwrap().len() > 20_000);
        let error = package.zip(20_000).unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: 20_000, .. }), "{error}");
        assert!(error.to_string().contains("the input files are more than"), "{error}");
        assert!(error.hint().contains("--no-upload"));
    }
}
