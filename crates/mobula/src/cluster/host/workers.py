"""What Ray's workers run: tasks, constructors and methods of the library."""

import ctypes
import functools
from ctypes import byref, c_char_p, c_uint64, c_void_p

from .errors import CANCELLED, TaskError
from .held import FRAMES, next_number
from .interrupts import inside, was_interrupted
from .library import load
from .table import Lent, Slice
from .values import to_wire


def runner(task, build, name, returns):
    """The Python function that Ray runs for a task: of its name, and pickled by value."""

    def run(*values):
        return run_call(task, build, returns, values)

    run.__module__, run.__name__, run.__qualname__ = __package__, name.rpartition("::")[2], name
    return run


def actor_class(spec):
    """The Python class that Ray makes an actor of: a constructor, and a method for each of Rust's."""
    actor, build, name = spec["actor"], spec["build"], spec["name"]

    def __init__(self, *values):
        self._instance = create(actor, build, values)

    def method(task, path):
        def call(self, *values):
            # How many objects the call is to return comes last, where it says so.
            *values, returns = values if values and type(values[-1]) is int else (*values, None)
            return run_call(task, build, returns, values, self._instance)

        call.__name__, call.__qualname__ = path.rpartition("::")[2], path
        return call

    members = {"__init__": __init__, "__module__": __package__, "__qualname__": name, spec["marker"]: lambda self: None}
    for each in spec["methods"]:
        members[each["name"]] = method(each["id"], f"{name}::{each['name']}")
    return type(name, (), members)


def create(actor, build, values):
    program, instance = load(build), c_uint64()
    _enter(program, actor, values, lambda *call: program.create(*call, byref(instance)))
    return instance.value


def run_call(task, build, returns, values, instance=0, whole=0):
    program = load(build)

    def run(name, wires, n, frame):
        return program.run(name, instance, wires, n, returns or -1, whole, frame)

    made = _enter(program, task, values, run)
    return made if returns is not None and returns > 1 else made[0]


@functools.cache
def lasting(text):
    """A text as a slice that is never freed."""
    text = text.encode()
    made = Slice(ctypes.cast(c_char_p(text), c_void_p), len(text))
    made.text = text
    return made


def _enter(program, task, values, function):
    """Calls the library for a task, an actor's constructor or a method; what it has emitted."""
    frame = next_number()
    made = FRAMES[frame] = []
    try:
        wires = (Lent * len(values))(*map(to_wire, values)) if values else None
        code = inside(function, lasting(task), wires, len(values), frame)
    finally:
        del FRAMES[frame]
    if code == CANCELLED or was_interrupted():
        raise KeyboardInterrupt
    if code:
        task, _, message = made[-1].decode("utf-8", "replace").partition("\0")
        raise TaskError(task, message, code)
    return made
