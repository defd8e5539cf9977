//! The body of the fuzz target `checkpoint`, and of the test beside it.

use std::io::{Cursor, Write};

/// Reads bytes as a checkpoint: as they are, as the pickle of a PyTorch file, or behind a safetensors header's length.
pub fn checkpoint(data: &[u8]) {
    let Some((&form, data)) = data.split_first() else { return };
    let bytes = match form % 3 {
        0 => data.to_vec(),
        1 => pytorch(data),
        _ => [&(data.len() as u64).to_le_bytes(), data, &[0; 1024]].concat(),
    };
    // Whatever comes of it: an error is a sentence.
    if let Err(error) = dqn::checkpoint::decode(&bytes) {
        assert!(error.to_string().len() < 1000);
    }
}

/// An archive with this pickle, and with storages for it to name.
pub fn pytorch(pickle: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut entry = |name: &str, bytes: &[u8]| {
        archive.start_file(name, options).unwrap();
        archive.write_all(bytes).unwrap();
    };
    entry("a/data.pkl", pickle);
    (0..6).for_each(|key| entry(&format!("a/data/{key}"), &[1; 400]));
    archive.finish().unwrap().into_inner()
}
