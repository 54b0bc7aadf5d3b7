"""A platform on a cluster -> the digests of the charts and images that it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from llmplat.catalog.chart_images import images_of
from llmplat.catalog.component_entries import Component, PinnedVersion
from llmplat.catalog.entries import Catalog
from llmplat.catalog.through_mirror import through_mirror
from llmplat.domain.errors import Finding, InputError
from llmplat.plan.cluster.substrate import substrate_of
from llmplat.plan.implied import switches_of
from llmplat.plan.layers import make_stack
from llmplat.spec.lock import LockedChart, LockedImage
from llmplat.spec.platform import Platform

Key = TypeVar("Key")
Asked = TypeVar("Asked")


@dataclass(frozen=True)
class ClusterPins:
    """What pinning charts and images needs of the world."""

    catalog: Catalog
    chart: Callable[[PinnedVersion], str]
    """sha256:... of a chart at its version; raises LlmplatError."""
    image: Callable[[str], str]
    """sha256:... of repository:tag; raises LlmplatError."""


def pin_charts(platform: Platform, pins: ClusterPins) -> tuple[LockedChart, ...]:
    """The charts of every component that runs on this substrate, in any profile."""
    charts = {
        (pin.chart, pin.pinned): pin
        for part in components_of(platform, pins.catalog)
        if (pin := part.version) is not None and pin.chart
    }
    digests = _ask_each(charts, pins.chart)
    return tuple(
        LockedChart(name=str(name), version=version, digest=digests[name, version])
        for name, version in sorted(charts)
    )


def pin_images(platform: Platform, pins: ClusterPins) -> tuple[LockedImage, ...]:
    """Every image that our own objects may run; those of charts too where a mirror must have them."""
    catalog = through_mirror(pins.catalog, platform.mirror_place)
    references = {image.reference: image.reference for image in catalog.images.values()}
    if platform.mirror_place is not None:
        run = [one for part in components_of(platform, catalog) for one in images_of(part) or ()]
        references |= {one.reference: one.reference for one in run if one.unused is None}
        extra = platform.mirror.images if platform.mirror is not None else ()
        references |= {(kept := platform.mirror_place.image(one)): kept for one in extra}
    digests = _ask_each(references, pins.image)
    return tuple(LockedImage(reference=one, digest=digests[one]) for one in sorted(references))


def components_of(platform: Platform, catalog: Catalog) -> tuple[Component, ...]:
    """Every component that runs on this substrate: in any profile, or what the mirror must have.

    A mirror is filled for one profile, so nothing beyond it can be asked for.
    """
    place = platform.mirror_place
    substrate = substrate_of(platform, catalog)
    profile = "full" if place is None else platform.profile
    switches = switches_of(platform.model_copy(update={"profile": profile}))
    stack = make_stack(profile, substrate, switches, catalog)
    seen = through_mirror(catalog, place)
    return tuple(seen.components[part.name] for part in stack.components)


def _ask_each(wanted: Mapping[Key, Asked], ask: Callable[[Asked], str]) -> dict[Key, str]:
    """The digest of each; InputError with all that are not there, the first broken way ends it."""
    digests: dict[Key, str] = {}
    missing: list[InputError] = []
    for key, asked in wanted.items():
        try:
            digests[key] = ask(asked)
        except InputError as error:
            missing.append(error)
    if len(missing) == 1:
        raise missing[0]
    if missing:
        findings = tuple(Finding(e.code, e.what, e.why, e.fix) for e in missing)
        what = f"{len(missing)} of {len(wanted)} pinned charts or images are not there."
        raise InputError(what, findings=findings)
    return digests
