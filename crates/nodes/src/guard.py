"""Runs one Ray node and ends every process of it, whatever happens to the test.

A test that panics can clean up; one that is killed, or stopped with Ctrl-C, cannot. So each node runs under this
process, which watches the pipe from the test: when it closes, for any reason, the node is stopped. (A node that is
to outlive whoever started it runs under a detached guard, which a signal alone ends.) Ray's processes
start sessions of their own and outlive their parents, so the guard is their subreaper: whoever loses its parent
becomes the guard's child, and "its descendants" is all there ever was of the node.

Usage: guard.py [--detach] FOLDER GRACE COMMAND...

FOLDER is the cluster's. Everybody who needs it, the test and the guards, holds a shared lock on `lock` in it; the last
one to go removes it. GRACE is how many seconds a node may take to stop before it is killed.
"""

import ctypes
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


def descendants(root):
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except OSError:
            continue  # gone meanwhile
        if state != b"Z":
            children.setdefault(int(parent), []).append(int(entry))
    found, parents = [], [root]
    while parents:
        for child in children.get(parents.pop(), []):
            found.append(child)
            parents.append(child)
    return found


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def main():
    detached = sys.argv[1] == "--detach"
    if detached:
        del sys.argv[1]
        os.setsid()
    folder, grace, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit("guard: the system does not let this process adopt orphans")

    lock = open(os.path.join(folder, "lock"))
    fcntl.flock(lock, fcntl.LOCK_SH)

    # Signals arrive as bytes in a pipe, so that one `select` waits for everything.
    wake, signalled = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(signalled, False)
    signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
    ends = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    for number in ends | {signal.SIGCHLD}:
        signal.signal(number, lambda *_: None)

    node = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    status = None  # of the node, once it has ended
    asked = None  # when it was asked to stop

    def collect():
        nonlocal status
        while True:
            try:
                pid, result = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == node.pid:
                status = os.waitstatus_to_exitcode(result)

    while status is None:
        watched = [wake] if asked or detached else [wake, 0]
        patience = None if asked is None else max(0.0, asked + grace - time.monotonic())
        ready = select.select(watched, [], [], patience)[0]
        stop = 0 in ready and not os.read(0, 4096)
        if wake in ready:
            stop |= any(number in ends for number in os.read(wake, 4096))
        collect()
        if stop and asked is None and status is None:
            asked = time.monotonic()
            send(node.pid, signal.SIGTERM)
        elif asked is not None and time.monotonic() >= asked + grace:
            break

    while left := descendants(os.getpid()):
        for pid in left:
            send(pid, signal.SIGKILL)
        time.sleep(0.02)
        collect()
    # Letting go first: of two that hold it shared, neither could have it alone.
    fcntl.flock(lock, fcntl.LOCK_UN)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        pass  # somebody else is still here
    sys.exit(0 if asked is not None else min(abs(status), 255))


main()
