"""Values on their way between Ray and the library."""

import pickle
import weakref

from .library import PROGRAM


class Value:
    """An object with buffers or references beside its message; an object without is plain `bytes`."""

    __slots__ = ("data", "blobs", "refs")

    def __init__(self, data, blobs, refs):
        self.data, self.blobs, self.refs = data, blobs, refs

    def __reduce__(self):
        return Value, (self.data, [pickle.PickleBuffer(blob) for blob in self.blobs], self.refs)


def parts(value):
    """What the library reads of a `Value`."""
    if not isinstance(value, Value):
        raise TypeError(f"an object holds a Python {type(value).__name__}, which no Rust task has made")
    return value.data, value.blobs, value.refs


def lend(view, token):
    """A view of the library's memory, which goes back when nobody uses it any more."""
    weakref.finalize(view, PROGRAM.free, token).atexit = False
    return view
