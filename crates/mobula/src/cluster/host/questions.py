"""What the library asks about Ray, or of it, now and then: `ask` names the question, JSON goes both ways."""

import warnings

import ray

from .errors import Misuse
from .interrupts import waiting


class Held:
    """An answer that is a handle."""

    def __init__(self, what):
        self.what = what


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
