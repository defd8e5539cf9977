"""The host of a Mobula program: what Ray's Python processes load it with.

This folder travels with the program's library as the package `mobula_host` (the library is `program.so` in it). In the driver,
`drive` attaches to Ray and runs the program's `main`; in a worker, Ray calls `workers.run_call` for each task. Both hand the library
the functions it asks for. The rules are in the README beside this folder. Only Ray's public API is used.

- `table`: the layout of the C table, as `table.rs` has it
- `library`: loads the program's library; its functions
- `values`, `errors`: what crosses
- `callbacks`, `calls`, `questions`: what the library asks for
- `interrupts`: Ctrl-C, and Ray's cancel
- `driver`, `workers`, `job`: where it runs
- `python_callers`: remote functions and classes for callers in Python
"""

import sys

try:
    import ray
except ImportError as error:
    if error.name != "ray":
        raise
    sys.stderr.write(
        f"error: Ray is not installed for {sys.executable}\n\n"
        'hint: pip install "ray[default]" there, or name another interpreter in MOBULA_PYTHON\n'
    )
    sys.exit(1)

from .driver import attach, drive
from .errors import TaskError
from .python_callers import python_actor, python_task

__all__ = ["TaskError", "attach", "drive", "python_actor", "python_task"]
