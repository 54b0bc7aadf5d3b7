"""A platform on a cluster for tests: the two-teams example, changed key by key, planned and rendered."""

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from llmplat.catalog.entries import Catalog
from llmplat.catalog.load import load_catalog
from llmplat.plan.make import make_plan
from llmplat.plan.plan import Plan
from llmplat.render.objects import make_objects
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import Lock, LockedChart, LockedImage, parse_lock

HOME = Path(__file__).parents[2]
EXAMPLES = HOME / "docs" / "examples"
MADE_UP = f"sha256:{'d' * 64}"
Change = Callable[[dict[str, Any]], None]


@cache
def catalog() -> Catalog:
    """The shipped catalogue."""
    return load_catalog(HOME)


@cache
def example(name: str) -> dict[str, Any]:
    """An example's file as data; copy before changing it."""
    return yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text("utf-8"))


@cache
def example_lock(name: str) -> Lock:
    """An example's lock, with made-up digests for what the example itself does not run."""
    lock = parse_lock((EXAMPLES / f"{name}.lock.yaml").read_text("utf-8"), name)
    pins = [one.version for one in catalog().components.values()]
    charts = {(p.chart, p.pinned) for p in pins if p is not None and p.chart}
    charts -= {(chart.name, chart.version) for chart in lock.charts}
    more = (LockedChart(name=n, version=v, digest=MADE_UP) for n, v in sorted(charts))
    images = {one.reference for one in catalog().images.values()}
    images -= {image.reference for image in lock.images}
    extra = (LockedImage(reference=one, digest=MADE_UP) for one in sorted(images))
    return lock.model_copy(
        update={"charts": (*lock.charts, *more), "images": (*lock.images, *extra)}
    )


def plan_with(
    change: Change | None = None, *, name: str = "cluster-two-teams", profile: str = "full"
) -> Plan:
    """The plan of an example after `change` of its data."""
    document = copy.deepcopy(example(name))
    document["profile"] = profile
    if change is not None:
        change(document)
    platform = parse_platform(yaml.safe_dump(document, sort_keys=False), "platform.yaml").platform
    return make_plan(platform, example_lock(name), catalog())


def objects_with(
    change: Change | None = None, *, name: str = "cluster-two-teams", profile: str = "full"
) -> dict[str, tuple[dict[str, Any], ...]]:
    """Application -> objects of such a plan."""
    return make_objects(plan_with(change, name=name, profile=profile))


def find(objects: dict[str, tuple[dict[str, Any], ...]], kind: str, name: str) -> dict[str, Any]:
    """The one object of that kind and name."""
    found = [
        item
        for items in objects.values()
        for item in items
        if (item["kind"], item["metadata"]["name"]) == (kind, name)
    ]
    assert len(found) == 1, f"{len(found)} x {kind}/{name}"
    return found[0]


def every(objects: dict[str, tuple[dict[str, Any], ...]], kind: str) -> list[dict[str, Any]]:
    """All objects of a kind."""
    return [item for items in objects.values() for item in items if item["kind"] == kind]


def model(document: dict[str, Any], name: str) -> dict[str, Any]:
    """One model of the file, to be changed."""
    return next(item for item in document["models"] if item["name"] == name)
