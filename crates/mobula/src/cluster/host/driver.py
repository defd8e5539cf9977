"""The driver's way into Ray, and the hints for those who do not get there."""

import json
import logging
import os
import sys
import time

import ray

from . import interrupts, questions, values
from .library import load

OLDEST_RAY = (2, 43)


def fail(message, hint=None):
    sys.stderr.write(f"error: {message}\n" + (f"\nhint: {hint}\n" if hint else ""))
    sys.stderr.flush()
    sys.exit(1)


def drive(attached=None):
    """`python -c … STAGE ADDRESS BUILD PROGRAM ARGUMENTS…`: attaches, and runs the program's `main`.

    For a job (see `job.py`), which comes with a runtime environment of its own, `attached` is called in between.
    """
    stage, address, build, *arguments = sys.argv[1:]
    version = tuple(int(part) for part in ray.__version__.split(".")[:2] if part.isdigit())
    if version < OLDEST_RAY:
        fail(
            f"Ray {ray.__version__} is too old: Mobula needs {'.'.join(map(str, OLDEST_RAY))} or newer",
            f'{sys.executable} -m pip install --upgrade "ray[default]", and the same version on the cluster',
        )
    by_client = address.startswith("ray://")
    if by_client:
        values.buffer = values.Relayed  # before the library is given what to ask
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
        package = os.path.join(stage, __package__)
        # Ray warns of files from 10 MiB up, which a library easily is.
        logging.getLogger("ray._private.runtime_env.packaging").setLevel(logging.ERROR)
        # Ray Client's server has a thread for each driver, and warns each of them of that.
        relayed = logging.getLogger("ray.util.client.logsclient")
        relayed.addFilter(lambda record: "SIGTERM handler is not set" not in record.getMessage())
        runtime_env = json.loads(os.environ.get("MOBULA_RUNTIME_ENV") or "{}")
        runtime_env["py_modules"] = [package, *runtime_env.get("py_modules", [])]
        # A job has its environment already.
        context = attach(address=address, runtime_env=None if attached else runtime_env, logging_level="WARNING")
        if by_client:
            ray.put(values.Lesson())
        url = getattr(context, "dashboard_url", None)
        questions.DASHBOARD = f"http://{url}" if url else None
    except Exception as error:
        fail(f"cannot attach to {address}: {reason(error)}", attach_hint(error))
    if attached:
        attached(context)
    # For programs that start others of their kind.
    os.environ.update(MOBULA_HOST_PYTHON=sys.executable, MOBULA_HOST_ADDRESS=address)
    interrupts.end_at_the_second()
    code = interrupts.inside(program.main, [os.fsencode(argument) for argument in arguments])
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
