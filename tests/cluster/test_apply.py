"""Every object of every profile and example: taken by a real API server, twice, the second time as it is."""

from pathlib import Path

import pytest

from tests.cluster.plane.client import Object
from tests.cluster.plane.control_plane import ControlPlane
from tests.cluster.plane.crds import variant_crds
from tests.cluster.plane.furnish import MANAGER, all_objects, apply_all, name_of, remove
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
        assert apply_all(plane, things) == []
        assert _changed_by_applying(plane, things) == []
    finally:
        remove(plane, things)


def _changed_by_applying(plane: ControlPlane, things: list[Object]) -> list[str]:
    """What a second apply alters: the wish itself, or who owns which part of it."""
    changed = []
    for thing in things:
        before = plane.admin.ask("GET", plane.admin.path_of(thing))
        after = plane.admin.apply(thing, manager=MANAGER)
        if _wish(before) != _wish(after):
            changed.append(name_of(thing))
    return changed


def _wish(thing: Object) -> Object:
    """Without what others may have changed in between: the status and the version it moves."""
    meta = {k: v for k, v in thing["metadata"].items() if k != "resourceVersion"}
    mine = [it for it in meta.pop("managedFields", ()) if it["manager"] == MANAGER]
    owned = [it["fieldsV1"] for it in mine]
    return {**{k: v for k, v in thing.items() if k != "status"}, "metadata": meta, "owned": owned}
