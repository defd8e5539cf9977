"""Answers to the library, while one of its calls waits for them."""

from ctypes import byref

from .errors import explain, forget_frames
from .library import PROGRAM
from .table import Lent
from .values import to_wire

NOTHING = byref(Lent())


def agree(sink):
    """Answers that it is done, where there is nothing to say."""
    PROGRAM.reply(sink, 0, NOTHING)


def answer(sink, value):
    PROGRAM.reply(sink, 0, byref(to_wire(value)))


def refuse(sink, error, seconds=None):
    code, task, message = explain(error)
    if code == 8 and seconds is not None:
        message = str(seconds)
    text = f"{task}\0{message}".encode("utf-8", "replace")
    PROGRAM.reply(sink, code, byref(Lent(text, len(text))))
    forget_frames(error)
