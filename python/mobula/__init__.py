"""Rust tasks and actors of a Mobula program, as Ray's remote functions and classes.

    import mobula, ray
    program = mobula.load("target/release/libwordcount.so")   # attaches to Ray, as `ray.init()` does
    ray.get(program.count.remote("some text", 3))
    counter = program.Counter.options(name="counter").remote(5)
    ray.get(counter.add.remote(2))

What `load` returns has every task and actor by its short name, or, where two share it, as `program["crate::module::name"]`.
They are Ray's own remote functions and classes: `.remote`, `.options`, `num_returns`, references as arguments, `ray.kill`, all
as for Python's. Arguments and results are None, bool, int, float, str, bytes, list, tuple and dict: a struct is a dict,
an enum's variant its name or `{name: fields}`, a tuple a list. Where an argument is a list of references, Rust gets a list of values.
A task that fails raises `mobula.TaskError`.

The library travels with the job, so the cluster's nodes need Ray and nothing else.
"""

import atexit
import ctypes
import importlib
import json
import logging
import os
import shutil
import sys
import tempfile

import ray

__all__ = ["TaskError", "load", "runtime_env"]

PACKAGE = "mobula_host"
BUILD = "MOBULA_BUILD"
FIRST_ABI = 4  # the first that describes itself this way


class _Slice(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_size_t)]

    def text(self):
        return ctypes.string_at(self.data, self.len).decode()


class _Program(ctypes.Structure):
    """The front of the library's C table, which is the same in every version from `FIRST_ABI` on."""

    _fields_ = [
        ("abi", ctypes.c_uint32), ("size", ctypes.c_uint32), ("name", _Slice), ("build", _Slice),
        ("describe", ctypes.CFUNCTYPE(_Slice)),
    ]


class Program:
    """The tasks and actors of one library: by attribute, or by path in brackets."""

    def __init__(self, name, build, stage):
        self._name, self._build, self._stage = name, build, stage
        self._all, self._short, self._signatures = {}, {}, {}

    def _add(self, spec, make):
        """`make` makes the remote function or class, when it is first asked for."""
        path = spec["name"]
        self._all[path] = make
        self._short.setdefault(path.rpartition("::")[2], []).append(path)
        parameters = ", ".join(f"{name}: {kind}" for name, kind in spec["parameters"])
        self._signatures[path] = f"{path}({parameters})" + (f" -> {spec['returns']}" if spec["returns"] else "")

    def __getitem__(self, path):
        if path not in self._all:
            raise KeyError(f"{self._name} has no `{path}`; it has {', '.join(self._all)}")
        made = self._all[path]
        if isinstance(made, _Unmade):
            made = self._all[path] = made()
        return made

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        paths = self._short.get(name, [])
        if len(paths) == 1:
            return self[paths[0]]
        if paths:
            raise AttributeError(f"{name} is ambiguous; by path: " + ", ".join(f'["{path}"]' for path in paths))
        raise AttributeError(f"{self._name} has no task or actor `{name}`; it has {', '.join(sorted(self._short))}")

    def __dir__(self):
        return sorted(name for name, paths in self._short.items() if len(paths) == 1)

    def __repr__(self):
        return "\n  ".join([f"{self._name}:", *(self._signatures[path] for path in sorted(self._signatures))])


class _Unmade:
    def __init__(self, make, *arguments):
        self.make, self.arguments = make, arguments

    def __call__(self):
        return self.make(*self.arguments)


_program = None


def load(path, **init):
    """Loads a program's library and attaches to Ray, unless that was done with `runtime_env` already.

    `init` goes to `ray.init`, which without `address` heeds RAY_ADDRESS. A process can have one program at a time.
    """
    program = _open(path)
    if not ray.is_initialized():
        init["runtime_env"] = _with_program(program, init.get("runtime_env"))
        sys.modules[PACKAGE].attach(**init)
    elif init:
        raise RuntimeError(f"Ray is attached already, so {', '.join(init)} can have no effect")
    elif ray.get_runtime_context().runtime_env.get("env_vars", {}).get(BUILD) != program._build:
        raise RuntimeError(
            "Ray is attached already, and its job does not bring this library along\n\nhint: call mobula.load before "
            "ray.init, or attach with ray.init(runtime_env=mobula.runtime_env(path)), or call ray.shutdown() first"
        )
    return program


def runtime_env(path, **others):
    """The `runtime_env` for a `ray.init` of one's own, before `load`; `others` are further fields of it."""
    return _with_program(_open(path), others)


def _with_program(program, others):
    env = dict(others or {})
    env["py_modules"] = [os.path.join(program._stage, PACKAGE), *env.get("py_modules", [])]
    env["env_vars"] = {**env.get("env_vars", {}), BUILD: program._build}
    # Ray warns of files from 10 MiB up, which a library easily is.
    logging.getLogger("ray._private.runtime_env.packaging").setLevel(logging.ERROR)
    return env


def _open(path):
    """Stages the library as Ray's nodes get it, and reads from the copy what is in it."""
    global _program
    stage = tempfile.mkdtemp(prefix="mobula-")
    package = os.path.join(stage, PACKAGE)
    try:
        os.mkdir(package)
        staged = shutil.copy(path, os.path.join(package, "program.so"))
        name, build, about = _read(path, staged)
        if _program is not None and _program._build != build:
            raise RuntimeError(
                f"this process has loaded another program or build: {_program._name} ({_program._build}), and now "
                f"{name} ({build})\n\nhint: one program at a time; restart the notebook's kernel"
            )
        if _program is None:
            for module, source in about["host"].items():
                with open(os.path.join(package, module), "w", encoding="utf-8") as file:
                    file.write(source)
            _program = _make(name, build, stage, about)
            atexit.register(shutil.rmtree, stage, True)
    finally:
        if _program is None or _program._stage != stage:
            shutil.rmtree(stage, True)
    return _program


def _read(path, staged):
    try:
        entry = ctypes.CDLL(staged).mobula_program
    except AttributeError:
        raise RuntimeError(f"{path} has no `mobula_program`: is its main marked #[mobula::main]?") from None
    entry.restype = ctypes.POINTER(_Program)
    table = entry()[0]
    if table.abi < FIRST_ABI:
        raise RuntimeError(f"{path} speaks version {table.abi} of the C table, this package {FIRST_ABI} or newer: build it anew")
    about = json.loads(table.describe().text())
    if "error" in about:
        raise RuntimeError(f"{path}: {about['error']}")
    return table.name.text(), table.build.text(), about


def _make(name, build, stage, about):
    # Byte code would change what Ray uploads.
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, stage)
    try:
        host = importlib.import_module(PACKAGE)
    finally:
        sys.dont_write_bytecode = before
    program = Program(name, build, stage)
    for spec in about["tasks"]:
        program._add(spec, _Unmade(host.python_task, spec, build))
    for spec in about["actors"]:
        program._add(spec, _Unmade(host.python_actor, spec, build))
    return program


def __getattr__(name):
    # The host's own class, which is there once a library is loaded.
    if name == "TaskError" and PACKAGE in sys.modules:
        return sys.modules[PACKAGE].TaskError
    raise AttributeError(f"module `mobula` has no `{name}`" + (" before `load`" if name == "TaskError" else ""))
