"""What the library asks for: it calls these with the interpreter's lock held, and an exception is its answer too."""

import json
import time

import ray
import ray.exceptions

from .calls import KINDS
from .errors import CANCELLED, TaskError, explain
from .interrupts import waiting
from .questions import QUESTIONS, Held
from .values import buffer, foreign, lend

__all__ = ["buffer", "cancel", "define", "explain", "fail", "foreign", "get", "get_all", "lend", "put", "query", "wait"]

put = ray.put


def define(spec, group=None):
    """What makes calls of a kind: it takes the message, the references beside it, and a method's actor last."""
    spec = json.loads(spec)
    return KINDS[spec["kind"]](spec, group).remote


def get(ref, timeout=None):
    return waiting(ray.get, ref) if timeout is None else waiting(ray.get, ref, timeout=timeout)


def get_all(refs, timeout=None):
    """`ray.get` of several, except that the first error in order is raised, where Ray raises the first to arrive."""
    end = None if timeout is None else time.monotonic() + timeout
    try:
        return waiting(ray.get, list(refs), timeout=timeout)
    except ray.exceptions.GetTimeoutError:
        raise
    except ray.exceptions.RayError:
        for ref in refs:
            waiting(ray.get, ref, timeout=None if end is None else max(0, end - time.monotonic()))
        raise


def wait(refs, wanted, timeout=None):
    """A byte for each reference: 1 where it is ready."""
    # Ray wants each only once; a value that is ready elsewhere need not come here.
    once = list(dict.fromkeys(refs))
    spare = len(refs) - len(once)
    done, _ = waiting(ray.wait, once, num_returns=max(1, wanted - spare), timeout=timeout, fetch_local=False)
    done = set(done)
    return bytes(ref in done for ref in refs)


def cancel(ref, force):
    # Ray ends the whole process ("Tried to complete task that was not pending") where a task is cancelled just when its
    # value has arrived; of one that has ended, there is nothing to cancel.
    if not ray.wait([ref], timeout=0, fetch_local=False)[0]:
        ray.cancel(ref, force=bool(force), recursive=True)


def query(question, *about):
    """JSON, and an object where the question is for one."""
    question = json.loads(question)
    made = QUESTIONS[question.pop("ask")](*about, **question)
    return (b"null", made.what) if isinstance(made, Held) else (json.dumps(made).encode(),)


def fail(code, text):
    """Raises what the library failed with."""
    if code == CANCELLED:
        raise KeyboardInterrupt
    task, _, message = text.decode("utf-8", "replace").partition("\0")
    raise TaskError(task, message, code)
