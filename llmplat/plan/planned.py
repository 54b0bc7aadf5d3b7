"""The parts of a plan, as frozen values that turn into JSON field by field."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PlannedComponent:
    """One component that will run."""

    name: str
    layer: str
    purpose: str
    version: str | None
    """That of the runtime or chart it is installed from; None when the substrate brings its own."""


@dataclass(frozen=True)
class PlannedLayer:
    """One layer of the profile, with what of it this substrate runs."""

    order: int
    name: str
    title: str
    purpose: str
    components: tuple[str, ...]
    """Names, in order."""


@dataclass(frozen=True)
class LeftOut:
    """A component of the profile that this substrate does without."""

    name: str
    layer: str
    why: str


@dataclass(frozen=True)
class PlannedPrice:
    """What a token costs a tenant."""

    input_nanousd_per_token: int
    output_nanousd_per_token: int
    is_estimate: bool
    how: str
    """The sum with its figures, for people."""


@dataclass(frozen=True)
class PlannedCapacity:
    """Requests the gateway lets through, all replicas together."""

    running: int
    waiting: int


@dataclass(frozen=True)
class PlannedMemory:
    """Memory of one replica, item by item, and where each figure is from."""

    weights_bytes: int
    kv_cache_bytes: int
    overhead_bytes: int
    total_bytes: int
    kv_bytes_per_token: int
    kv_tokens: int
    how: str


@dataclass(frozen=True)
class PlannedOverflow:
    """A service outside that may answer in the engines' place."""

    url: str
    use: str
    """fallback or burst."""
    data_class: str
    """The most sensitive data it may be sent."""
    price: PlannedPrice
    tenants: tuple[str, ...]
    """Tenants whose requests may be sent there."""


@dataclass(frozen=True)
class PlannedModel:
    """One model: where it comes from, where it runs, what it can carry and costs."""

    name: str
    aliases: tuple[str, ...]
    kind: str
    owner: str
    data_class: str
    source: str | None
    """None when an external service answers for it."""
    revision: str | None
    digest: str | None
    context: int
    default_max_tokens: int
    max_tokens: int
    runtime: str | None
    gpu: str | None
    replicas: int
    ports: tuple[int, ...]
    """On this machine; none in a cluster, where each pod has an address of its own."""
    memory: PlannedMemory | None
    capacity: PlannedCapacity
    price: PlannedPrice
    backends: tuple[str, ...]
    """Engine replicas as name/index, or addresses of external services."""
    usd_per_hour: float | None = None
    """Of one GPU, or of this machine; None when an external service answers."""
    is_external: bool = False
    overflow: tuple[PlannedOverflow, ...] = ()


@dataclass(frozen=True)
class PlannedTenant:
    """One tenant as the gateway will know it."""

    name: str
    budget_nanousd: int
    period: str
    priority_class: str
    models: tuple[str, ...]
    apps: tuple[str, ...]
