"""Ctrl-C, and Ray's cancel, which pretends one; in a driver SIGTERM as well.

Python raises KeyboardInterrupt between any two of its instructions, and where those are a callback's first, nothing can catch it.
So the handler raises only while a callback waits in Ray or the library is not running; else it takes note.

Several programs of one process have a handler each. One whose library is not running leaves the signal to the handler before it.
"""

import os
import signal
import threading

IDLE, RUNNING, WAITING = range(3)
_state = IDLE
_interrupted = 0  # the signal that was noted and of which the library does not know
_stopped_by = 0  # the first signal that a driver got
_driver = False
_before = None
_main_thread = threading.main_thread().ident
# How long a driver may compute, without coming to a wait, once it was interrupted.
GRACE = 10


def _on_interrupt(number, frame):
    global _interrupted
    if _state == IDLE and not _driver and callable(_before) and _before is not signal.default_int_handler:
        return _before(number, frame)
    if _state != RUNNING:
        raise KeyboardInterrupt
    _interrupted = number


def catch_interrupts():
    """Has to be called on the main thread, the only one that signals reach; elsewhere there is nothing to do.

    A cluster that was started in the background of a script ignores SIGINT, and its workers could not be cancelled.
    """
    global _before
    if threading.get_ident() == _main_thread:
        _before = signal.signal(signal.SIGINT, _on_interrupt)


def catch_as_driver():
    """From now on SIGTERM is an interrupt too, and a second one ends the process: a person waits for a driver, or a service.

    While the library computes, Python runs no handler. So a thread hears of signals as well, by the pipe that Python writes
    their numbers to.
    """
    global _driver
    _driver = True
    signal.signal(signal.SIGTERM, _on_interrupt)
    ear, mouth = os.pipe()
    os.set_blocking(mouth, False)
    signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(ear,), daemon=True).start()


def _listen(ear):
    global _stopped_by
    while True:
        for number in os.read(ear, 64):
            if number not in (signal.SIGINT, signal.SIGTERM):
                continue
            if _stopped_by:
                os._exit(128 + _stopped_by)
            _stopped_by = number
            threading.Timer(GRACE, _lose_patience).start()


def _lose_patience():
    # The handler has not run since, so the library was not told.
    if _state == RUNNING and not _told:
        os.write(2, b"error: interrupted\n")
        os._exit(128 + _stopped_by)


_told = False


def stopped_by():
    """The signal that this driver was stopped by, or 0."""
    return _stopped_by


def was_interrupted():
    """Whether an interrupt was noted since the library began to run."""
    return _interrupted != 0


def inside(function, *arguments):
    """Runs a function of the library, during which interrupts are noted."""
    global _state, _interrupted
    if threading.get_ident() != _main_thread:
        return function(*arguments)
    before, _state, _interrupted = _state, RUNNING, 0
    try:
        return function(*arguments)
    finally:
        _state = before


def waiting(function, *arguments, **options):
    """Waits in Ray on the library's behalf, during which interrupts end the wait."""
    global _state, _told
    if _interrupted or _stopped_by and not _told:
        _told = True
        raise KeyboardInterrupt
    if threading.get_ident() != _main_thread:
        return function(*arguments, **options)
    try:
        _state = WAITING
        return function(*arguments, **options)
    except KeyboardInterrupt:
        _told = True
        raise
    finally:
        _state = RUNNING
