"""The driver as a Ray job: `python -m mobula_host.job JOB`, with the packages of the program (`mobula_host`), of its arguments
(`mobula_job`) and of the user's files (`mobula_files`) set up by Ray. From there on it is a driver like others: its workers get
the library as theirs do.

Names and arguments are bytes, in hexadecimal. The files come by number, off Python's path, and get their names in a folder
of this job's own.

A job has no way back but its log and the log API, which serves any file below the session's `logs` folder. So standard
output goes to a file there, the program is told to write its outputs there, and a list of them with lengths and hashes
comes last. The submitter (`crates/jobs`) is the other half.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import sys
import tempfile

from .package import open_library


def main():
    job = sys.argv[1]
    with open(os.path.join(package("mobula_job"), "spec.json"), encoding="utf-8") as file:
        spec = json.load(file)
    arguments = [text(argument) for argument in spec["arguments"]]
    folder = None
    own = hold_inputs(spec) if spec["inputs"] else None

    def attached(context):
        nonlocal folder
        # Not before Ray has looked at the current folder, which it puts on the path of workers.
        if own is not None:
            os.chdir(own)
        name = f"mobula-{job}"
        folder = os.path.join(context.address_info["session_dir"], "logs", name)
        outputs = []
        for number, output in enumerate(spec["outputs"]):
            os.makedirs(os.path.join(folder, "out", str(number)))
            outputs.append(os.path.join(folder, "out", str(number), text(output)))
        os.makedirs(folder, exist_ok=True)
        # The program's standard output is descriptor 1; Python's is standard error already.
        stdout = os.open(os.path.join(folder, "stdout"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(stdout, 1)
        os.close(stdout)
        places = os.path.join(folder, ".places.json")
        with open(places, "w", encoding="utf-8") as file:
            json.dump({"inputs": spec["inputs"], "outputs": [os.fsencode(output).hex() for output in outputs]}, file)
        os.environ["MOBULA_JOB_FILES"] = places

    library = os.path.join(os.path.dirname(os.path.abspath(__file__)), "program.so")
    sys.argv = [sys.argv[0], library, os.environ.get("RAY_ADDRESS", "auto"), spec["build"], *arguments]
    try:
        host, packing = open_library(library)
        importlib.import_module(f"{host.__name__}.driver").drive(packing, attached)
    finally:
        if folder is not None:
            report(folder)
        if own is not None:
            shutil.rmtree(own, ignore_errors=True)


def text(name):
    return os.fsdecode(bytes.fromhex(name))


def package(name):
    """The folder of a package that Ray has set up."""
    return next(iter(importlib.util.find_spec(name).submodule_search_locations))


def hold_inputs(spec):
    """Makes a folder with the inputs under their names, and nothing else.

    Nodes of one machine may share the folder that Ray keeps packages in; the one that comes second removes a package which
    it does not know of, and fetches it anew, while the program reads. Links to the files stay.
    """
    source = package("mobula_files")
    own = tempfile.mkdtemp(prefix="mobula-", dir=os.path.dirname(os.path.dirname(source)))
    for folder in spec["folders"]:
        os.makedirs(os.path.join(own, text(folder)), exist_ok=True)
    for number, file in enumerate(spec["files"]):
        path = os.path.join(own, text(file))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        link(os.path.join(source, str(number)), path)
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
