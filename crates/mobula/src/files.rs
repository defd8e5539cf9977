//! The files among a program's arguments, for when it runs as a Ray job.
//!
//! A job runs on a machine that has none of the submitter's files. [`Files`] visits the paths among a program's arguments
//! twice: on the submitter it takes note of them, so that inputs travel with the job and outputs come back; in the job's
//! driver it puts others in their place. Attached in any other way, and embedded, paths stay what they are.

use std::path::PathBuf;

use serde::Deserialize;

/// By which the driver of a job is told what became of its files; `job.py` is the other half.
const VARIABLE: &str = "MOBULA_JOB_FILES";

/// A visitor of the paths among a program's arguments, for [`Arguments::files`](crate::Arguments::files).
///
/// ```
/// use std::path::PathBuf;
/// use mobula::{Arguments, Files};
///
/// struct Args { texts: Vec<PathBuf>, output: Option<PathBuf> }
///
/// impl Arguments for Args {
///     fn parse() -> Result<Self, u8> {
///         Ok(Args { texts: vec!["texts".into()], output: Some("counts".into()) })
///     }
///     fn address(&self) -> Option<String> {
///         None
///     }
///     fn files(&mut self, files: &mut Files) {
///         self.texts.iter_mut().for_each(|path| files.input(path));
///         self.output.iter_mut().for_each(|path| files.output(path));
///     }
/// }
/// ```
#[derive(Debug, Default)]
pub struct Files {
    declared: Declared,
    /// In a job's driver: the paths that take the declared ones' places.
    places: Option<Places>,
}

/// What a program has declared.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) outputs: Vec<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Places {
    inputs: Vec<PathBuf>,
    outputs: Vec<PathBuf>,
}

impl Files {
    /// A file that the program reads, or a folder, of which all files but the hidden ones travel.
    pub fn input(&mut self, path: &mut PathBuf) {
        let place = self.places.as_ref().and_then(|places| places.inputs.get(self.declared.inputs.len()));
        self.declared.inputs.push(path.clone());
        if let Some(place) = place {
            path.clone_from(place);
        }
    }

    /// A file that the program writes, or a folder.
    pub fn output(&mut self, path: &mut PathBuf) {
        let place = self.places.as_ref().and_then(|places| places.outputs.get(self.declared.outputs.len()));
        self.declared.outputs.push(path.clone());
        if let Some(place) = place {
            path.clone_from(place);
        }
    }

    /// For this process: a job's driver, or any other.
    pub(crate) fn of_process() -> Files {
        let places = std::env::var(VARIABLE).ok().and_then(|text| serde_json::from_str(&text).ok());
        Files { declared: Declared::default(), places }
    }

    pub(crate) fn declared(self) -> Declared {
        self.declared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(mut files: Files) -> (Vec<PathBuf>, Declared) {
        let mut paths: Vec<PathBuf> = ["a", "/b", "out"].map(PathBuf::from).into();
        let (inputs, outputs) = paths.split_at_mut(2);
        inputs.iter_mut().for_each(|path| files.input(path));
        outputs.iter_mut().for_each(|path| files.output(path));
        (paths, files.declared())
    }

    #[test]
    fn a_submitter_takes_note_and_a_driver_puts_others_in_place() {
        let paths = |names: [&str; 3]| names.map(PathBuf::from).to_vec();
        let (seen, declared) = visit(Files::default());
        assert_eq!(seen, paths(["a", "/b", "out"]));
        assert_eq!((declared.inputs, declared.outputs), (seen[..2].to_vec(), seen[2..].to_vec()));
        let places =
            serde_json::from_str(r#"{"inputs": ["a", "e/1/b"], "outputs": ["/logs/0/out"]}"#).unwrap();
        let (seen, _) = visit(Files { places: Some(places), ..Files::default() });
        assert_eq!(seen, paths(["a", "e/1/b", "/logs/0/out"]));
    }
}
