//! The job's entrypoint: a line of shell that finds the cluster's Python and starts the driver with it.
//!
//! Ray runs the line as it is, with the environment of a worker, below the process that looks after the job. The interpreter
//! is the one whose Ray that process has loaded: on the `PATH` where a virtual environment is active or a container was made
//! for it, else beside the library. What the driver has to know stands in a file of its own package (`carried.rs`): a command
//! line has an end.

/// The line that runs `module`, a Python module that the job's packages bring, as job `id`.
pub fn line(module: &str, id: &str) -> String {
    // Not from the current folder, whose files may be called like modules.
    let has_ray = "import importlib.util as u, os, sys; s = u.find_spec(\"ray\"); w = sys.argv[1]; sys.exit(s is None or \
                   bool(w) and os.path.realpath(os.path.dirname(s.origin)) != os.path.realpath(w))";
    [
        "ray=",
        "while read -r _ _ _ _ _ file; do case $file in */ray/_raylet.so) ray=${file%/_raylet.so}; break;; esac; done \
         </proc/$PPID/maps",
        "beside=${ray%/lib*/python*}/bin",
        "for wanted in \"$ray\" \"\"; do for python in \"$MOBULA_JOB_PYTHON\" python \"$beside/python\" \"$beside/python3\" \
         python3 /proc/$PPID/exe",
        &format!(
            "do if [ -n \"$python\" ] && (cd / && \"$python\" -c '{has_ray}' \"$wanted\") 2>/dev/null; then exec \"$python\" -B \
             -m {module} {id}; fi; done; done"
        ),
        "echo 'error: no Python with Ray is on this node: neither beside the Ray that runs there nor on its PATH' >&2",
        "exit 127",
    ]
    .join("; ")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::process::{Command, Output};

    use super::*;

    /// An interpreter that has Ray where it is said to be, and prints the words it is started with.
    fn python(path: &Path, ray: &str) {
        let script = format!(
            "#!/bin/sh\nif [ \"$1\" = -c ]; then [ -z \"$3\" ] || [ \"$3\" = '{ray}' ]; exit; fi\nprintf '%s\\n' \"$0\" \"$@\"\n"
        );
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, script).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(line: &str, path: &Path) -> Output {
        Command::new("/bin/sh").args(["-c", line]).env("PATH", path).output().unwrap()
    }

    #[test]
    fn the_interpreter_on_the_path_runs_the_module() {
        let folder = tempfile::tempdir().unwrap();
        python(&folder.path().join("python"), "");
        let output = run(&line("m.job", "id-1"), folder.path());
        let printed = String::from_utf8(output.stdout).unwrap();
        let words: Vec<&str> = printed.lines().skip(1).collect();
        assert_eq!(words, ["-B", "-m", "m.job", "id-1"], "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A head that was started by `/some/venv/bin/ray` has nothing of it on its `PATH`.
    #[test]
    fn the_interpreter_beside_the_ray_that_runs_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let venv = folder.path().join("a venv");
        let ray = venv.join("lib/python3.12/site-packages/ray");
        std::fs::create_dir_all(&ray).unwrap();
        // What a process has mapped, as the kernel lists it.
        let maps = folder.path().join("maps");
        let mapped = format!("7f00-7f01 r-xp 00000000 fe:00 1234   {}/_raylet.so\n", ray.display());
        std::fs::write(&maps, format!("5500-5501 r--p 00000000 fe:00 1 /usr/bin/python3.12\n{mapped}"))
            .unwrap();
        python(&venv.join("bin/python"), ray.to_str().unwrap());
        // Another Ray, on the path, is not the cluster's.
        python(&folder.path().join("path/python"), "/other/ray");
        let line = line("m.job", "id").replace("</proc/$PPID/maps", &format!("<{}", maps.display()));
        let output = run(&line, &folder.path().join("path"));
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.starts_with(venv.join("bin/python").to_str().unwrap()), "{printed} {line}");
    }

    #[test]
    fn a_node_without_python_says_so() {
        let output = run(&line("m.job", "id"), Path::new("/nonexistent"));
        assert_eq!(output.status.code(), Some(127));
        assert!(String::from_utf8_lossy(&output.stderr).contains("no Python with Ray is on this node"));
    }
}
