"""The host of a Mobula program: what Ray's Python processes load it with.

This file travels with the program's library as the package `mobula_host` (the library is `program.so` beside it). In the
driver, `drive` attaches to Ray and runs the program's `main`; in a worker, Ray calls `_run` for each task. Both hand the
library a C table of callbacks. The layout is `table.rs`; the rules are in the README beside it. Only Ray's public API is
used.
"""

import ctypes
import functools
import inspect
import itertools
import json
import keyword
import logging
import os
import pickle
import re
import signal
import sys
import threading
import time
import traceback
import types
import warnings
import weakref
from ctypes import CFUNCTYPE, POINTER, PYFUNCTYPE, Structure, byref, c_char_p, c_double, c_int32, c_int64, c_size_t
from ctypes import c_ssize_t, c_uint8, c_uint32, c_uint64, c_void_p

try:
    import ray
    import ray.exceptions
except ImportError as error:
    if error.name != "ray":
        raise
    sys.stderr.write(
        f"error: Ray is not installed for {sys.executable}\n\n"
        'hint: pip install "ray[default]" there, or name another interpreter in MOBULA_PYTHON\n'
    )
    sys.exit(1)

ABI = 3
OLDEST_RAY = (2, 43)

# Values

class Value:
    """An object with buffers or references beside its message; an object without is plain `bytes`."""

    __slots__ = ("data", "blobs", "refs")

    def __init__(self, data, blobs, refs):
        self.data, self.blobs, self.refs = data, blobs, refs

    def __reduce__(self):
        return Value, (self.data, [pickle.PickleBuffer(blob) for blob in self.blobs], self.refs)


class Misuse(Exception):
    """A call of the SDK that is wrong in itself, or, by its code, one that can never be done."""

    def __init__(self, message, code=14):
        super().__init__(message)
        self.code = code


class TaskError(Exception):
    """What a Rust task failed with."""

    def __init__(self, task, message, code):
        super().__init__(task, message, code)
        self.task, self.message, self.code = task, message, code

    def __str__(self):
        return f"{self.task} {'panicked' if self.code == PANICKED else 'failed'}: {self.message}"


# The C table

class Slice(Structure):
    _fields_ = [("data", c_void_p), ("len", c_size_t)]

    def bytes(self):
        return ctypes.string_at(self.data, self.len) if self.len else b""


class Buffer(Structure):
    _fields_ = [("data", c_void_p), ("len", c_size_t), ("owner", c_uint64)]


class Wire(Structure):
    _fields_ = [
        ("data", c_void_p), ("len", c_size_t),
        ("blobs", POINTER(Buffer)), ("num_blobs", c_size_t),
        ("refs", POINTER(c_uint64)), ("num_refs", c_size_t),
    ]


class Lent(Structure):
    """A `Wire` that Python fills. Its fields keep alive what they point to."""

    _fields_ = [("data", c_char_p), *Wire._fields_[1:]]


WIRE, LENT = POINTER(Wire), POINTER(Lent)
DEFINE = CFUNCTYPE(None, Slice, POINTER(c_uint64), c_void_p)
SUBMIT = CFUNCTYPE(None, c_uint64, WIRE, POINTER(c_uint64), c_size_t, POINTER(c_uint64), c_size_t, c_void_p)
PUT = CFUNCTYPE(None, WIRE, POINTER(c_uint64), c_void_p)
GET = CFUNCTYPE(None, POINTER(c_uint64), c_size_t, c_double, c_void_p)
WAIT = CFUNCTYPE(None, POINTER(c_uint64), c_size_t, c_size_t, c_double, POINTER(c_uint8), c_void_p)
CANCEL = CFUNCTYPE(None, c_uint64, c_int32, c_void_p)
QUERY = CFUNCTYPE(None, Slice, POINTER(c_uint64), c_size_t, POINTER(c_uint64), c_void_p)
RELEASE = CFUNCTYPE(None, c_uint64)
EMIT = CFUNCTYPE(None, c_uint64, WIRE, c_void_p)


