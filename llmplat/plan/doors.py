"""A door's switch laid over a platform file: the file that would be planned with it open."""

from collections.abc import Mapping
from io import StringIO
from typing import Any

import yaml

from llmplat.catalog.doors import DoorFacts
from llmplat.catalog.entries import Catalog
from llmplat.spec.load import LoadedPlatform, parse_platform
from llmplat.spec.lock import Lock, LockedChart

EACH_MODEL = "models.*"
"""Key of a switch that is laid over each model with an engine of ours."""
NOT_LOCKED = f"sha256:{'0' * 64}"
"""Stands for the digest of a chart that `llmplat lock` will look up."""


def open_door(door: DoorFacts, loaded: LoadedPlatform) -> LoadedPlatform:
    """The platform with the door open; raises SpecError when the file would not read well."""
    document = yaml.safe_load(StringIO(loaded.text))
    switch = dict(door.switch)
    for model in document.get("models", ()):
        if "source" in model:
            _lay(switch.get(EACH_MODEL, {}), model)
    switch.pop(EACH_MODEL, None)
    _lay(switch, document)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return parse_platform(text, f"{loaded.file} with {door.name}")


def lock_charts(lock: Lock | None, catalog: Catalog) -> Lock | None:
    """The lock with a stand-in for the digest of every chart that it does not hold."""
    if lock is None:
        return None
    held = {(chart.name, chart.version) for chart in lock.charts}
    pins = (component.version for component in catalog.components.values())
    wanted = {(pin.chart, pin.pinned) for pin in pins if pin is not None and pin.chart} - held
    more = tuple(
        LockedChart(name=str(name), version=version, digest=NOT_LOCKED)
        for name, version in sorted(wanted, key=str)
    )
    return lock.model_copy(update={"charts": (*lock.charts, *more)})


def _lay(over: Mapping[str, Any], under: dict[str, Any]) -> None:
    """`over` on top of `under`, mapping by mapping, in place."""
    for key, value in over.items():
        below = under.get(key)
        if isinstance(value, Mapping) and isinstance(below, dict):
            _lay(value, below)
        else:
            under[key] = value
