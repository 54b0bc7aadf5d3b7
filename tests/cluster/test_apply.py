"""Every object of every profile and example: taken by a real API server, twice, the second time as it is."""

import time
from pathlib import Path

import pytest

from tests.cluster.plane.client import Object, RefusedError
from tests.cluster.plane.control_plane import ControlPlane
from tests.cluster.plane.furnish import MANAGER, all_objects, furnish, make_room, remove
from tests.cluster.plane.rendered import EXAMPLES, PROFILES, render


@pytest.fixture(scope="module")
def furnished(kueue: ControlPlane, crds: Path) -> ControlPlane:
    """The control plane with every CRD that we render kinds of; Kueue and its webhooks run."""
    trees = (render(example, profile) for example in EXAMPLES for profile in PROFILES)
    furnish(kueue, crds, (thing for tree in trees for thing in all_objects(tree)))
    return kueue


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_object_is_taken_and_stays(
    furnished: ControlPlane, example: str, profile: str
) -> None:
    things = all_objects(render(example, profile))
    try:
        taken, refused = _apply_all(furnished, things)
        assert refused == []
        again, _ = _apply_all(furnished, things)
        assert [it for it in again if _wish(again[it]) != _wish(taken[it])] == []
    finally:
        remove(furnished, things)


def _apply_all(plane: ControlPlane, things: list[Object]) -> tuple[dict[str, Object], list[str]]:
    """What the API server made of each, and what it refused for good."""
    taken: dict[str, Object] = {}
    refused: dict[str, str] = {}
    # As Argo CD does, try again: a policy sees a new parameter object a moment later.
    for wait_s in (0, 1, 3):
        time.sleep(wait_s)
        for thing in things:
            if _name(thing) not in taken:
                make_room(plane, thing)
                try:
                    taken[_name(thing)] = plane.admin.apply(thing, manager=MANAGER)
                    refused.pop(_name(thing), None)
                except RefusedError as error:
                    refused[_name(thing)] = f"{_name(thing)}: {error}"
        if not refused:
            break
    return taken, list(refused.values())


def _wish(thing: Object) -> Object:
    """Without what others may have changed in between: the status and the version it moves."""
    meta = {k: v for k, v in thing["metadata"].items() if k != "resourceVersion"}
    mine = [it for it in meta.pop("managedFields", ()) if it["manager"] == MANAGER]
    owned = [it["fieldsV1"] for it in mine]
    return {**{k: v for k, v in thing.items() if k != "status"}, "metadata": meta, "owned": owned}


def _name(thing: Object) -> str:
    meta = thing["metadata"]
    return f"{thing['kind']} {meta.get('namespace', '')}/{meta['name']}"
