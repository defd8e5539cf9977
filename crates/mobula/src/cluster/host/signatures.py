"""Plain Python values for Rust's parameters, and back: what crosses in calls that come from Python."""

import functools
import inspect
import json
import keyword

import ray


def signature_of(parameters, *before, returns=None):
    """The parameters as Python sees them; a name that is none in Python gets an underscore."""
    made = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in before]
    for name, kind in parameters:
        name = f"{name}_" if keyword.iskeyword(name) else name
        made.append(inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind))
    return inspect.Signature(made, return_annotation=returns or inspect.Signature.empty)


@functools.cache
def _known(parameters):
    return signature_of(json.loads(parameters))


def pack(parameters, values, named):
    """The arguments as one message, as Rust's callers send them."""
    import msgpack

    parts = []
    for name, value in _known(json.dumps(parameters)).bind(*values, **named).arguments.items():
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
