"""The program's library: loaded once in a process."""

import ctypes
import os
import threading
import types
from ctypes import POINTER, c_void_p

from .interrupts import catch_interrupts
from .table import ABI, Program

# Its build and its functions, once it is loaded.
PROGRAM = types.SimpleNamespace(build=None)
_loading = threading.Lock()


def load(build):
    """Loads the library once, unless it is of another build than the caller's."""
    if PROGRAM.build == build:
        return PROGRAM
    with _loading:
        if PROGRAM.build is None:
            library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "program.so"))
            try:
                entry = library.mobula_program
            except AttributeError:
                raise RuntimeError("the library has no `mobula_program`: is its main marked #[mobula::main]?") from None
            entry.restype = POINTER(Program)
            program = entry()[0]
            if program.abi != ABI or program.size != ctypes.sizeof(Program):
                raise RuntimeError(f"the library speaks version {program.abi} of the C table, the host {ABI}")
            PROGRAM.main, PROGRAM.run, PROGRAM.create, PROGRAM.free = start(program)
            catch_interrupts()
            # Last: others look at it without the lock.
            PROGRAM.build = program.build.text()
    if PROGRAM.build != build:
        raise RuntimeError(f"it is of build {PROGRAM.build}, the executable of build {build}")
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
