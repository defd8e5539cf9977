"""The driver as a Ray job: `python -m mobula_host.job SPEC PROGRAM ARGUMENTS…`, with the package of the program and the
working directory of its inputs set up by Ray.

A job has no way back but its log and the log API, which serves any file below the session's `logs` folder. So standard
output goes to a file there, the program is told to write its outputs there, and a list of them with lengths and hashes
comes last. The submitter (`crates/jobs`) is the other half.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile

import mobula_host


def main():
    spec, arguments = json.loads(sys.argv[1]), sys.argv[2:]
    folder = None
    inputs = hold_inputs() if spec["inputs"] else None

    def attached(context):
        nonlocal folder
        name = f"mobula-{spec['job']}"
        folder = os.path.join(context.address_info["session_dir"], "logs", name)
        outputs = []
        for number, output in enumerate(spec["outputs"]):
            os.makedirs(os.path.join(folder, "out", str(number)))
            outputs.append(os.path.join(folder, "out", str(number), output))
        os.makedirs(folder, exist_ok=True)
        # The program's standard output is descriptor 1; Python's is standard error already.
        stdout = os.open(os.path.join(folder, "stdout"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(stdout, 1)
        os.close(stdout)
        os.environ["MOBULA_JOB_FILES"] = json.dumps({"inputs": spec["inputs"], "outputs": outputs})

    sys.argv = [sys.argv[0], "", os.environ.get("RAY_ADDRESS", "auto"), spec["build"], *arguments]
    try:
        mobula_host.drive(attached)
    finally:
        if folder is not None:
            report(folder)
        if inputs is not None:
            shutil.rmtree(inputs, ignore_errors=True)


def hold_inputs():
    """Makes the working directory, which has the inputs, this job's own, and goes there.

    Nodes of one machine may share the folder that Ray keeps packages in; the one that comes second removes a package which
    it does not know of, and fetches it anew, while the program reads. Links to the files stay.
    """
    here = os.getcwd()
    own = tempfile.mkdtemp(prefix="mobula-", dir=os.path.dirname(here))
    shutil.copytree(here, own, copy_function=link, dirs_exist_ok=True)
    os.chdir(own)
    return own


def link(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def report(folder):
    """Lists what the program has written, for the submitter."""
    logs = os.path.dirname(folder)
    written = []
    for number in sorted(os.listdir(os.path.join(folder, "out")) if os.path.isdir(os.path.join(folder, "out")) else []):
        root = os.path.join(folder, "out", number)
        for path, relative in files(root):
            with open(path, "rb") as file:
                sha256 = hashlib.sha256()
                while block := file.read(1 << 20):
                    sha256.update(block)
                length = file.tell()
            # The first part of the name is the output itself.
            below = relative.partition(os.sep)[2]
            written.append({
                "output": int(number), "path": below, "file": os.path.relpath(path, logs), "length": length,
                "sha256": sha256.hexdigest(),
            })
    stdout = os.path.getsize(os.path.join(folder, "stdout"))
    unfinished = os.path.join(folder, ".result.json")
    with open(unfinished, "w") as file:
        json.dump({"stdout": stdout, "outputs": written}, file)
    os.rename(unfinished, os.path.join(folder, "result.json"))


def files(root):
    """The files below a folder, by path and by name relative to it, in order."""
    for at, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(at, name)
            yield path, os.path.relpath(path, root)


if __name__ == "__main__":
    main()
