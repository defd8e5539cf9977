"""Ctrl-C, and Ray's cancel, which pretends one.

Python raises KeyboardInterrupt between any two of its instructions, and where those are a callback's first, nothing can catch it.
So the handler raises only while a callback waits in Ray or the library is not running; else it takes note.
"""

import os
import signal
import threading

_may_raise = True
_interrupted = False
_twice_ends = False
_main_thread = threading.main_thread().ident


def _on_interrupt(_signal, _frame):
    global _interrupted
    if _may_raise:
        raise KeyboardInterrupt
    if _interrupted and _twice_ends:
        os._exit(130)
    _interrupted = True


def catch_interrupts():
    """Has to be called on the main thread, the only one that signals reach; elsewhere there is nothing to do.

    A cluster that was started in the background of a script ignores SIGINT, and its workers could not be cancelled.
    """
    if threading.get_ident() == _main_thread:
        signal.signal(signal.SIGINT, _on_interrupt)


def end_at_the_second():
    """From now on a second interrupt ends the process: a driver's, which a person waits for."""
    global _twice_ends
    _twice_ends = True


def was_interrupted():
    """Whether an interrupt was noted since the library began to run."""
    return _interrupted


def inside(function, *arguments):
    """Runs a function of the library, during which interrupts are noted."""
    global _may_raise, _interrupted
    if threading.get_ident() != _main_thread:
        return function(*arguments)
    _may_raise, _interrupted = False, False
    try:
        return function(*arguments)
    finally:
        _may_raise = True


def waiting(function, *arguments, **options):
    """Waits in Ray on the library's behalf, during which interrupts end the wait."""
    global _may_raise
    if _interrupted:
        raise KeyboardInterrupt
    if threading.get_ident() != _main_thread:
        return function(*arguments, **options)
    try:
        _may_raise = True
        return function(*arguments, **options)
    finally:
        _may_raise = False
