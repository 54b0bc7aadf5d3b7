"""What the catalogue holds, as frozen values: facts with their source, choices by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmplat.catalog.component_entries import Component, Image, Incompatible
from llmplat.catalog.sourced import Sourced


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
