"""Remote functions and classes for callers in Python: `mobula.load` makes them of what a library says of itself.

They differ from what Rust calls in what crosses Ray: plain Python values, both ways. So references are resolved by Ray, several
return values are told apart by Ray, and a worker packs what comes and unpacks what goes (`signatures.py`).
"""

import ray

from .calls import ray_options, travelling
from .signatures import signature_of
from .workers import actor_class, python_runner


def python_task(spec):
    """Ray's remote function of a task, for callers in Python."""
    run = python_runner(spec, *travelling())
    run.__doc__, run.__signature__ = documentation(spec), signature_of(spec["parameters"], returns=spec["returns"])
    options = ray_options(spec["options"])
    options.setdefault("name", spec["name"])
    return ray.remote(**options)(run)


def python_actor(spec):
    """Ray's remote class of an actor, for callers in Python."""
    options = ray_options(spec["options"])
    kind = actor_class(spec, *travelling(options), signature_of(spec["parameters"], "self"))
    kind.__doc__ = documentation(spec)
    for each in spec["methods"]:
        getattr(kind, each["name"].rpartition("::")[2]).__doc__ = documentation(each)
    return ray.remote(**options)(kind) if options else ray.remote(kind)


def documentation(spec):
    """What Rust knows of a function: its signature, and its documentation."""
    parameters = ", ".join(f"{name}: {kind}" for name, kind in spec["parameters"])
    returns = f" -> {spec['returns']}" if spec["returns"] else ""
    return f"{spec['name'].rpartition('::')[2]}({parameters}){returns}\n\n{spec['documentation']}".strip()
