"""The kinds of calls that the library defines: each has a `remote`, as Ray's have."""

import ray

from .errors import Misuse, forget_frames
from .workers import actor_class, runner


def define_task(spec, group):
    returns = spec["num_returns"]
    options = ray_options(spec["options"], group)
    options["num_returns"] = returns or 1
    options.setdefault("name", spec["name"])
    return ray.remote(**options)(runner(spec["task"], spec["build"], spec["name"], returns))


def define_actor(spec, group):
    options, kind = ray_options(spec["options"], group), actor_class(spec)
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
