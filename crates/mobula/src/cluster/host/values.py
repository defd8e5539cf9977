"""Values on their way between Ray and the library.

An object is plain `bytes`, its message; with buffers or references beside it, a tuple of message, buffers and references. A class
would say more, and cost more: Ray looks a class up anew for each object that it stores or reads.
"""

import ctypes
import pickle
import weakref
from ctypes import c_uint64

from .held import REFS, hold, pin
from .library import PROGRAM
from .table import READ, Buffer, Lent, memory_view


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
    # Ray stores these outside the pickle, and a worker reads them in place.
    blobs = [pickle.PickleBuffer(view_of(wire.blobs[i])) for i in range(wire.num_blobs)]
    return data, blobs, [REFS[wire.refs[i]] for i in range(wire.num_refs)]


def to_wire(value):
    """A wire for the library, to be kept until the call is over."""
    if type(value) is bytes:
        return Lent(value, len(value))
    if type(value) is not tuple or len(value) != 3 or type(value[0]) is not bytes:
        raise TypeError(f"an object holds a Python {type(value).__name__}, which no Rust task has made")
    data, blobs, refs = value
    blobs = (Buffer * len(blobs))(*map(pin, blobs))
    refs = (c_uint64 * len(refs))(*map(hold, refs))
    return Lent(data, len(data), blobs, len(blobs), refs, len(refs))
