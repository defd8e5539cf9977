"""Remote functions and classes for callers in Python: `mobula.load` makes them here.

They differ from what Rust calls in what crosses Ray: plain Python values, both ways. So references are resolved by Ray, several
return values are told apart by Ray, and a worker packs what comes and unpacks what goes.
"""

import inspect
import keyword

import ray

from .calls import ray_options
from .workers import create, run_call


def python_task(spec, build):
    """Ray's remote function of a task, for callers in Python."""
    task, signature = spec["id"].encode(), python_signature(spec)

    def run(*values, **named):
        return unpack(run_call(task, build, None, pack(signature, values, named), whole=1))

    options = ray_options(spec["options"])
    options.setdefault("name", spec["name"])
    return ray.remote(**options)(python_name(run, spec, signature))


def python_actor(spec, build):
    """Ray's remote class of an actor, for callers in Python."""
    actor, signature = spec["id"].encode(), python_signature(spec, "self")

    def __init__(self, *values, **named):
        self._instance = create(actor, build, pack(signature, (self, *values), named))

    def method(each):
        task, signature = each["id"].encode(), python_signature(each, "self")

        def call(self, *values, **named):
            message = pack(signature, (self, *values), named)
            return unpack(run_call(task, build, None, message, self._instance, whole=1))

        return python_name(call, each, signature)

    __init__.__signature__ = signature
    members = {"__init__": __init__, "__module__": __package__, "__qualname__": spec["name"], "__doc__": python_doc(spec)}
    for each in spec["methods"]:
        members[each["name"].rpartition("::")[2]] = method(each)
    options, kind = ray_options(spec["options"]), type(spec["name"], (), members)
    return ray.remote(**options)(kind) if options else ray.remote(kind)


def python_signature(spec, *before):
    """The parameters as Python sees them; a name that is none in Python gets an underscore."""
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in before]
    for name, kind in spec["parameters"]:
        name = f"{name}_" if keyword.iskeyword(name) else name
        parameters.append(inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind))
    return inspect.Signature(parameters, return_annotation=spec["returns"] or inspect.Signature.empty)


def python_name(function, spec, signature):
    function.__module__, function.__qualname__, function.__doc__ = __package__, spec["name"], python_doc(spec)
    function.__name__, function.__signature__ = spec["name"].rpartition("::")[2], signature
    return function


def python_doc(spec):
    """What Rust knows of a function: its signature, and its documentation."""
    parameters = ", ".join(f"{name}: {kind}" for name, kind in spec["parameters"])
    returns = f" -> {spec['returns']}" if spec["returns"] else ""
    return f"{spec['name'].rpartition('::')[2]}({parameters}){returns}\n\n{spec['documentation']}".strip()


def pack(signature, values, named):
    """The arguments as one message, as Rust's callers send them."""
    import msgpack

    parts = []
    for name, value in signature.bind(*values, **named).arguments.items():
        if signature.parameters[name].kind is inspect.Parameter.POSITIONAL_ONLY:
            continue
        # Ray resolves references that are arguments; of a list of them, Rust sees a list of values too.
        if isinstance(value, (list, tuple)) and value and all(isinstance(each, ray.ObjectRef) for each in value):
            value = ray.get(list(value))
        try:
            parts.append(b"\0" + msgpack.packb(value))
        except (TypeError, ValueError, OverflowError) as error:
            raise TypeError(f"argument `{name}` is nothing that Rust can read: {error}") from None
    return [b"".join(parts)] if parts else []


def unpack(message):
    """The value in a message; keys that cannot be keys in Python become tuples."""
    import msgpack

    try:
        return msgpack.unpackb(message, strict_map_key=False)
    except TypeError:
        return msgpack.unpackb(message, strict_map_key=False, object_pairs_hook=hashable)


def hashable(pairs):
    def key(value):
        if isinstance(value, dict):
            return tuple((each, key(of)) for each, of in value.items())
        return tuple(map(key, value)) if isinstance(value, list) else value

    return {key(name): value for name, value in pairs}
