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

The library is put into Ray as an object, and workers fetch it from there, so the cluster's nodes need Ray and nothing else, and
`load` may come before `ray.init` or after it. A process can have several programs. An actor's methods can be called from both
languages, whichever made it: `ray.get_actor` finds one that Rust has named.
"""

import ctypes
import importlib
import json
import os
import sys
import types

import ray

__all__ = ["TaskError", "load"]

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

    def __init__(self, name):
        self._name = name
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


_programs = {}


def load(path, **init):
    """Loads a program's library, and attaches to Ray unless that was done: `init` goes to `ray.init`, which without `address` heeds
    RAY_ADDRESS. After `ray.shutdown`, load it again."""
    host, packing = _open(path)
    if not ray.is_initialized():
        importlib.import_module(f"{host.__name__}.driver").attach(**init)
    elif init:
        raise RuntimeError(f"Ray is attached already, so {', '.join(init)} can have no effect")
    job = ray.get_runtime_context().get_job_id()
    if (host.KEY, job) not in _programs:
        # What Ray was given before went with the job.
        importlib.import_module(f"{host.__name__}.calls").put(packing.result())
        _programs[host.KEY, job] = _make(host)
    return _programs[host.KEY, job]


def _open(path):
    """The host of a library, and a future of what is to travel of it. How that is done, the library itself carries."""
    about = _read(path)
    package = types.ModuleType("mobula_package")
    exec(compile(about["host"]["package.py"], "mobula_host/package.py", "exec"), package.__dict__)
    return package.open_library(path)


def _read(path):
    """What a library says of itself, from a copy: the file may be built anew while this process lives."""
    with open(path, "rb") as file:
        library = file.read()
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("mobula"), "wb") as copy:
            copy.write(library)
            copy.flush()
            loaded = ctypes.CDLL(f"/proc/self/fd/{copy.fileno()}")
    else:
        loaded = ctypes.CDLL(os.path.abspath(path))
    try:
        entry = loaded.mobula_program
    except AttributeError:
        raise RuntimeError(f"{path} has no `mobula_program`: is its main marked #[mobula::main]?") from None
    entry.restype = ctypes.POINTER(_Program)
    table = entry()[0]
    if table.abi < FIRST_ABI:
        raise RuntimeError(f"{path} speaks version {table.abi} of the C table, this package {FIRST_ABI} or newer: build it anew")
    about = json.loads(table.describe().text())
    if "error" in about:
        raise RuntimeError(f"{path}: {about['error']}")
    return about


def _make(host):
    makes = importlib.import_module(f"{host.__name__}.python_callers")
    program = Program(host.ABOUT["name"])
    for spec in host.ABOUT["tasks"]:
        program._add(spec, _Unmade(makes.python_task, spec))
    for spec in host.ABOUT["actors"]:
        program._add(spec, _Unmade(makes.python_actor, spec))
    return program


def __getattr__(name):
    # One class for all programs of this process, which is there once a library is loaded.
    if name == "TaskError" and "mobula_programs" in sys.modules:
        return sys.modules["mobula_programs"].TaskError
    raise AttributeError(f"module `mobula` has no `{name}`" + (" before `load`" if name == "TaskError" else ""))
