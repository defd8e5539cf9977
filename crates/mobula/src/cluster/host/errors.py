"""Errors on their way between Ray and the library; `error.rs` is the other half."""

import re
import traceback

import ray.exceptions

from .package import failed_class

FAILED = 1
CANCELLED = 9
ERROR_CODES = [  # the first that fits, by name since older versions of Ray lack some
    ("GetTimeoutError", 8), ("TaskCancelledError", CANCELLED), ("OutOfMemoryError", 7), ("ObjectStoreFullError", 7),
    ("OutOfDiskError", 7), ("NodeDiedError", 4), ("WorkerCrashedError", 3), ("LocalRayletDiedError", 4),
    ("TaskUnschedulableError", 10), ("ActorUnschedulableError", 10), ("TaskPlacementGroupRemoved", 10),
    ("ActorPlacementGroupRemoved", 10), ("RuntimeEnvSetupError", 11), ("ActorDiedError", 5), ("ActorUnavailableError", 5),
    ("RayActorError", 5), ("ObjectLostError", 6), ("RpcError", 12), ("RaySystemError", 12),
]
ERROR_CLASSES = [(getattr(ray.exceptions, name), code) for name, code in ERROR_CODES if hasattr(ray.exceptions, name)]


class Misuse(Exception):
    """A call of the SDK that is wrong in itself, or, by its code, one that can never be done."""

    def __init__(self, message, code=14):
        super().__init__(message)
        self.code = code


TaskError = failed_class()


def explain(error):
    """An exception as the library's error: a code, and "task NUL message"."""
    code, task, message = reading(error)
    forget_frames(error)
    return code, f"{task}\0{message}".encode("utf-8", "replace")


def reading(error):
    """An exception's code, task and message."""
    if isinstance(error, ray.exceptions.RayTaskError):
        cause = getattr(error, "cause", None)
        if isinstance(cause, TaskError):
            return cause.code, cause.task, cause.message
        if not isinstance(cause, ray.exceptions.RayError):
            return FAILED, getattr(error, "function_name", "a task"), str(cause if cause is not None else error)
        error = cause
    if isinstance(error, Misuse):
        return error.code, "", str(error)
    if isinstance(error, KeyboardInterrupt):
        return CANCELLED, "", "interrupted"
    if isinstance(error, ray.exceptions.RayActorError):
        return 5, "", obituary(error)
    for kind, code in ERROR_CLASSES:
        if isinstance(error, kind):
            return code, "", str(error)
    if isinstance(error, ConnectionError):
        return 12, "", str(error)
    return 15, "", "".join(traceback.format_exception_only(type(error), error)).strip()


def obituary(error):
    """Of what an actor died, in a line."""
    text = re.sub("\x1b\\[[0-9;]*m", "", str(error))
    # The constructor's own error stands at the end of a Python traceback.
    _, found, message = text.rpartition(f"{TaskError.__name__}: ")
    if found:
        return message.strip()
    wanted = ("class_name:", "name:", "The actor", "actor_id:", "Cause:", "cause:")
    lines = [line.strip() for line in text.splitlines()]
    return "; ".join(line for line in lines if line and (line.startswith(wanted) or line == lines[0]))


def forget_frames(error):
    """Ray Client's exceptions and futures hold each other. The frames of the traceback, and those that called them, would
    live on until the collector comes, and with them every handle in their variables."""
    while error is not None:
        error.__traceback__ = None
        error = error.__context__
