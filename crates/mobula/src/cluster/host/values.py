"""Values on their way between Ray and the library."""

import ctypes
import pickle
import weakref
from ctypes import c_uint64

from .held import REFS, hold, pin
from .library import PROGRAM
from .table import READ, Buffer, Lent, memory_view


class Value:
    """An object with buffers or references beside its message; an object without is plain `bytes`."""

    __slots__ = ("data", "blobs", "refs")

    def __init__(self, data, blobs, refs):
        self.data, self.blobs, self.refs = data, blobs, refs

    def __reduce__(self):
        return Value, (self.data, [pickle.PickleBuffer(blob) for blob in self.blobs], self.refs)


def view_of(buffer):
    """A buffer of the library as a Python object: borrowed for the call, or kept until nobody uses it."""
    view = memory_view(buffer.data, buffer.len, READ) if buffer.len else memoryview(b"")
    if buffer.owner:
        weakref.finalize(view, PROGRAM.free, buffer.owner).atexit = False
    return view


def from_wire(wire):
    """The Python object of a value that the library hands over."""
    data = ctypes.string_at(wire.data, wire.len) if wire.len else b""
    if not wire.num_blobs and not wire.num_refs:
        return data
    blobs = [view_of(wire.blobs[i]) for i in range(wire.num_blobs)]
    return Value(data, blobs, [REFS[wire.refs[i]] for i in range(wire.num_refs)])


def to_wire(value):
    """A wire for the library, to be kept until the call is over."""
    if type(value) is bytes:
        return Lent(value, len(value))
    if not isinstance(value, Value):
        raise TypeError(f"an object holds a Python {type(value).__name__}, which no Rust task has made")
    blobs = (Buffer * len(value.blobs))(*[pin(blob) for blob in value.blobs])
    refs = (c_uint64 * len(value.refs))(*[hold(ref) for ref in value.refs])
    return Lent(value.data, len(value.data), blobs, len(blobs), refs, len(refs))
