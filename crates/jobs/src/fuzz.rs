//! The body of the fuzz target `results`, and the same as a test.

use std::path::Path;

use crate::results::{Manifest, destination, encode};

/// What a job's driver says that it has written: any bytes. A file goes below the output that it belongs to, or nowhere.
///
/// # Panics
/// Where one would go elsewhere.
pub fn results(data: &[u8]) {
    let Ok(manifest) = serde_json::from_slice::<Manifest>(data) else { return };
    for written in &manifest.outputs {
        let output = Path::new("/home/user/out");
        if let Some(path) = destination(output, &written.path) {
            assert!(path.starts_with(output), "{}", path.display());
            let leads_out = |part| matches!(part, std::path::Component::ParentDir);
            assert!(!path.components().any(leads_out), "{}", path.display());
        }
        assert!(encode(&written.file).bytes().all(|byte| byte.is_ascii_graphic() && !b"&?#".contains(&byte)));
    }
}

#[test]
fn seeded_lists_of_results_lead_nowhere_else() {
    let seed = br#"{"stdout": 3, "outputs": [{"output": 0, "path": "a/../b", "file": "x y&z", "length": 1, "sha256": "00"},
        {"output": 7, "path": "/etc/passwd", "file": "", "length": 18446744073709551615, "sha256": ""}]}"#;
    let parts: [&[u8]; 8] = [b"/", b"..", b".", b"\\u0000", b"\\\\", b"%", b"\"", b"a"];
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let mut read = 0;
    for _ in 0..100_000 {
        let mut data = seed.to_vec();
        for _ in 0..next() % 6 {
            let at = next() % data.len();
            data.splice(
                at..at + next() % 2 * usize::from(at + 1 < data.len()),
                parts[next() % 8].iter().copied(),
            );
        }
        read += usize::from(serde_json::from_slice::<Manifest>(&data).is_ok());
        results(&data);
    }
    assert!(read > 10_000, "only {read} of them said anything");
}
