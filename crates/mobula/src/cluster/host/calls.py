"""The kinds of calls that the library defines: each has a `remote`, as Ray's have."""

import functools
import importlib

import ray

from .errors import Misuse, forget_frames
from .workers import FROM_RUST, actor_class, runner


def put(packed):
    """Puts the packed library into Ray, for the workers of this job. What was made for another job refers to another object."""
    importlib.import_module(__package__).SOURCE = ray.put(packed)
    remote_function.cache_clear()
    remote_class.cache_clear()


def travelling(options=None):
    """The key of the program, and from where a worker that lacks it gets it: the object that the driver has put. A detached actor
    outlives that object's owner, so the class takes the packed library along."""
    host = importlib.import_module(__package__)
    if (options or {}).get("lifetime") == "detached":
        return host.KEY, host.SOURCE if isinstance(host.SOURCE, bytes) else ray.get(host.SOURCE)
    if isinstance(host.SOURCE, bytes):
        host.SOURCE = ray.put(host.SOURCE)  # in a detached actor, which owns it from now on
    return host.KEY, host.SOURCE


# What Ray has been given of the program's functions and classes: it sends each new one to the cluster, where it stays.


@functools.cache
def remote_function(task, name, returns):
    return ray.remote(runner(task, *travelling(), name, returns))


@functools.cache
def remote_class(actor, lifetime):
    spec = next(each for each in importlib.import_module(__package__).ABOUT["actors"] if each["id"] == actor)
    return ray.remote(actor_class(spec, *travelling({"lifetime": lifetime})))


def define_task(spec, group):
    returns = spec["num_returns"]
    options = ray_options(spec["options"], group)
    options["num_returns"] = returns or 1
    options.setdefault("name", spec["name"])
    return remote_function(spec["task"], spec["name"], returns).options(**options)


def define_actor(spec, group):
    options = ray_options(spec["options"], group)
    actor = remote_class(spec["actor"], options.get("lifetime"))
    actor = actor.options(**options) if options else actor
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

    def __init__(self, spec, _group):
        self.name, self.returns = spec["method"], spec["num_returns"]
        self.options = dict(spec["options"])
        if self.returns is not None:
            self.options["num_returns"] = self.returns
        if not self.options:
            self.remote = self.plain

    def plain(self, *values):
        """Nearly every call: without options."""
        return getattr(values[-1], self.name).remote(*values[:-1])

    def remote(self, *values):
        *values, actor = values
        method = getattr(actor, self.name).options(**self.options)
        return method.remote(*values) if self.returns is None else method.remote(*values, self.returns)


KINDS = {"task": define_task, "actor": define_actor, "method": Method}


def ray_options(options, group=None):
    """Ray's options, of the SDK's; `group` is the placement group that they name."""
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
        # Ray would let the task wait for ever.
        if ray.util.placement_group_table(group).get("state") == "REMOVED":
            raise Misuse("its placement group was removed", 10)
        if bundle >= group.bundle_count:
            raise Misuse(f"bundle {bundle} of a placement group that has {group.bundle_count} of them")
        taken["scheduling_strategy"] = PlacementGroupSchedulingStrategy(group, bundle)
    return taken
