"""What the catalogue holds, as frozen values: facts with their source, choices by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sourced:
    """Where a fact was read and when."""

    source: str
    as_of: str
    """ISO date."""


@dataclass(frozen=True)
class Profile:
    """A named stopping point in the layers."""

    name: str
    title: str
    purpose: str
    up_to: str
    """Name of the last layer that belongs to it."""


@dataclass(frozen=True)
class Layer:
    """One cumulative layer."""

    order: int
    name: str
    title: str
    purpose: str
    needs: tuple[str, ...]
    """Abilities a substrate must offer for it."""


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


@dataclass(frozen=True)
class SubstrateFacts:
    """What one substrate offers."""

    name: str
    title: str
    provisioner: str
    abilities: tuple[str, ...]
    leaves_out: Mapping[str, str]
    """Component -> why this substrate does without it."""


@dataclass(frozen=True)
class Gpu(Sourced):
    """One accelerator type."""

    name: str
    title: str
    memory_bytes: int
    """Usable, as torch reports it."""
    memory_bandwidth_bytes_per_s: int | None
    """None where no source gives it."""
    compute_capability: str | None = None
    """NVIDIA's, such as "9.0"."""
    link: str = "nvlink"
    """How several of one machine are connected: nvlink or pcie."""
    platform: str = "cuda"
    is_unified: bool = False
    """Shares its memory with the CPU."""
    aliases: tuple[str, ...] = ()
    """Other names, the clouds' labels among them."""


@dataclass(frozen=True)
class Machine(Sourced):
    """What is assumed of a machine that nothing better is known about."""

    name: str
    title: str
    usd_per_hour: float
    memory_bandwidth_bytes_per_s: int
    engine_overhead_bytes: int
    gateway_bytes: int
    gateway_worker_bytes: int


@dataclass(frozen=True)
class Throughput(Sourced):
    """Measured output tokens per second of one replica at full load."""

    model: str
    hardware: str
    tokens_per_s: float
    concurrency: int


@dataclass(frozen=True)
class PriceDefaults(Sourced):
    """Assumptions behind a computed price."""

    utilisation: float
    input_share: float


@dataclass(frozen=True)
class Runtime:
    """One locked environment that a launch runs in; `facts` is its file as read."""

    name: str
    title: str
    version: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Demo:
    """One bundled demo model; `facts` is its file as read."""

    name: str
    title: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Catalog:
    """Everything that exists, indexed by name."""

    profiles: Mapping[str, Profile]
    layers: tuple[Layer, ...]
    """In their order."""
    components: Mapping[str, Component]
    substrates: Mapping[str, SubstrateFacts]
    abilities: Mapping[str, str]
    """Ability -> what it means."""
    gpus: Mapping[str, Gpu]
    machines: Mapping[str, Machine]
    throughput: tuple[Throughput, ...]
    prices: PriceDefaults
    runtimes: Mapping[str, Runtime] = field(default_factory=dict)
    demos: Mapping[str, Demo] = field(default_factory=dict)
    images: Mapping[str, Image] = field(default_factory=dict)
    incompatible: tuple[Incompatible, ...] = ()


@dataclass(frozen=True)
class DeliveryRule(Sourced):
    """One way in which a model's image reaches its engine, and where it can be used."""

    name: str
    title: str
    order: int
    """Of the rules that a cluster can follow the lowest is taken."""
    since: str
    """First Kubernetes minor that has it."""
    default_since: str | None
    """First minor where it works without the cluster saying so; None: never by itself."""
    ability: str | None
    """Substrate ability that stands in for `default_since` on an older cluster."""
    excludes: tuple[str, ...]
    """GPU stacks it was found not to work with."""


@dataclass(frozen=True)
class ServingRates(Sourced):
    """Stated rates behind start-up budgets: pessimistic, so that a slow start is no failure."""

    name: str
    pull_bytes_per_s: int
    load_bytes_per_s: int
    engine_start_s: int
    """An engine's own start: imports, compilation, graphs, the first answer."""
    schedule_s: int
    """A machine of the pool being made and its driver started."""


@dataclass(frozen=True)
class ClaimRule(Sourced):
    """What it takes that pods claim GPUs (Dynamic Resource Allocation) and queues count them."""

    name: str
    since: str
    """First Kubernetes minor that has the API."""
    kueue: str
    """Bounds on Kueue's version, such as ">=0.18"."""
    driver: str
    """Name of the driver whose devices are claimed."""
