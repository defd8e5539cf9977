//! The job's entrypoint: a line of shell that finds the cluster's Python and starts the driver with it.
//!
//! Ray runs the line as it is, with the environment of a worker. The interpreter is `python` in a virtual environment or a
//! container, and `python3` on a bare system; the one that has Ray is the right one.

use serde::Serialize;

use crate::Result;
use crate::package::text;

/// What the driver has to know; `job.py` of the host is the other half.
#[derive(Debug, Serialize)]
pub struct Spec<'a> {
    /// The job.
    pub job: &'a str,
    /// The build of the program's library.
    pub build: &'a str,
    /// What the program's inputs are called there, in their order.
    pub inputs: &'a [String],
    /// What the program's outputs are called, in their order; the folder is the driver's affair.
    pub outputs: &'a [String],
}

/// The line for `module`, a Python module that the job's packages bring.
pub fn line(module: &str, spec: &Spec<'_>, arguments: &[std::ffi::OsString]) -> Result<String> {
    let spec = serde_json::to_string(spec).unwrap_or_default();
    let mut words = vec![quote(&spec)];
    for argument in arguments {
        words.push(quote(&text(argument.clone())?));
    }
    let has_ray = "import importlib.util as u, sys; sys.exit(u.find_spec(\"ray\") is None)";
    Ok(format!(
        "for python in \"${{MOBULA_JOB_PYTHON:-python}}\" python3; do if \"$python\" -c {} 2>/dev/null; then exec \"$python\" -B \
         -m {module} {}; fi; done; echo 'error: no Python with Ray is on the PATH of the cluster'\"'\"'s workers' >&2; exit \
         127",
        quote(has_ray),
        words.join(" "),
    ))
}

fn quote(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', "'\"'\"'"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_shell_hands_every_word_over_as_it_is() {
        // The interpreter is a script that says yes to the question for Ray and prints the words it is started with.
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python");
        let script = "#!/bin/sh\nif [ \"$1\" = -c ]; then exit 0; fi\nprintf '%s\\n' \"$@\"\n";
        std::fs::write(&python, script).unwrap();
        std::os::unix::fs::PermissionsExt::set_mode(
            &mut std::fs::metadata(&python).unwrap().permissions(),
            0o755,
        );
        std::fs::set_permissions(&python, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let words = ["it's", "$HOME `x` \"y\"", "", "--a=b", "ü; exit 3"];
        let names = ["a b'c".to_owned()];
        let spec = Spec { job: "j", build: "b", inputs: &names, outputs: &[] };
        let line = line("m.job", &spec, &words.map(Into::into)).unwrap();
        let output =
            Command::new("sh").args(["-c", &line]).env("MOBULA_JOB_PYTHON", &python).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let printed: Vec<&str> = printed.lines().collect();
        assert_eq!(printed[..3], ["-B", "-m", "m.job"]);
        assert_eq!(printed[3], r#"{"job":"j","build":"b","inputs":["a b'c"],"outputs":[]}"#);
        assert_eq!(printed[4..], words);
    }

    #[test]
    fn a_cluster_without_python_says_so() {
        let spec = Spec { job: "j", build: "b", inputs: &[], outputs: &[] };
        let line = line("m.job", &spec, &[]).unwrap();
        let output =
            Command::new("/bin/sh").args(["-c", &line]).env("PATH", "/nonexistent").output().unwrap();
        assert_eq!(output.status.code(), Some(127));
        assert!(String::from_utf8_lossy(&output.stderr).contains("cluster's workers"));
    }
}