class Host(Structure):
    _fields_ = [
        ("abi", c_uint32), ("size", c_uint32), ("define", DEFINE), ("submit", SUBMIT), ("put", PUT), ("get", GET),
        ("wait", WAIT), ("cancel", CANCEL), ("query", QUERY), ("release", RELEASE), ("unpin", RELEASE), ("emit", EMIT),
    ]


class Program(Structure):
    _fields_ = [
        ("abi", c_uint32), ("size", c_uint32), ("name", Slice), ("build", Slice),
        ("describe", CFUNCTYPE(Slice)),
        ("start", CFUNCTYPE(c_int32, c_void_p)),
        ("main", CFUNCTYPE(c_int32, POINTER(Slice), c_size_t)),
        ("run", CFUNCTYPE(c_uint32, Slice, c_uint64, LENT, c_size_t, c_int64, c_uint32, c_uint64)),
        ("create", CFUNCTYPE(c_uint32, Slice, LENT, c_size_t, c_uint64, POINTER(c_uint64))),
        ("reply", PYFUNCTYPE(None, c_void_p, c_uint32, LENT)),  # short, and calls nothing: the lock may stay
        ("free", CFUNCTYPE(None, c_uint64)),
    ]


class PyBuffer(Structure):
    """CPython's `Py_buffer`: the address of a read-only buffer is to be had through it alone."""

    _fields_ = [
        ("buf", c_void_p), ("obj", ctypes.py_object), ("len", c_ssize_t), ("itemsize", c_ssize_t), ("readonly", c_int32),
        ("ndim", c_int32), ("format", c_char_p), ("shape", c_void_p), ("strides", c_void_p), ("suboffsets", c_void_p),
        ("internal", c_void_p),
    ]


_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = [ctypes.py_object, POINTER(PyBuffer), c_int32]
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes = [POINTER(PyBuffer)]
_memory_view = ctypes.pythonapi.PyMemoryView_FromMemory
_memory_view.argtypes, _memory_view.restype = [c_void_p, c_ssize_t, c_int32], ctypes.py_object
READ = 0x100

# What the library holds, by number

_number = itertools.count(1).__next__
REFS = {}  # references, actor handles, placement groups
PINS = {}  # buffers that the library reads in place
CALLS = {}  # kinds of calls: a remote function, a remote class or a `Method`
FRAMES = {}  # what the tasks that are running have returned so far


def hold(ref):
    handle = _number()
    REFS[handle] = ref
    return handle


def pin(buffer):
    view = PyBuffer()
    _get_buffer(buffer, byref(view), 0)
    number = _number()
    PINS[number] = view
    return Buffer(view.buf, view.len, number)


def view_of(buffer):
    """A buffer of the library as a Python object: borrowed for the call, or kept until nobody uses it."""
    view = _memory_view(buffer.data, buffer.len, READ) if buffer.len else memoryview(b"")
    if buffer.owner:
        weakref.finalize(view, PROGRAM.free, buffer.owner).atexit = False
    return view


def from_wire(wire):
    """The Python object of a value that the library hands over."""
    data = ctypes.string_at(wire.data, wire.len) if wire.len else b""
    if not wire.num_blobs and not wire.num_refs:
        return data
    blobs = [view_of(wire.blobs[i]) for i in range(wire.num_blobs)]
    return Value(data, blobs, [REFS[wire.refs[i]] for i in range(wire.num_refs)])


def to_wire(value):
    """A wire for the library, to be kept until the call is over."""
    if type(value) is bytes:
        return Lent(value, len(value))
    if not isinstance(value, Value):
        raise TypeError(f"an object holds a Python {type(value).__name__}, which no Rust task has made")
    blobs = (Buffer * len(value.blobs))(*[pin(blob) for blob in value.blobs])
    refs = (c_uint64 * len(value.refs))(*[hold(ref) for ref in value.refs])
    return Lent(value.data, len(value.data), blobs, len(blobs), refs, len(refs))


# Answers and errors

