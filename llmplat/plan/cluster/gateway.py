"""The gateway's launch -> several copies of it in a cluster, with counters that all of them share."""

from dataclasses import dataclass, replace
from typing import Any

from llmplat.catalog.cluster import load_gateway_code
from llmplat.domain.errors import PlanError
from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.routing import Routing
from llmplat.plan.cluster.secrets import PlannedSecret, make_secret
from llmplat.plan.launch import Backend, GatewayLaunch, SecretEnv
from llmplat.plan.policy import make_ledger
from llmplat.spec.keys import KeysFile
from llmplat.spec.platform import Platform

NAMESPACE = "llm-gateway"
COMPONENT = "litellm"
EDGE = "edge"
"""Namespace of the way in where there is a domain; its proxies are the data plane's business."""
COUNTERS = "counters"
"""Component, Service and StatefulSet of Valkey."""
COUNTERS_PORT = 6379
USAGE_LEDGER = "usage-ledger"
"""Component and Cluster of the record of requests."""
PASSWORD = "redis-password"  # noqa: S105 (the name of a secret)
SYSTEM_KEY = SecretEnv("LLMPLAT_SYSTEM_KEY", "system-key")
"""The platform's own key: its hash is not known when manifests are made, so the gateway hashes it."""
GATEWAY_PRIORITY = "llmplat-gateway"
CPU_PER_WORKER = 1.0

_REPLICAS = {"economy": 2, "high-availability": 3}
_INTERNAL = {
    # Each cloud reads its own and overlooks the others.
    "networking.gke.io/load-balancer-type": "Internal",
    "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
}


@dataclass(frozen=True)
class Counters:
    """Valkey: spend, limits and slots of the whole platform, kept on a disk."""

    image: str
    storage_class: str | None
    memory_bytes: int = 512 * 1024 * 1024
    disk_bytes: int = 8 * 1024 * 1024 * 1024

    @property
    def url(self) -> str:
        """Without the password."""
        return f"redis://{COUNTERS}:{COUNTERS_PORT}/0"


@dataclass(frozen=True)
class UsageDatabase:
    """PostgreSQL by CloudNativePG: the record of requests; its operator makes the password."""

    instances: int
    storage_class: str | None
    disk_bytes: int = 16 * 1024 * 1024 * 1024

    @property
    def secret(self) -> str:
        """Name of the secret that the operator writes; its key `uri` is the address."""
        return f"{USAGE_LEDGER}-app"


@dataclass(frozen=True)
class Zone:
    """A DNS zone that the platform writes in."""

    provider: str
    name: str
    project: str | None
    """Google Cloud project of a zone of Cloud DNS."""
    token: str | None
    """Name of the secret with the token, where one is shown."""


@dataclass(frozen=True)
class Entry:
    """How teams reach the gateway."""

    service_type: str
    """LoadBalancer or ClusterIP."""
    annotations: tuple[tuple[str, str], ...]
    domain: str | None
    """DNS name; with one the way in speaks TLS."""
    hosts: tuple[tuple[str, str], ...] = ()
    """First labels of further names in the domain, with the namespace that their routes are in."""
    zone: Zone | None = None
    """Where records are written; None: by hand, and an authority of the platform's own signs."""


@dataclass(frozen=True)
class ClusterGateway:
    """The LLM gateway and its counters."""

    launch: GatewayLaunch
    image: str
    replicas: int
    is_spread: bool
    """Copies must stand in several zones."""
    entry: Entry
    counters: Counters
    code: dict[str, str]
    """File name -> text of the gateway package, as it runs on one machine too."""
    keys: tuple[dict[str, Any], ...]
    """Declared keys: hashes, never keys."""
    upstream: str
    """Where every model's requests go, with /v1; models differ by a header."""
    secrets: tuple[PlannedSecret, ...]
    has_external: bool
    """A service outside answers for some model."""
    usage_database: UsageDatabase | None = None
    """None keeps no records."""
    is_traced: bool = False
    """It sends spans to the collector."""


