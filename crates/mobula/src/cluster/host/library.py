"""The program's library: loaded before this host is, and started once."""

import ctypes
import importlib
import threading
import types
from ctypes import POINTER, c_void_p

from .interrupts import catch_interrupts
from .table import ABI, Program

# The library's functions, once it is started.
PROGRAM = types.SimpleNamespace(started=False)
_starting = threading.Lock()


def load():
    """The library's functions."""
    if PROGRAM.started:
        return PROGRAM
    with _starting:
        if not PROGRAM.started:
            entry = ctypes.CDLL(importlib.import_module(__package__).LIBRARY).mobula_program
            entry.restype = POINTER(Program)
            program = entry()[0]
            if program.abi != ABI or program.size != ctypes.sizeof(Program):
                raise RuntimeError(f"the library speaks version {program.abi} of the C table, the host {ABI}")
            PROGRAM.main, PROGRAM.run, PROGRAM.create, PROGRAM.free = start(program)
            catch_interrupts()
            # Last: others look at it without the lock.
            PROGRAM.started = True
    return PROGRAM


def start(program):
    """Gives the library what it asks for: CPython's functions by address, the host's own as they are. Its functions."""
    from . import callbacks  # which answer by way of PROGRAM

    symbols = [ctypes.cast(getattr(ctypes.pythonapi, name), c_void_p) for name in program.symbols.text().split()]
    questions = tuple(getattr(callbacks, name) for name in program.questions.text().split())
    try:
        return program.start((c_void_p * len(symbols))(*symbols), len(symbols), questions)
    except ValueError:  # null
        raise RuntimeError("the library refused what the host gave it") from None
