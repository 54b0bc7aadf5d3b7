"""Puts a rendered platform on a control plane without Argo CD, in the order of its waves."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import yaml

from tests.cluster.plane.client import Object, RefusedError, conditions
from tests.cluster.plane.control_plane import ControlPlane
from tests.cluster.plane.process import wait_until
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
    refused = apply_all(plane, things)
    assert refused == [], refused
    try:
        yield things
    finally:
        remove(plane, things)


def apply_all(plane: ControlPlane, things: list[Object]) -> list[str]:
    """Apply in this order, again what is refused, as Argo CD does; what is refused for good.

    A policy sees its new parameters some moments later.
    """
    left, end_s = things, time.monotonic() + 60
    while True:
        refused = {id(it): words for it in left if (words := _refusal(plane, it))}
        left = [it for it in left if id(it) in refused]
        if not left or time.monotonic() > end_s:
            return list(refused.values())
        time.sleep(1)


def _refusal(plane: ControlPlane, thing: Object) -> str:
    """What the API server says against `thing`; "" where it takes it."""
    make_room(plane, thing)
    try:
        plane.admin.apply(thing, manager=MANAGER)
    except RefusedError as error:
        return f"{name_of(thing)}: {error}"
    return ""


def name_of(thing: Object) -> str:
    """Kind, namespace and name."""
    meta = thing["metadata"]
    return f"{thing['kind']} {meta.get('namespace', '')}/{meta['name']}"


def open_queues(plane: ControlPlane, things: list[Object]) -> None:
    """Apply queues and what they need, and wait until Kueue admits by them."""
    refused = apply_all(plane, things)
    assert refused == [], refused
    for thing in things:
        if thing["kind"] == "ClusterQueue":
            plane.admin.wait(thing, lambda it: conditions(it).get("Active") == "True")


def remove(plane: ControlPlane, things: list[Object]) -> None:
    """Delete all but namespaces and CRDs, the last one first, without asking any finalizer.

    What a controller's finalizer keeps is waited for: the next test makes things of the same names.
    """
    going = []
    for thing in reversed(things):
        if thing["kind"] not in _KEPT:
            with suppress(RefusedError, KeyError):  # gone already, or its CRD never came
                if thing["metadata"].get("finalizers"):
                    plane.admin.patch(thing, {"metadata": {"finalizers": None}})
                if not plane.admin.delete(thing):
                    going.append(thing)
    for thing in going:
        wait_until(f"{name_of(thing)} is gone", partial(_is_gone, plane, thing))


def _is_gone(plane: ControlPlane, thing: Object) -> bool:
    """Whether it is not there, or another one of its name, made since, that nobody deletes."""
    meta = thing["metadata"]
    found = plane.admin.find(
        thing["apiVersion"], thing["kind"], meta["name"], meta.get("namespace")
    )
    return found is None or "deletionTimestamp" not in found["metadata"]
