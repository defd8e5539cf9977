"""The callbacks of the C table. Nothing may escape them: see the README."""

import ctypes
import json
import time
from ctypes import byref

import ray
import ray.exceptions

from . import table
from .answers import agree, answer, refuse
from .calls import KINDS
from .held import CALLS, FRAMES, PINS, REFS, hold, next_number
from .interrupts import waiting
from .questions import QUESTIONS, Held
from .values import from_wire


def define(spec, out, sink):
    try:
        spec = json.loads(spec.bytes())
        number = next_number()
        CALLS[number] = KINDS[spec["kind"]](spec)
        out[0] = number
    except BaseException as error:
        refuse(sink, error)


def submit(call, message, args, num_args, out, num_returns, sink):
    try:
        wire = message[0]
        values = [from_wire(wire)] if wire.len else []
        for i in range(num_args):
            values.append(REFS[args[i]])
        made = CALLS[call].remote(*values)
        if num_returns == 1:
            out[0] = hold(made)
        else:
            for i, ref in enumerate(made):
                out[i] = hold(ref)
    except BaseException as error:
        refuse(sink, error)


def put(value, out, sink):
    try:
        out[0] = hold(ray.put(from_wire(value[0])))
    except BaseException as error:
        refuse(sink, error)


def get(handles, n, timeout, sink):
    try:
        limit = None if timeout < 0 else timeout
        if n == 1:
            return answer(sink, waiting(ray.get, REFS[handles[0]], timeout=limit))
        for value in get_in_order([REFS[handles[i]] for i in range(n)], limit):
            answer(sink, value)
    except BaseException as error:
        refuse(sink, error, timeout)


def get_in_order(refs, timeout):
    """`ray.get` of several, except that the first error in order is raised, where Ray raises the first to arrive."""
    end = None if timeout is None else time.monotonic() + timeout
    try:
        return waiting(ray.get, refs, timeout=timeout)
    except ray.exceptions.GetTimeoutError:
        raise
    except ray.exceptions.RayError:
        for ref in refs:
            waiting(ray.get, ref, timeout=None if end is None else max(0, end - time.monotonic()))
        raise


def wait(handles, n, wanted, timeout, ready, sink):
    try:
        refs = [REFS[handles[i]] for i in range(n)]
        # Ray wants each only once; a value that is ready elsewhere need not come here.
        once = list(dict.fromkeys(refs))
        spare = n - len(once)
        timeout = None if timeout < 0 else timeout
        done, _ = waiting(ray.wait, once, num_returns=max(1, wanted - spare), timeout=timeout, fetch_local=False)
        done = set(done)
        for i, ref in enumerate(refs):
            ready[i] = ref in done
        agree(sink)
    except BaseException as error:
        refuse(sink, error)


def cancel(handle, force, sink):
    try:
        # Ray ends the whole process ("Tried to complete task that was not pending") where a task is cancelled just when its
        # value has arrived; of one that has ended, there is nothing to cancel.
        if not ray.wait([REFS[handle]], timeout=0, fetch_local=False)[0]:
            ray.cancel(REFS[handle], force=bool(force), recursive=True)
        agree(sink)
    except BaseException as error:
        refuse(sink, error)


def query(question, handles, n, out, sink):
    try:
        question = json.loads(question.bytes())
        made = QUESTIONS[question.pop("ask")](*[REFS[handles[i]] for i in range(n)], **question)
        if isinstance(made, Held):
            out[0] = hold(made.what)
            made = None
        answer(sink, json.dumps(made).encode())
    except BaseException as error:
        refuse(sink, error)


def release(handle):
    try:
        REFS.pop(handle, None)
    except BaseException:
        pass


def unpin(number):
    try:
        view = PINS.pop(number, None)
        if view is not None:
            table.release_buffer(byref(view))
    except BaseException:
        pass


def emit(frame, value, sink):
    try:
        FRAMES[frame].append(from_wire(value[0]))
        agree(sink)
    except BaseException as error:
        refuse(sink, error)


TABLE = table.Host(
    table.ABI, ctypes.sizeof(table.Host), table.DEFINE(define), table.SUBMIT(submit), table.PUT(put), table.GET(get),
    table.WAIT(wait), table.CANCEL(cancel), table.QUERY(query), table.RELEASE(release), table.RELEASE(unpin), table.EMIT(emit),
)
