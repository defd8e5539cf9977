//! The index is the same for any number of tasks.

use std::collections::BTreeMap;

use inverted_index::{InvertedIndex, Postings};
use mobula::{LocalConfig, Ray};
use mobula_mapreduce::{MapReduce, PathBytes};

#[test]
fn every_division_gives_the_same_index() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    std::fs::write(&one, "The cat, the hat.").unwrap();
    std::fs::write(&two, "A hat; no cat? A bat!").unwrap();
    let ray = Ray::local(LocalConfig::with_cpus(2.0));
    for (m, n) in [(1, 1), (1, 3), (5, 1), (40, 2)] {
        let run = MapReduce::new(InvertedIndex).map_tasks(m).reduce_tasks(n);
        let outcome = run.run(&ray, &[folder.path().into()]).unwrap();
        assert_eq!(outcome.outputs.len(), n);
        let index: BTreeMap<String, Postings> = outcome.outputs.into_iter().flatten().collect();
        let words: Vec<&str> = index.keys().map(String::as_str).collect();
        assert_eq!(words, ["a", "bat", "cat", "hat", "no", "the"]);
        assert_eq!(index["a"], Postings::from([(PathBytes(two.clone()), 2)]));
        assert_eq!(index["the"], Postings::from([(PathBytes(one.clone()), 2)]));
        assert_eq!(index["cat"], Postings::from([(PathBytes(one.clone()), 1), (PathBytes(two.clone()), 1)]));
    }
}
