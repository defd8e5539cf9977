//! The example notebook on a Ray cluster: its code cells, in order, in the cluster's own Python.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use std::path::Path;
use std::time::Duration;

use mobula_testkit::{cluster, repository, watchdog};

const LIMIT: Duration = Duration::from_secs(300);

/// Runs a notebook as Jupyter would, short of showing what its cells come to.
const RUN: &str = "
import json, sys
cells = json.load(open(sys.argv[1]))['cells']
code = [''.join(cell['source']) for cell in cells if cell['cell_type'] == 'code']
assert code and not any(cell.get('outputs') for cell in cells), 'outputs are stripped'
names = {'__name__': '__main__'}
for number, cell in enumerate(code):
    exec(compile(cell, f'cell {number}', 'exec'), names)
print(len(code), 'cells')
";

#[test]
fn the_notebook_counts_words() {
    let Some(cluster) = cluster() else { return };
    watchdog(LIMIT, move || {
        // `cargo build` puts the library beside the executable, `cargo test` only among the dependencies.
        let folder = Path::new(env!("CARGO_BIN_EXE_mobula")).parent().unwrap();
        let places = [folder.join("libmobula_cli.so"), folder.join("deps/libmobula_cli.so")];
        let built = places.iter().filter(|path| path.is_file());
        let library = built.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap();
        let notebook = repository().join("examples/from-python/wordcount.ipynb");
        let mut python = cluster.python_command();
        python.args(["-B", "-c", RUN]).arg(&notebook).current_dir(notebook.parent().unwrap());
        python.env("PYTHONPATH", repository().join("python")).env("MOBULA_LIBRARY", library);
        let output = python.env("RAY_ADDRESS", &cluster.address).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{out}\n{err}");
        // The most frequent word of its three texts, then the refusal, and all cells ran.
        assert!(out.contains("   4 to\n   3 be\n   3 not\n"), "{out}\n{err}");
        assert!(out.contains("bad") && out.contains("UTF-8"), "{out}\n{err}");
        assert!(out.ends_with(" cells\n"), "{out}\n{err}");
    });
}
