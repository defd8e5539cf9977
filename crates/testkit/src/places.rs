//! Where things are: the repository, its build folder, the data beside it.

use std::path::{Path, PathBuf};

/// The repository's root.
#[must_use]
pub fn repository() -> PathBuf {
    // This crate lies two folders below the root.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// The build folder: the one this program runs from, else `CARGO_TARGET_DIR`, else `target` in the repository.
///
/// Cargo marks the folder with a `CACHEDIR.TAG`, which finds it wherever a test's executable was put.
#[must_use]
pub fn target_dir() -> PathBuf {
    let executable = std::env::current_exe().unwrap_or_default();
    let marked = executable.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    match marked {
        Some(folder) => folder.to_path_buf(),
        None => std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| repository().join("target"), |folder| repository().join(folder)),
    }
}

/// The folder with data too large for the repository: `MOBULA_SHARED`, else `../shared` beside the repository.
///
/// `None` when it is absent; a test then says so with [`skip!`](crate::skip!) and passes.
///
/// ```
/// use mobula_testkit::{shared_dir, skip};
///
/// fn reads_the_corpus() {
///     let Some(shared) = shared_dir() else { skip!("no folder with shared data") };
///     assert!(shared.is_dir());
/// }
/// ```
#[must_use]
pub fn shared_dir() -> Option<PathBuf> {
    let named = std::env::var_os("MOBULA_SHARED").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| repository().join("../shared"));
    folder.is_dir().then(|| folder.canonicalize().unwrap_or(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_holds_the_workspace() {
        let manifest = std::fs::read_to_string(repository().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn this_test_runs_from_the_target_folder() {
        assert!(std::env::current_exe().unwrap().starts_with(target_dir()));
    }
}