FAILED, PANICKED = 1, 2
CANCELLED = 9
ERROR_CODES = [  # the first that fits, by name since older versions of Ray lack some; error.rs is the other half
    ("GetTimeoutError", 8), ("TaskCancelledError", CANCELLED), ("OutOfMemoryError", 7), ("ObjectStoreFullError", 7),
    ("OutOfDiskError", 7), ("NodeDiedError", 4), ("WorkerCrashedError", 3), ("LocalRayletDiedError", 4),
    ("TaskUnschedulableError", 10), ("ActorUnschedulableError", 10), ("TaskPlacementGroupRemoved", 10),
    ("ActorPlacementGroupRemoved", 10), ("RuntimeEnvSetupError", 11), ("ActorDiedError", 5), ("ActorUnavailableError", 5),
    ("RayActorError", 5), ("ObjectLostError", 6), ("RpcError", 12), ("RaySystemError", 12),
]
ERROR_CLASSES = [(getattr(ray.exceptions, name), code) for name, code in ERROR_CODES if hasattr(ray.exceptions, name)]


def explain(error):
    """An exception as the library's error: code, task, message."""
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


def forget_frames(error):
    """Ray Client's exceptions and futures hold each other. The frames of the traceback, and those that called them, would
    live on until the collector comes, and with them every handle in their variables."""
    while error is not None:
        error.__traceback__ = None
        error = error.__context__


# Interrupts: Ctrl-C, and Ray's cancel, which pretends one

# Python raises KeyboardInterrupt between any two of its instructions, and where those are a callback's first, nothing can
# catch it. So the handler raises only while a callback waits in Ray or the library is not running; else it takes note.
_may_raise = True
_interrupted = False
_main_thread = threading.main_thread().ident


def _on_interrupt(_signal, _frame):
    global _interrupted
    if _may_raise:
        raise KeyboardInterrupt
    if _interrupted and DRIVING:
        os._exit(130)
    _interrupted = True


def catch_interrupts():
    """Has to be called on the main thread, the only one that signals reach; elsewhere there is nothing to do.

    A cluster that was started in the background of a script ignores SIGINT, and its workers could not be cancelled.
    """
    if threading.get_ident() == _main_thread:
        signal.signal(signal.SIGINT, _on_interrupt)


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


# Callbacks: nothing may escape them, see the README

def define(spec, out, sink):
    try:
        spec = json.loads(spec.bytes())
        number = _number()
        CALLS[number] = KINDS[spec["kind"]](spec)
        out[0] = number
    except BaseException as error:
        refuse(sink, error)


def define_task(spec):
    returns = spec["num_returns"]
    options = ray_options(spec["options"])
    options["num_returns"] = returns or 1
    options.setdefault("name", spec["name"])
    return ray.remote(**options)(runner(spec["task"], spec["build"], spec["name"], returns))


def define_actor(spec):
    options, kind = ray_options(spec["options"]), actor_class(spec)
    actor = ray.remote(**options)(kind) if options else ray.remote(kind)
    named = "name" in options and not options.get("get_if_exists")
    return Named(actor, options["name"], options.get("namespace")) if named else actor


class Named:
    """A new actor with a name of its own: Ray Client would tell only later, at the first call, that the name is taken."""

    def __init__(self, actor, name, namespace):
        self.actor, self.name, self.namespace = actor, name, namespace

    def remote(self, *values):
        if not self.taken():
            try:
                return self.actor.remote(*values)
            except ValueError as error:
                if "is already taken" not in str(error):
                    raise
        raise Misuse(f"there is an actor named `{self.name}` already")

    def taken(self):
        try:
            ray.get_actor(self.name, namespace=self.namespace)
        except ValueError as error:
            forget_frames(error)
            return False
        return True


class Method:
    """A method with the options of a call; the actor comes last."""

    def __init__(self, spec):
        self.name, self.returns = spec["method"], spec["num_returns"]
        self.options = dict(spec["options"])
        if self.returns is not None:
            self.options["num_returns"] = self.returns

    def remote(self, *values):
        *values, actor = values
        method = getattr(actor, self.name)
        if self.options:
            method = method.options(**self.options)
        return method.remote(*values) if self.returns is None else method.remote(*values, self.returns)


