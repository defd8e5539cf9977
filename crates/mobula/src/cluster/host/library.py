"""The program's library: loaded once in a process."""

import ctypes
import os
import threading
import types
from ctypes import POINTER

from .interrupts import catch_interrupts
from .table import ABI, Program

# Its build and its functions, once it is loaded: reading a function out of a structure makes a new object each time.
PROGRAM = types.SimpleNamespace(build=None)
_loading = threading.Lock()


def load(build):
    """Loads the library once, unless it is of another build than the caller's."""
    if PROGRAM.build == build:
        return PROGRAM
    with _loading:
        if PROGRAM.build is None:
            from .callbacks import TABLE  # which answer by way of PROGRAM

            library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "program.so"))
            try:
                entry = library.mobula_program
            except AttributeError:
                raise RuntimeError("the library has no `mobula_program`: is its main marked #[mobula::main]?") from None
            entry.restype = POINTER(Program)
            program = entry()[0]
            if program.abi != ABI or program.size != ctypes.sizeof(Program):
                raise RuntimeError(f"the library speaks version {program.abi} of the C table, the host {ABI}")
            if program.start(ctypes.addressof(TABLE)) != 0:
                raise RuntimeError("the library refused the host's C table")
            for name in ("main", "run", "create", "reply", "free"):
                setattr(PROGRAM, name, getattr(program, name))
            catch_interrupts()
            # Last: others look at it without the lock.
            PROGRAM.build = program.build.bytes().decode()
    if PROGRAM.build != build:
        raise RuntimeError(f"it is of build {PROGRAM.build}, the executable of build {build}")
    return PROGRAM