def make_cluster_gateway(
    ground: Ground, engines: tuple[ClusterEngine, ...], routing: Routing | None
) -> ClusterGateway | None:
    """The gateway; None where the profile ends below its layer."""
    if ground.gateway is None or routing is None:
        return None
    launch = _through_routes(ground.gateway, {engine.launch.model for engine in engines})
    database = _usage_database(ground)
    if database is not None:
        ledger = make_ledger(ground.platform.gateway.ledger)
        launch = replace(launch, policy={**launch.policy, "ledger": ledger})
    launch = replace(launch, secret_env=(*launch.secret_env, SYSTEM_KEY))
    return ClusterGateway(
        launch=launch,
        image=ground.image("litellm"),
        replicas=_REPLICAS[ground.platform.tier],
        is_spread=ground.platform.tier == "high-availability",
        entry=_entry(ground),
        counters=Counters(ground.image("valkey"), ground.platform.substrate.storage_class),
        code=dict(load_gateway_code()),
        keys=_keys(ground.keys),
        upstream=f"{routing.address}/v1",
        secrets=tuple(
            make_secret(ground, one.secret, NAMESPACE, COMPONENT, one.env)
            for one in launch.secret_env
        ),
        has_external=any(backend.engine is None for backend in launch.backends),
        usage_database=database,
    )


def _usage_database(ground: Ground) -> UsageDatabase | None:
    if not ground.runs(USAGE_LEDGER):
        return None
    instances = 3 if ground.platform.tier == "high-availability" else 1
    return UsageDatabase(instances, ground.platform.substrate.storage_class)


def _through_routes(launch: GatewayLaunch, routed: set[str]) -> GatewayLaunch:
    """One backend for each routed model: which replica answers is the router's choice.

    The gateway marks a routed request with the model's name and with what may be shed.
    """
    backends: list[Backend] = [
        backend for backend in launch.backends if backend.engine is None or backend.replica == 0
    ]
    models = {
        name: {**entry, "backends": 1, "routed": True} if name in routed else entry
        for name, entry in launch.policy["models"].items()
    }
    return replace(launch, backends=tuple(backends), policy={**launch.policy, "models": models})


def _entry(ground: Ground) -> Entry:
    is_balanced = ground.has("load-balancer") and ground.platform.domain is None
    return Entry(
        service_type="LoadBalancer" if is_balanced else "ClusterIP",
        annotations=tuple(_INTERNAL.items()) if is_balanced else (),
        domain=ground.platform.domain,
        zone=zone_of(ground.platform),
    )


def zone_of(platform: Platform) -> Zone | None:
    """The zone that records are written in; PlanError for one of Cloud DNS without a project."""
    dns = platform.dns
    if dns is None or dns.provider == "none" or dns.zone is None:
        return None
    token = dns.token_secret
    if dns.provider != "cloud-dns":
        return Zone(dns.provider, dns.zone, None, token)
    project, _, name = dns.zone.rpartition("/")
    project = project or (platform.substrate.gke.project if platform.substrate.gke else "")
    if not project:
        raise PlanError(
            f"The zone {dns.zone} of Cloud DNS names no project.",
            why="this cluster belongs to no Google Cloud project that llmplat knows.",
            fix=("dns: {provider: cloud-dns, zone: my-project/my-zone}",),
        )
    return Zone(dns.provider, name, project, token)


def with_hosts(gateway: ClusterGateway, hosts: tuple[tuple[str, str], ...]) -> ClusterGateway:
    """`gateway` with further names at its way in."""
    return replace(gateway, entry=replace(gateway.entry, hosts=hosts))


def internal_annotations() -> dict[str, str]:
    """What makes a load balancer an internal one, cloud by cloud."""
    return dict(_INTERNAL)


def _keys(keys: KeysFile | None) -> tuple[dict[str, Any], ...]:
    """Every declared key that was not taken back; the gateway itself looks at `expires`."""
    wanted = {"id", "sha256", "tenant", "app", "created", "expires"}
    return tuple(
        key.model_dump(mode="json", include=wanted)
        for key in (keys.keys if keys is not None else ())
        if key.revoked is None
    )
