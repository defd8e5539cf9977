"""What Ray's workers run: tasks, constructors and methods of the library."""

from .errors import TaskError
from .interrupts import inside, was_interrupted
from .library import load


def runner(task, build, name, returns):
    """The Python function that Ray runs for a task: of its name, and pickled by value."""

    task = task.encode()

    def run(*values):
        return run_call(task, build, returns, values)

    run.__module__, run.__name__, run.__qualname__ = __package__, name.rpartition("::")[2], name
    return run


def actor_class(spec):
    """The Python class that Ray makes an actor of: a constructor, and a method for each of Rust's."""
    actor, build, name = spec["actor"].encode(), spec["build"], spec["name"]

    def __init__(self, *values):
        self._instance = create(actor, build, values)

    def method(task, path):
        task = task.encode()

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
    return _enter(load(build).create, actor, values)


def run_call(task, build, returns, values, instance=0, whole=0):
    return _enter(load(build).run, task, instance, returns or 0, whole, values)


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