KINDS = {"task": define_task, "actor": define_actor, "method": Method}


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
        refs = [REFS[handles[i]] for i in range(n)]
        for value in get_in_order(refs, None if timeout < 0 else timeout):
            answer(sink, value)
    except BaseException as error:
        refuse(sink, error, timeout)


def get_in_order(refs, timeout):
    """`ray.get`, except that of several errors the first in order is raised, where Ray raises the first to arrive."""
    end = None if timeout is None else time.monotonic() + timeout
    try:
        return waiting(ray.get, refs, timeout=timeout)
    except ray.exceptions.RayError as error:
        if len(refs) == 1 or isinstance(error, ray.exceptions.GetTimeoutError):
            raise
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


class Held:
    """An answer that is a handle."""

    def __init__(self, what):
        self.what = what


def release(handle):
    try:
        REFS.pop(handle, None)
    except BaseException:
        pass


def unpin(number):
    try:
        view = PINS.pop(number, None)
        if view is not None:
            _release_buffer(byref(view))
    except BaseException:
        pass


def emit(frame, value, sink):
    try:
        FRAMES[frame].append(from_wire(value[0]))
        agree(sink)
    except BaseException as error:
        refuse(sink, error)


def nodes():
    return [
        {
            "id": node["NodeID"],
            "alive": node["Alive"],
            "hostname": node["NodeManagerHostname"],
            "address": node["NodeManagerAddress"],
            "resources": node.get("Resources", {}),
        }
        for node in ray.nodes()
    ]


def get_actor(name, namespace, marker, type):
    try:
        actor = ray.get_actor(name, namespace=namespace)
    except ValueError:
        place = f" in namespace `{namespace}`" if namespace else ""
        raise Misuse(f"there is no live actor named `{name}`{place}") from None
    if not hasattr(actor, marker):
        raise Misuse(f"the actor named `{name}` is not a {type}")
    return Held(actor)


def create_group(bundles, strategy):
    return Held(ray.util.placement_group(bundles, strategy=strategy))


def group_ready(group, timeout):
    if timeout is None:
        waiting(ray.get, group.ready())
    elif not waiting(group.wait, timeout):
        raise ray.exceptions.GetTimeoutError(timeout)


def context():
    here = ray.get_runtime_context()
    actor = here.get_actor_id()
    with warnings.catch_warnings():
        # Ray's own property uses another that Ray warns of.
        warnings.simplefilter("ignore", DeprecationWarning)
        restarted = bool(actor and here.was_current_actor_reconstructed)
    return {
        "node_id": here.get_node_id(),
        "job_id": here.get_job_id(),
        "namespace": here.namespace,
        "actor_id": actor,
        "restarted": restarted,
    }


def check():
    waiting(lambda: None)
    here = ray.get_runtime_context()
    # Newer than the oldest Ray that this works with.
    cancelled = getattr(here, "is_canceled", None)
    if cancelled is not None and here.get_actor_id() and cancelled():
        raise KeyboardInterrupt


DASHBOARD = None
QUESTIONS = {
    "nodes": nodes,
    "available": lambda: ray.available_resources(),
    "dashboard": lambda: DASHBOARD,
    "check": check,
    "context": context,
    "kill": lambda actor, no_restart: ray.kill(actor, no_restart=no_restart),
    "get_actor": get_actor,
    "create_group": create_group,
    "group_ready": group_ready,
    "remove_group": lambda group: ray.util.remove_placement_group(group),
}
TABLE = Host(
    ABI, ctypes.sizeof(Host), DEFINE(define), SUBMIT(submit), PUT(put), GET(get), WAIT(wait), CANCEL(cancel), QUERY(query),
    RELEASE(release), RELEASE(unpin), EMIT(emit),
)


