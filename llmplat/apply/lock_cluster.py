"""A platform on a cluster -> the digests of the charts and images that it runs."""

from collections.abc import Callable
from dataclasses import dataclass

from llmplat.catalog.entries import Catalog, PinnedVersion
from llmplat.plan.cluster.substrate import substrate_of
from llmplat.plan.layers import make_stack
from llmplat.spec.lock import LockedChart, LockedImage
from llmplat.spec.platform import Platform


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
    substrate = substrate_of(platform, pins.catalog)
    switches = {name: part.enabled for name, part in platform.components.items()}
    stack = make_stack("full", substrate, switches, pins.catalog)
    charts = {
        (pin.chart, pin.pinned): pin
        for part in stack.components
        if (pin := pins.catalog.components[part.name].version) is not None and pin.chart
    }
    return tuple(
        LockedChart(name=str(name), version=version, digest=pins.chart(pin))
        for (name, version), pin in sorted(charts.items())
    )


def pin_images(pins: ClusterPins) -> tuple[LockedImage, ...]:
    """Every image that our own objects may run."""
    references = sorted({image.reference for image in pins.catalog.images.values()})
    return tuple(LockedImage(reference=one, digest=pins.image(one)) for one in references)
