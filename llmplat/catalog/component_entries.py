"""What the catalogue says of one component: versions, charts, images, monitors, doors."""

from collections.abc import Mapping
from dataclasses import dataclass

from llmplat.catalog.sourced import Sourced


@dataclass(frozen=True)
class PinnedVersion(Sourced):
    """The version a component is pinned to."""

    pinned: str
    app: str
    chart: str | None = None
    repository: str | None = None
    """oci://host/path without the chart's name, or https://host/path."""
    kubernetes: tuple[str, str] | None = None
    """Oldest and newest minor version it is made for, None where its makers do not say."""
    proven: str | None = None
    """Version of the real controller that the tests run, where that is another."""


@dataclass(frozen=True)
class Image(Sourced):
    """A container image that our own objects run."""

    name: str
    reference: str
    """Repository and tag; the lock holds its digest."""


@dataclass(frozen=True)
class ChartImage:
    """A container image that a chart's values name."""

    reference: str
    """Registry, repository and tag; no tag where `unused` and the chart alone knows it."""
    values: Mapping[str, str]
    """Path of a value -> which part of the reference it holds, a word of `render.chart_images`."""
    unused: str | None = None
    """Why our values never run it; None: it runs."""


@dataclass(frozen=True)
class Incompatible(Sourced):
    """Two components that do not work together at these versions."""

    first: str
    first_versions: str
    """Such as ">=1.2 <1.5"; "" is any."""
    second: str
    second_versions: str
    why: str


@dataclass(frozen=True)
class Kinds:
    """Kinds of objects, as group/Kind ("/Kind" in the core group), by whether they have a namespace."""

    cluster: tuple[str, ...] = ()
    namespaced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Door:
    """One port of a namespace and who may knock."""

    port: int
    from_namespace: str | None
    """None is anyone: API servers have no namespace."""
    why: str


@dataclass(frozen=True)
class Monitor:
    """Who has Prometheus read a component's metrics."""

    by: str
    """chart (its own monitor), ours (an object of ours) or nobody."""
    value: tuple[str, ...] = ()
    """Path of the value that turns the chart's monitor on."""
    why: str | None = None
    """Why nobody does."""


@dataclass(frozen=True)
class Component:
    """One part of the platform; it says its own layer."""

    name: str
    layer: str
    purpose: str
    needs: tuple[str, ...]
    """Abilities a substrate must offer for it."""
    requires: tuple[str, ...]
    """Other components, of the same or a lower layer."""
    optional: bool
    """Left out unless the platform file turns it on."""
    version: PinnedVersion | None
    runtimes: tuple[str, ...]
    """Runtimes whose version is its version, in place of a pinned one."""
    after: tuple[str, ...] = ()
    """Components that come before it where they run; it does without them where they do not."""
    namespace: str | None = None
    """Where it lives in a cluster; None for what has no namespace of its own."""
    pod_security: str = "restricted"
    """Pod Security level of that namespace."""
    has_objects: bool = False
    """Has objects of our own making, beside or without a chart."""
    objects_first: bool = False
    """They come before the chart, which needs them to start; else after it."""
    each_model: str | None = None
    """Name of its Application, with {model} in it, where there is one for each model."""
    objects: tuple[tuple[str, str], ...] = ()
    """Files of objects by their makers, applied as they are: name, text."""
    values_template: str | None = None
    """Text of its values.yaml.j2."""
    images_text: str | None = None
    """Text of its images.yaml, read by `images_of`: only what has to do with a mirror needs it."""
    images: tuple[ChartImage, ...] | None = None
    """What its chart runs, moved into a mirror."""
    kinds: Kinds = Kinds()
    """What its chart or its makers' objects consist of; a project allows just these."""
    kinds_elsewhere: tuple[str, ...] = ()
    """Further namespaces its chart writes to."""
    doors: tuple[Door, ...] = ()
    """Ports of its namespace that others reach; every other way in is closed."""
    owns: tuple[str, ...] = ()
    """Things of the cluster that only one component can own, such as an APIService."""
    metrics: Monitor | None = None
    """None where its folder does not say."""
    holds_data: bool = False
    """Losing its objects would lose data: prune and delete ask first."""