def ray_options(options):
    """Ray's options, of the SDK's."""
    taken = {key: value for key, value in options.items() if key != "scheduling"}
    scheduling = options.get("scheduling", {"kind": "default"})
    if scheduling["kind"] == "spread":
        taken["scheduling_strategy"] = "SPREAD"
    elif scheduling["kind"] == "node_affinity":
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        taken["scheduling_strategy"] = NodeAffinitySchedulingStrategy(scheduling["node_id"], scheduling["soft"])
    elif scheduling["kind"] == "placement_group":
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        bundle = -1 if scheduling["bundle"] is None else scheduling["bundle"]
        group = REFS[scheduling["group"]]
        # Ray would let the task wait for ever.
        if ray.util.placement_group_table(group).get("state") == "REMOVED":
            raise Misuse("its placement group was removed", 10)
        if bundle >= group.bundle_count:
            raise Misuse(f"bundle {bundle} of a placement group that has {group.bundle_count} of them")
        taken["scheduling_strategy"] = PlacementGroupSchedulingStrategy(group, bundle)
    return taken


# The library

PROGRAM = None
DRIVING = False
_loading = threading.Lock()


def load(build):
    """Loads the library once, unless it is of another build than the caller's."""
    global PROGRAM
    if PROGRAM is not None and PROGRAM.build == build:
        return PROGRAM
    with _loading:
        if PROGRAM is None:
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
            # Reading a function out of a structure makes a new object each time.
            PROGRAM = types.SimpleNamespace(
                table=program, build=program.build.bytes().decode(), main=program.main, run=program.run,
                create=program.create, reply=program.reply, free=program.free,
            )
            catch_interrupts()
    if PROGRAM.build != build:
        raise RuntimeError(f"it is of build {PROGRAM.build}, the executable of build {build}")
    return PROGRAM


# Workers

def runner(task, build, name, returns):
    """The Python function that Ray runs for a task: of its name, and pickled by value."""

    def run(*values):
        return _run(task, build, returns, values)

    run.__module__, run.__name__, run.__qualname__ = __name__, name.rpartition("::")[2], name
    return run


def actor_class(spec):
    """The Python class that Ray makes an actor of: a constructor, and a method for each of Rust's."""
    actor, build, name = spec["actor"], spec["build"], spec["name"]

    def __init__(self, *values):
        self._instance = _create(actor, build, values)

    def method(task, path):
        def call(self, *values):
            # How many objects the call is to return comes last, where it says so.
            *values, returns = values if values and type(values[-1]) is int else (*values, None)
            return _run(task, build, returns, values, self._instance)

        call.__name__, call.__qualname__ = path.rpartition("::")[2], path
        return call

    members = {"__init__": __init__, "__module__": __name__, "__qualname__": name, spec["marker"]: lambda self: None}
    for each in spec["methods"]:
        members[each["name"]] = method(each["id"], f"{name}::{each['name']}")
    return type(name, (), members)


def _create(actor, build, values):
    program, instance = load(build), c_uint64()
    _enter(program, actor, values, lambda *call: program.create(*call, byref(instance)))
    return instance.value


def _run(task, build, returns, values, instance=0, whole=0):
    program = load(build)

    def run(name, wires, n, frame):
        return program.run(name, instance, wires, n, returns or -1, whole, frame)

    made = _enter(program, task, values, run)
    return made if returns is not None and returns > 1 else made[0]


@functools.cache
def lasting(text):
    """A text as a slice that is never freed."""
    text = text.encode()
    made = Slice(ctypes.cast(c_char_p(text), c_void_p), len(text))
    made.text = text
    return made


def _enter(program, task, values, function):
    """Calls the library for a task, an actor's constructor or a method; what it has emitted."""
    frame = _number()
    made = FRAMES[frame] = []
    try:
        wires = (Lent * len(values))(*map(to_wire, values)) if values else None
        code = inside(function, lasting(task), wires, len(values), frame)
    finally:
        del FRAMES[frame]
    if code == CANCELLED or _interrupted:
        raise KeyboardInterrupt
    if code:
        task, _, message = made[-1].decode("utf-8", "replace").partition("\0")
        raise TaskError(task, message, code)
    return made


# Callers in Python: `mobula.load` makes its remote functions and classes here

