//! The Python package as which a program reaches Ray's processes: the host, and the program's library.

use std::io;
use std::path::{Path, PathBuf};

/// What the package is called.
pub(super) const PACKAGE: &str = "mobula_host";

/// What the library is called in it.
pub(super) const LIBRARY: &str = "program.so";

macro_rules! sources {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("host/", $name)))),*] };
}

/// The host, which travels inside the program: its files, and what is in them.
pub(super) const HOST: [(&str, &str); 13] = sources! {
    "__init__.py" "callbacks.py" "calls.py" "driver.py" "errors.py" "interrupts.py" "job.py" "library.py" "python_callers.py"
    "questions.py" "table.py" "values.py" "workers.py"
};

/// Puts the package into a folder of its own, which stays.
///
/// # Errors
/// What the file system says.
pub(super) fn stage(library: &Path) -> io::Result<PathBuf> {
    let folder = tempfile::Builder::new().prefix("mobula-").tempdir()?;
    let package = folder.path().join(PACKAGE);
    std::fs::create_dir(&package)?;
    for (name, source) in HOST {
        std::fs::write(package.join(name), source)?;
    }
    std::fs::copy(library, package.join(LIBRARY))?;
    Ok(folder.keep())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_host_travels() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cluster/host");
        let mut there: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".py"))
            .collect();
        there.sort();
        assert_eq!(HOST.map(|(name, _)| name).to_vec(), there);
    }

    #[test]
    fn both_sides_speak_the_same_version() {
        let (_, table) = HOST.iter().find(|(name, _)| *name == "table.py").unwrap();
        assert!(table.lines().any(|line| line == format!("ABI = {}", crate::cluster::table::ABI)));
    }

    #[test]
    fn a_stage_has_the_host_and_the_library() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libany.so");
        std::fs::write(&library, b"code").unwrap();
        let stage = stage(&library).unwrap();
        let package = stage.join(PACKAGE);
        assert_eq!(std::fs::read(package.join(LIBRARY)).unwrap(), b"code");
        for (name, source) in HOST {
            assert_eq!(std::fs::read_to_string(package.join(name)).unwrap(), source, "{name}");
        }
        std::fs::remove_dir_all(stage).unwrap();
    }
}
