"""What is allowed on this gateway: frozen values the guard looks things up in."""

from dataclasses import dataclass, field
from typing import Any

DATA_CLASSES = ("public", "internal", "confidential")
"""Least sensitive first; a name that is not here is as sensitive as the last."""

SYSTEM = ("platform", "system")
"""Tenant and app of the key that may see all tenants."""


@dataclass(frozen=True)
class Budget:
    """Money for one period."""

    nanousd: int
    period: str
    """day, week, month or total; UTC."""


@dataclass(frozen=True)
class Bounds:
    """What an app or a tenant may use; None means no bound at this level."""

    budget: Budget | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    parallel_requests: int | None
    models: frozenset[str] | None
    """None means all."""
    class_name: str | None
    forwards_users: bool = False
    """Names whoever asks through it, and is believed: an app whose users signed in."""


@dataclass(frozen=True)
class Tenant:
    """A tenant and its apps."""

    name: str
    bounds: Bounds
    apps: dict[str, Bounds]
    data_class: str = DATA_CLASSES[-1]
    """How sensitive what it sends may be."""
    self_service: tuple[int, int] | None = None
    """Keys of an app that it may have without asking, and their longest life in seconds."""


@dataclass(frozen=True)
class WayOut:
    """A service outside that may answer for a model in the place of its engines."""

    name: str
    """The name LiteLLM knows it by."""
    use: str
    """fallback: when no engine can be reached; burst: when the engines are full."""
    data_class: str
    """The most sensitive data it may be sent."""
    served: "ServedModel"
    """The model as that service offers it: its own price, no priority, no router."""


@dataclass(frozen=True)
class ServedModel:
    """One model as the gateway offers it."""

    name: str
    aliases: tuple[str, ...]
    kind: str
    context: int
    default_max_tokens: int
    max_tokens: int
    prompt_overhead_tokens: int
    input_nanousd_per_token: int
    output_nanousd_per_token: int
    running: int
    waiting: int
    backends: int
    is_external: bool
    """Not an engine of ours: no priority and no per-chunk usage is asked of it."""
    is_routed: bool = False
    """A router picks the replica: it is told the model, and what may be shed, by headers."""
    data_class: str = DATA_CLASSES[-1]
    ways_out: tuple[WayOut, ...] = ()
    owner: str = ""
    """The team that answers for it."""


@dataclass(frozen=True)
class PriorityClass:
    """How long a class may wait behind newer work, and its part of the admission window."""

    allowance_ms: int
    share: float


@dataclass(frozen=True)
class Policy:
    """All that is allowed on this gateway."""

    platform: str
    models: dict[str, ServedModel]
    spellings: dict[str, ServedModel]
    """By name and by alias."""
    classes: dict[str, PriorityClass]
    organisation: Budget | None
    tenants: dict[str, Tenant]
    gateway_s: float
    is_cache_on: bool
    cache_ttl_s: int
    body_limit_bytes: int
    ledger_backlog: int
    """Records that may wait to be stored before requests are refused; 0 keeps no records."""
    ledger_keep_s: int
    """How long records are kept."""
    trace_share: float = 0.0
    """Part of the requests whose spans are kept."""
    lanes: dict[Any, Any] = field(default_factory=dict, compare=False)
    """Derived values kept as long as this policy is the current one."""


@dataclass(frozen=True)
class Key:
    """A declared key: only its hash is known."""

    id: str
    tenant: str
    app: str
    expires_s: float | None
    """Seconds since 1970."""
    created_s: float | None = None

    @property
    def is_system(self) -> bool:
        """Whether this is the platform's own key."""
        return (self.tenant, self.app) == SYSTEM


def get_class_name(policy: Policy, tenant: Tenant, app: Bounds) -> str:
    """The priority class of an app: its own, else its tenant's, else interactive."""
    name = app.class_name or tenant.bounds.class_name or "interactive"
    return name if name in policy.classes else "interactive"


def may_use(model: ServedModel, tenant: Tenant, app: Bounds) -> bool:
    """Whether both the tenant and the app list the model."""
    return all(
        bounds.models is None or model.name in bounds.models for bounds in (tenant.bounds, app)
    )


def list_ways_out(model: ServedModel, tenant: Tenant) -> tuple[WayOut, ...]:
    """The services outside that this tenant's requests for `model` may be sent to.

    Both the tenant's data and what the model may reveal must be no more sensitive than the
    service may see; whatever is not known counts as the most sensitive.
    """
    sensitivity = max(_rank(model.data_class), _rank(tenant.data_class))
    return tuple(
        way
        for way in model.ways_out
        if way.data_class in DATA_CLASSES and sensitivity <= DATA_CLASSES.index(way.data_class)
    )


def _rank(data_class: str) -> int:
    known = data_class in DATA_CLASSES
    return DATA_CLASSES.index(data_class) if known else len(DATA_CLASSES)
