"""The driver's way into Ray, and the hints for those who do not get there."""

import importlib
import json
import logging
import os
import re
import sys
import time

import ray

from . import interrupts, questions, tokens, values
from .calls import put
from .library import load

OLDEST_RAY = (2, 43)


def fail(message, hint=None, code=1):
    sys.stderr.write(f"error: {message}\n" + (f"\nhint: {hint}\n" if hint else ""))
    sys.stderr.flush()
    sys.exit(code)


def drive(packing, attached=None):
    """Attaches, and runs the program's `main`. `packing` gives the packed library (`package.py`); for a job (`job.py`), which comes
    with a runtime environment of its own, `attached` is called in between."""
    _, _, address, build, *arguments = sys.argv
    version = tuple(int(part) for part in ray.__version__.split(".")[:2] if part.isdigit())
    if version < OLDEST_RAY:
        fail(
            f"Ray {ray.__version__} is too old: Mobula needs {'.'.join(map(str, OLDEST_RAY))} or newer",
            f'{sys.executable} -m pip install --upgrade "ray[default]", and the same version on the cluster',
        )
    host = importlib.import_module(__package__)
    if host.ABOUT["build"] != build:
        fail(
            f"the program's library is of build {host.ABOUT['build']}, the executable of build {build}",
            "`cargo build` makes both anew; keep the two together",
        )
    by_client = address.startswith("ray://")
    if by_client:
        values.buffer = values.Relayed  # before the library is given what to ask
    program = load()
    # What tasks print belongs to the logs, and standard output to the program's result.
    sys.stdout = sys.stderr
    # A job that has failed says why once, whatever else its tasks have met.
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")
    runtime_env = None if attached else wanted_runtime_env()
    try:
        # Ray Client's server has a thread for each driver, and warns each of them of that.
        relayed = logging.getLogger("ray.util.client.logsclient")
        relayed.addFilter(lambda record: "SIGTERM handler is not set" not in record.getMessage())
        tokens.watch(address)
        with away_from_here():
            context = attach(address=address, runtime_env=runtime_env, logging_level="WARNING")
        attached_at = time.time()
        if by_client:
            ray.put(values.Lesson())
        put(packing.result())
        url = getattr(context, "dashboard_url", None)
        questions.DASHBOARD = f"http://{url}" if url else None
    except Exception as error:
        fail(f"cannot attach to {address}: {reason(error)}", attach_hint(error))
    sys.argv = arguments
    if attached:
        attached(context)
    # For programs that start others of their kind.
    os.environ.update(MOBULA_HOST_PYTHON=sys.executable, MOBULA_HOST_ADDRESS=address, MOBULA_HOST_ATTACHED=str(attached_at))
    interrupts.catch_as_driver()
    code = interrupts.inside(program.main, [os.fsencode(argument) for argument in arguments])
    if code and interrupts.stopped_by():
        code = 128 + interrupts.stopped_by()
    sys.stderr.flush()
    ray.shutdown()
    sys.exit(code)


def wanted_runtime_env():
    """The job's runtime environment, as the user wants it; none is what Ray's warm workers fit."""
    text = os.environ.get("MOBULA_RUNTIME_ENV", "").strip()
    if not text:
        return None
    try:
        env = json.loads(text)
        if not isinstance(env, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        fail(f"MOBULA_RUNTIME_ENV is no JSON object: {error}", 'as in {"pip": ["numpy"]}', code=2)
    # Files are named as seen from here, and `away_from_here` is elsewhere.
    for name in ("working_dir", "pip", "uv", "conda", "py_modules"):
        if isinstance(env.get(name), str):
            env[name] = absolute(env[name])
        elif name == "py_modules" and env.get(name):
            env[name] = [absolute(each) for each in env[name]]
    return env


def absolute(name):
    return os.path.abspath(name) if os.path.exists(name) else name


class away_from_here:
    """Ray puts the driver's current folder, and that of its script, on the path of its workers, and a user's `json.py` there
    would be theirs. A program in Rust wants nothing from there."""

    def __enter__(self):
        self.arguments, sys.argv = sys.argv, [""]
        try:
            self.here = os.open(".", os.O_RDONLY)
        except OSError:  # the folder is gone, or closed to its user
            self.here = None
        else:
            os.chdir("/")

    def __exit__(self, *_):
        sys.argv = self.arguments
        if self.here is not None:
            os.fchdir(self.here)
            os.close(self.here)


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
        # What failed stands first, and what Python raised last, behind the class of it.
        failed = lines[0].partition("Traceback")[0].partition(". ")[0].rstrip(": ")
        raised = re.sub(r"^[\w.]+: ", "", lines[-1])
        return f"{failed}: {raised}"
    return " ".join(text.split()) if lines[0].endswith(":") else lines[0]


def attach_hint(error):
    text = str(error)
    if "Could not find any running Ray" in text:
        return "start one with `ray start --head`, or give the head's address as HOST:PORT"
    if type(error).__name__ == "AuthenticationError":
        return tokens.TOKEN_HINT
    if "Initialization failure from server" in text and "has no attribute" not in text:
        return (
            "Ray 2.60's client server cannot set up runtime environments unless the head was started with "
            "`--runtime-env-agent-port=PORT`; else its `ray_client_server.err` says more"
        )
    # Versions that are far apart do not understand each other well enough for Ray to say so; but the server is there.
    if "ersion mismatch" in text or isinstance(error, (ConnectionError, RuntimeError)) and tokens.answered:
        python = ".".join(map(str, sys.version_info[:3]))
        return (
            "the cluster answers, and it wants drivers of its own Ray and Python version; this driver has Ray "
            f"{ray.__version__} and Python {python}: MOBULA_PYTHON names another interpreter"
        )
    return None