# They differ from what Rust calls in what crosses Ray: plain Python values, both ways. So references are resolved by Ray, several
# return values are told apart by Ray, and a worker packs what comes and unpacks what goes.

def python_task(spec, build):
    """Ray's remote function of a task, for callers in Python."""
    task, signature = spec["id"], python_signature(spec)

    def run(*values, **named):
        return unpack(_run(task, build, None, pack(signature, values, named), whole=1))

    options = ray_options(spec["options"])
    options.setdefault("name", spec["name"])
    return ray.remote(**options)(python_name(run, spec, signature))


def python_actor(spec, build):
    """Ray's remote class of an actor, for callers in Python."""
    actor, signature = spec["id"], python_signature(spec, "self")

    def __init__(self, *values, **named):
        self._instance = _create(actor, build, pack(signature, (self, *values), named))

    def method(each):
        task, signature = each["id"], python_signature(each, "self")

        def call(self, *values, **named):
            message = pack(signature, (self, *values), named)
            return unpack(_run(task, build, None, message, self._instance, whole=1))

        return python_name(call, each, signature)

    __init__.__signature__ = signature
    members = {"__init__": __init__, "__module__": __name__, "__qualname__": spec["name"], "__doc__": python_doc(spec)}
    for each in spec["methods"]:
        members[each["name"].rpartition("::")[2]] = method(each)
    options, kind = ray_options(spec["options"]), type(spec["name"], (), members)
    return ray.remote(**options)(kind) if options else ray.remote(kind)


def python_signature(spec, *before):
    """The parameters as Python sees them; a name that is none in Python gets an underscore."""
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in before]
    for name, kind in spec["parameters"]:
        name = f"{name}_" if keyword.iskeyword(name) else name
        parameters.append(inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind))
    return inspect.Signature(parameters, return_annotation=spec["returns"] or inspect.Signature.empty)


def python_name(function, spec, signature):
    function.__module__, function.__qualname__, function.__doc__ = __name__, spec["name"], python_doc(spec)
    function.__name__, function.__signature__ = spec["name"].rpartition("::")[2], signature
    return function


def python_doc(spec):
    """What Rust knows of a function: its signature, and its documentation."""
    parameters = ", ".join(f"{name}: {kind}" for name, kind in spec["parameters"])
    returns = f" -> {spec['returns']}" if spec["returns"] else ""
    return f"{spec['name'].rpartition('::')[2]}({parameters}){returns}\n\n{spec['documentation']}".strip()


def pack(signature, values, named):
    """The arguments as one message, as Rust's callers send them."""
    import msgpack

    parts = []
    for name, value in signature.bind(*values, **named).arguments.items():
        if signature.parameters[name].kind is inspect.Parameter.POSITIONAL_ONLY:
            continue
        # Ray resolves references that are arguments; of a list of them, Rust sees a list of values too.
        if isinstance(value, (list, tuple)) and value and all(isinstance(each, ray.ObjectRef) for each in value):
            value = ray.get(list(value))
        try:
            parts.append(b"\0" + msgpack.packb(value))
        except (TypeError, ValueError, OverflowError) as error:
            raise TypeError(f"argument `{name}` is nothing that Rust can read: {error}") from None
    return [b"".join(parts)] if parts else []


def unpack(message):
    """The value in a message; keys that cannot be keys in Python become tuples."""
    import msgpack

    try:
        return msgpack.unpackb(message, strict_map_key=False)
    except TypeError:
        return msgpack.unpackb(message, strict_map_key=False, object_pairs_hook=hashable)


def hashable(pairs):
    def key(value):
        if isinstance(value, dict):
            return tuple((each, key(of)) for each, of in value.items())
        return tuple(map(key, value)) if isinstance(value, list) else value

    return {key(name): value for name, value in pairs}


# The driver

def fail(message, hint=None):
    sys.stderr.write(f"error: {message}\n" + (f"\nhint: {hint}\n" if hint else ""))
    sys.stderr.flush()
    sys.exit(1)


