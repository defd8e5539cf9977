"""What Ray's workers run: tasks, constructors and methods of the library.

The functions and classes that Ray pickles are made inside functions, and use nothing from outside but `enter` (`package.py`): so
cloudpickle takes them by value, and a worker needs nothing of the program beforehand.
"""

from . import signatures
from .errors import TaskError
from .interrupts import inside, was_interrupted
from .library import load
from .package import carrier

# What the arguments of Rust's calls of methods begin with, as in `engine.rs`; MessagePack has no such byte, and Python's callers
# no such argument.
FROM_RUST = b"\xc1mobula\0"
enter, _, _ = carrier()


def runner(task, key, source, name, returns):
    """The Python function that Ray runs for a task."""
    task, bring = task.encode(), enter

    def run(*values):
        return bring(key, source).workers.run_call(task, returns, values)

    return named(run, name)


def python_runner(spec, key, source):
    """The same for callers in Python, with plain values."""
    task, bring = spec["id"].encode(), enter
    parameters = spec["parameters"]

    def run(*values, **named):
        return bring(key, source).workers.python_call(task, parameters, values, named)

    return named(run, spec["name"])


def named(function, name):
    function.__module__, function.__name__, function.__qualname__ = "mobula", name.rpartition("::")[2], name
    return function


def actor_class(spec, key, source, signature=None):
    """The Python class that Ray makes an actor of: a constructor, and a method for each of Rust's, which answers callers of both
    languages. `signature` is the constructor's, for callers in Python."""
    actor, name, parameters, bring = spec["id"].encode(), spec["name"], spec["parameters"], enter
    from_python = signature is not None

    def __init__(self, *values, **named):
        self._host = bring(key, source)
        self._instance = self._host.workers.create(actor, parameters if from_python else None, values, named)

    def method(task, parameters, path):
        task = task.encode()

        def call(self, *values, **named):
            return self._host.workers.method_call(task, parameters, values, named, self._instance)

        call.__name__, call.__qualname__ = path.rpartition("::")[2], path
        return call

    if from_python:
        __init__.__signature__ = signature
    members = {"__init__": __init__, "__module__": "mobula", "__qualname__": name, spec["marker"]: lambda self: None}
    for each in spec["methods"]:
        path = each["name"]
        members[path.rpartition("::")[2]] = method(each["id"], each["parameters"], path)
    return type(name, (), members)


def create(actor, parameters, values, named):
    if parameters is not None:
        values = signatures.pack(parameters, values, named)
    return _enter(load().create, actor, values)


def run_call(task, returns, values, instance=0):
    return _enter(load().run, task, instance, returns or 0, 0, values)


def python_call(task, parameters, values, named, instance=0):
    message = signatures.pack(parameters, values, named)
    return signatures.unpack(_enter(load().run, task, instance, 0, 1, message))


def method_call(task, parameters, values, named, instance):
    first = values[0] if values else None
    if type(first) is tuple and first:
        first = first[0]
    if type(first) is not bytes or not first.startswith(FROM_RUST):
        return python_call(task, parameters, values, named, instance)
    # How many objects the call is to return comes last, where it says so.
    *values, returns = values if type(values[-1]) is int else (*values, None)
    return run_call(task, returns, values, instance)


def _enter(function, *arguments):
    """Calls the library; an interrupt that it has not noticed is raised after all."""
    try:
        made = inside(function, *arguments)
    except TaskError:
        if was_interrupted():
            raise KeyboardInterrupt from None
        raise
    if was_interrupted():
        raise KeyboardInterrupt
    return made
