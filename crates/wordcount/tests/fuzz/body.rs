//! The body of the fuzz target `words`, and of the test beside it.

use std::path::Path;

use mobula_wordcount::{
    Counter, Error, count_chunk, count_split, merge, naive, plan_splits, read_split, write,
};

/// Counts bytes on some number of splits, read here and sent, and compares with the plain rules: the words of
/// `str::split_whitespace` with Python's white space, in lower case; or the place of the first byte that is no UTF-8.
///
/// # Panics
/// Where they differ.
pub fn words(data: &[u8], path: &Path) {
    let [splits, reduces, lossy, text @ ..] = data else { return };
    let (splits, reduces, lossy) =
        (usize::from(*splits % 40) + 1, usize::from(*reduces % 5) + 1, lossy % 2 == 1);
    std::fs::write(path, text).unwrap();
    let splits = plan_splits(&[(path, text.len() as u64)], splits);
    let counter = || if lossy { Counter::lossy() } else { Counter::new() };
    let mut outcomes = Vec::new();
    for ship in [false, true] {
        let counted: Result<Vec<_>, Error> = splits
            .iter()
            .map(|split| {
                let mut counter = counter();
                if ship {
                    for chunk in read_split(split)? {
                        count_chunk(&chunk.path, chunk.offset, &chunk.text, &mut counter)?;
                    }
                } else {
                    count_split(split, &mut counter)?;
                }
                Ok(counter.into_buckets(reduces))
            })
            .collect();
        outcomes.push(counted.map(|maps| {
            let ranked: Vec<_> = (0..reduces)
                .map(|at| merge(&maps.iter().map(|map| &map[at]).collect::<Vec<_>>()).unwrap().rank())
                .collect();
            let mut lines = Vec::new();
            write(&ranked, &mut lines).unwrap();
            lines
        }));
    }
    let plain = match std::str::from_utf8(text) {
        Err(error) if !lossy => Err(error.valid_up_to() as u64),
        _ => {
            let mut counts = naive::Counts::new();
            naive::count(&String::from_utf8_lossy(text), &mut counts);
            let mut all: Vec<(String, u64)> = counts.drain().collect();
            all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            Ok(all
                .iter()
                .flat_map(|(word, count)| format!("{word}\t{count}\n").into_bytes())
                .collect::<Vec<_>>())
        }
    };
    for outcome in outcomes {
        let outcome = outcome.map_err(|error| error.offset().expect("an error with a place"));
        assert_eq!(outcome, plain);
    }
}
