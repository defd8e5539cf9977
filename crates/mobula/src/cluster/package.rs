//! The host, which travels inside the program's library, and what a driver in Python starts with.

/// What the host's package is called in a job, and what a program's library is called in it.
#[cfg(feature = "jobs")]
pub(super) const PACKAGE: &str = "mobula_host";
#[cfg(feature = "jobs")]
pub(super) const LIBRARY: &str = "program.so";

macro_rules! sources {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("host/", $name)))),*] };
}

/// The host's files, and what is in them.
pub(super) const HOST: [(&str, &str); 16] = sources! {
    "__init__.py" "callbacks.py" "calls.py" "driver.py" "errors.py" "interrupts.py" "job.py" "library.py" "package.py"
    "python_callers.py" "questions.py" "signatures.py" "table.py" "tokens.py" "values.py" "workers.py"
};

/// The source by which a driver gets the host out of the library. It has to be small enough for a variable.
pub(super) const START: &str = include_str!("host/package.py");

#[cfg(test)]
mod tests {
    use std::path::Path;

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
}
