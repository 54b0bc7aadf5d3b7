"""Puts a rendered platform on a control plane without Argo CD, in the order of its waves."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import yaml

from tests.cluster.plane.client import Object, RefusedError, conditions
from tests.cluster.plane.control_plane import ControlPlane
from tests.cluster.plane.rendered import Rendered
from tests.cluster.plane.samples import namespace

MANAGER = "argocd-controller"
WAVE = "argocd.argoproj.io/sync-wave"
_KEPT = {"Namespace", "CustomResourceDefinition"}


def all_objects(rendered: Rendered) -> list[Object]:
    """Everything of the tree: own objects by wave, then projects and Applications."""
    objects = rendered.objects
    # In a tree for git a folder carries its content's hash.
    folders = {folder: folder for folder in objects}
    folders |= {folder.rpartition("-")[0]: folder for folder in objects}
    by_wave = sorted(
        rendered.applications.values(), key=lambda it: int(it["metadata"]["annotations"][WAVE])
    )
    names = [it["metadata"]["name"] for it in by_wave]
    own = [it for name in names if name in folders for it in objects[folders[name]]]
    roots = [
        thing
        for file in rendered.tree.files
        if file.path.startswith("root/")
        for thing in yaml.load_all(file.content, Loader=yaml.CSafeLoader)
    ]
    return own + roots


def make_room(plane: ControlPlane, thing: Object) -> None:
    """The namespace of `thing` where a chart would have made it."""
    space = thing["metadata"].get("namespace")
    if space and plane.admin.find("v1", "Namespace", space) is None:
        plane.admin.apply(namespace(space))


@contextmanager
def settle(plane: ControlPlane, rendered: Rendered) -> Iterator[list[Object]]:
    """Apply everything; remove it again when the block ends (namespaces and CRDs stay)."""
    things = all_objects(rendered)
    for thing in things:
        make_room(plane, thing)
        plane.admin.apply(thing, manager=MANAGER)
    try:
        yield things
    finally:
        remove(plane, things)


def open_queues(plane: ControlPlane, things: list[Object]) -> None:
    """Apply queues and what they need, and wait until Kueue admits by them."""
    for thing in things:
        plane.admin.apply(thing, manager=MANAGER)
    for thing in things:
        if thing["kind"] == "ClusterQueue":
            plane.admin.wait(thing, lambda it: conditions(it).get("Active") == "True")


def remove(plane: ControlPlane, things: list[Object]) -> None:
    """Delete all but namespaces and CRDs, the last one first, without asking any finalizer."""
    for thing in reversed(things):
        if thing["kind"] not in _KEPT:
            with suppress(RefusedError, KeyError):  # gone already, or its CRD never came
                if thing["metadata"].get("finalizers"):
                    plane.admin.patch(thing, {"metadata": {"finalizers": None}})
                plane.admin.delete(thing)
