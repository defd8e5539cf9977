"""Values on their way between Ray and the library: `bytes` where there is only a message, else a tuple of the message, how many
buffers follow, the buffers, and the references.

They are made of Python's own types alone, which Ray pickles without a line of Python.
"""

import pickle
import weakref

from .library import PROGRAM

buffer = pickle.PickleBuffer


def lend(view, token):
    """A buffer of the library's memory, which goes back when nobody uses it any more."""
    weakref.finalize(view, PROGRAM.free, token).atexit = False
    return pickle.PickleBuffer(view)


def foreign(value):
    raise TypeError(f"an object holds a Python {type(value).__name__}, which no Rust task has made")


class Relayed:
    """A buffer on its way to Ray Client's server, in whose hands it is one again: Ray stores it outside the pickle."""

    def __init__(self, view):
        self.view = view

    def __reduce__(self):
        return pickle.PickleBuffer, (pickle.PickleBuffer(self.view),)


class Lesson:
    """For Ray Client's server: it pickles what it has read from Ray, and buffers that Ray has read in place have no pickle."""

    def __reduce__(self):
        # It stands inside, so that it travels: the server has no host.
        def learn():
            import copyreg
            import pickle

            import ray

            read = ray.get(ray.put(pickle.PickleBuffer(b"\0")))
            copyreg.pickle(type(read), lambda buffer: (bytes, (pickle.PickleBuffer(buffer),)))

        return learn, ()
