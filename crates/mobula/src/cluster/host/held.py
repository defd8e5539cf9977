"""What the library holds, by number."""

import itertools
from ctypes import byref

from .table import Buffer, PyBuffer, get_buffer

next_number = itertools.count(1).__next__
REFS = {}  # references, actor handles, placement groups
PINS = {}  # buffers that the library reads in place
CALLS = {}  # kinds of calls: a remote function, a remote class or a `Method`
FRAMES = {}  # what the tasks that are running have returned so far


def hold(ref):
    handle = next_number()
    REFS[handle] = ref
    return handle


def pin(buffer):
    view = PyBuffer()
    get_buffer(buffer, byref(view), 0)
    number = next_number()
    PINS[number] = view
    return Buffer(view.buf, view.len, number)
