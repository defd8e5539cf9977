"""The host of a Mobula program: what Ray's Python processes load it with.

These modules travel inside the program's library and are imported from there (`package.py`); each library has a host of its
own. In the driver, `drive` attaches to Ray and runs the program's `main`; in a worker, Ray runs what `workers` has made for each
task. Both hand the library the functions it asks for. The rules are in the README beside this folder. Only Ray's public API is
used.

- `package`: how library and host reach a process
- `table`: the layout of the C table, as `table.rs` has it
- `library`: the library's functions
- `values`, `errors`, `signatures`: what crosses
- `callbacks`, `calls`, `questions`: what the library asks for
- `interrupts`: Ctrl-C, and Ray's cancel
- `tokens`: a driver that is not let in
- `driver`, `workers`, `job`: where it runs
- `python_callers`: remote functions and classes for callers in Python
"""

import sys

try:
    import ray  # noqa: F401
except ImportError as error:
    if error.name != "ray":
        raise
    sys.stderr.write(
        f"error: Ray is not installed for {sys.executable}\n\n"
        'hint: pip install "ray[default]" there, or name another interpreter in MOBULA_PYTHON\n'
    )
    sys.exit(1)

from . import workers  # noqa: F401