def drive(attached=None):
    """`python -c … STAGE ADDRESS BUILD PROGRAM ARGUMENTS…`: attaches, and runs the program's `main`.

    For a job (see `job.py`), which comes with a runtime environment of its own, `attached` is called in between.
    """
    global DASHBOARD, DRIVING
    stage, address, build, *arguments = sys.argv[1:]
    version = tuple(int(part) for part in ray.__version__.split(".")[:2] if part.isdigit())
    if version < OLDEST_RAY:
        fail(
            f"Ray {ray.__version__} is too old: Mobula needs {'.'.join(map(str, OLDEST_RAY))} or newer",
            f'{sys.executable} -m pip install --upgrade "ray[default]", and the same version on the cluster',
        )
    try:
        program = load(build)
    except (OSError, RuntimeError) as error:
        fail(f"the program's library cannot be used: {error}", "`cargo build` makes the executable and its library anew")
    # What tasks print belongs to the logs, and standard output to the program's result.
    sys.stdout = sys.stderr
    sys.argv = arguments
    # A job that has failed says why once, whatever else its tasks have met.
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")
    try:
        package = os.path.join(stage, __name__)
        # Ray warns of files from 10 MiB up, which a library easily is.
        logging.getLogger("ray._private.runtime_env.packaging").setLevel(logging.ERROR)
        # Ray Client's server has a thread for each driver, and warns each of them of that.
        relayed = logging.getLogger("ray.util.client.logsclient")
        relayed.addFilter(lambda record: "SIGTERM handler is not set" not in record.getMessage())
        runtime_env = json.loads(os.environ.get("MOBULA_RUNTIME_ENV") or "{}")
        runtime_env["py_modules"] = [package, *runtime_env.get("py_modules", [])]
        # A job has its environment already.
        context = attach(address=address, runtime_env=None if attached else runtime_env, logging_level="WARNING")
        url = getattr(context, "dashboard_url", None)
        DASHBOARD = f"http://{url}" if url else None
    except Exception as error:
        fail(f"cannot attach to {address}: {reason(error)}", attach_hint(error))
    if attached:
        attached(context)
    # For programs that start others of their kind.
    os.environ.update(MOBULA_HOST_PYTHON=sys.executable, MOBULA_HOST_ADDRESS=address)
    encoded = [os.fsencode(argument) for argument in arguments]
    slices = (Slice * len(encoded))(*[Slice(ctypes.cast(c_char_p(a), c_void_p), len(a)) for a in encoded])
    DRIVING = True
    code = inside(program.main, slices, len(encoded))
    sys.stderr.flush()
    ray.shutdown()
    sys.exit(code)


def attach(**init):
    """`ray.init`, once more where Ray Client's server could not start: it forks while its threads run, and picks ports that
    another cluster of the same machine may have picked."""
    for last in (False, False, True):
        try:
            return ray.init(**init)
        except Exception as error:
            if last or "Starting Ray client server failed" not in str(error):
                raise
            time.sleep(1)


def reason(error):
    """What went wrong, in one line; of an error without words, what led to it."""
    text = str(error).strip()
    if not text:
        cause = error.__cause__ or error.__context__
        return reason(cause) if cause else type(error).__name__
    lines = text.splitlines()
    if "Traceback" in text:
        return f"{lines[0]} {lines[-1]}"
    return " ".join(text.split()) if lines[0].endswith(":") else lines[0]


def attach_hint(error):
    text = str(error)
    if "Could not find any running Ray" in text:
        return "start one with `ray start --head`, or give the head's address as HOST:PORT"
    if "Initialization failure from server" in text and "has no attribute" not in text:
        return (
            "Ray 2.60's client server cannot set up runtime environments unless the head was started with "
            "`--runtime-env-agent-port=PORT`; else its `ray_client_server.err` says more"
        )
    # Versions that are far apart do not understand each other well enough for Ray to say so.
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"driver and cluster need the same Ray and Python version, and this driver has Ray {ray.__version__} and Python "
        f"{python}: MOBULA_PYTHON names another interpreter"
    )
