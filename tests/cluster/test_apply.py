"""Every object of every profile and example: taken by a real API server, twice, the second time as it is."""

import time
from pathlib import Path

import pytest

from tests.cluster.plane.client import Object, RefusedError
from tests.cluster.plane.control_plane import ControlPlane
from tests.cluster.plane.crds import variant_crds
from tests.cluster.plane.furnish import MANAGER, all_objects, make_room, remove
from tests.cluster.plane.rendered import EXAMPLES, PROFILES, Rendered, render, render_pages
from tests.cluster.plane.variants import VARIANTS, Variant, render_variant


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_object_is_taken_and_stays(kueue: ControlPlane, example: str, profile: str) -> None:
    _check_taken(kueue, render(example, profile))


def test_every_object_behind_the_pages_is_taken_and_stays(kueue: ControlPlane) -> None:
    _check_taken(kueue, render_pages())


@pytest.fixture(scope="module")
def wide(kueue: ControlPlane, crds: Path) -> ControlPlane:
    """With the kinds that no example renders."""
    kueue.install(variant_crds(crds))
    return kueue


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda it: it.name)
def test_every_object_of_a_variant_is_taken_and_stays(wide: ControlPlane, variant: Variant) -> None:
    _check_taken(wide, render_variant(variant))


def _check_taken(plane: ControlPlane, rendered: Rendered) -> None:
    things = all_objects(rendered)
    try:
        assert _apply_all(plane, things) == []
        assert _changed_by_applying(plane, things) == []
    finally:
        remove(plane, things)


def _apply_all(plane: ControlPlane, things: list[Object]) -> list[str]:
    """What the API server refuses for good."""
    refused: dict[str, str] = {}
    left = things
    # As Argo CD does, try again: a policy sees its new parameters some moments later.
    for wait_s in (0, 2, 5, 15):
        time.sleep(wait_s)
        refused = {}
        for thing in left:
            make_room(plane, thing)
            try:
                plane.admin.apply(thing, manager=MANAGER)
            except RefusedError as error:
                refused[_name(thing)] = f"{_name(thing)}: {error}"
        left = [thing for thing in left if _name(thing) in refused]
        if not left:
            break
    return list(refused.values())


def _changed_by_applying(plane: ControlPlane, things: list[Object]) -> list[str]:
    """What a second apply alters: the wish itself, or who owns which part of it."""
    changed = []
    for thing in things:
        before = plane.admin.ask("GET", plane.admin.path_of(thing))
        after = plane.admin.apply(thing, manager=MANAGER)
        if _wish(before) != _wish(after):
            changed.append(_name(thing))
    return changed


def _wish(thing: Object) -> Object:
    """Without what others may have changed in between: the status and the version it moves."""
    meta = {k: v for k, v in thing["metadata"].items() if k != "resourceVersion"}
    mine = [it for it in meta.pop("managedFields", ()) if it["manager"] == MANAGER]
    owned = [it["fieldsV1"] for it in mine]
    return {**{k: v for k, v in thing.items() if k != "status"}, "metadata": meta, "owned": owned}


def _name(thing: Object) -> str:
    meta = thing["metadata"]
    return f"{thing['kind']} {meta.get('namespace', '')}/{meta['name']}"
