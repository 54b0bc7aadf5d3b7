"""Engines -> one pool, endpoint picker and route each, behind one inference gateway."""

from dataclasses import dataclass
from ipaddress import IPv4Network

from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.plan.cluster.ground import Ground
from llmplat.spec.platform import Platform

LAYER = "routing"
NAMESPACE = "inference-gateway"
GATEWAY = "inference-gateway"
GATEWAY_PORT = 8080
MODEL_HEADER = "x-llmplat-model"
"""The gateway writes the model's name there; a client's own never gets that far."""
SHED = "llmplat-sheddable"
"""Objective of work that may be refused when the pool is full."""
KEEP = "llmplat-kept"

PROXY_ONLY_RANGE = "10.128.64.0/23"
"""The proxy-only subnet that the GKE substrate makes for its regional load balancers."""

AGENTGATEWAY = "agentgateway"
"""The data plane where the file names none."""
GKE_GATEWAY = "gke-gateway"
_CLASSES = {AGENTGATEWAY: "agentgateway", GKE_GATEWAY: "gke-l7-rilb"}


@dataclass(frozen=True)
class Chain:
    """Who gives up when, in milliseconds, outermost first; each strictly before the one outside."""

    client_ms: int
    gateway_ms: int
    route_ms: int
    router_ms: int
    engine_ms: int


@dataclass(frozen=True)
class Router:
    """The endpoint picker of one model's pool."""

    name: str
    image: str
    replicas: int
    cpu: str = "250m"
    memory_bytes: int = 512 * 1024 * 1024


@dataclass(frozen=True)
class ModelRoute:
    """How a request for one model finds a replica."""

    model: str
    owner: str
    namespace: str
    pool: str
    engine: str
    router: Router
    prefill_from: int | None = None
    """Tokens from which a prompt is read by an engine of its own, 0: all are; None: none is."""


@dataclass(frozen=True)
class KeptAddress:
    """An address that the substrate keeps for a load balancer outside the cluster."""

    name: str
    """By which Google Cloud knows it."""
    address: str
    """IPv4, of the nodes' range."""


@dataclass(frozen=True)
class Routing:
    """The inference gateway and all routes."""

    data_plane: str
    gateway_class: str
    namespace: str
    port: int
    chain: Chain
    routes: tuple[ModelRoute, ...]
    replicas: int
    proxy_ranges: tuple[str, ...]
    """Addresses that a data plane outside the cluster calls from; empty for one inside."""
    kept: KeptAddress | None = None
    """Where a data plane outside the cluster answers: no Service leads there."""

    @property
    def address(self) -> str:
        """Where the LLM gateway sends every model's requests, without /v1."""
        host = f"{GATEWAY}.{self.namespace}.svc" if self.kept is None else self.kept.address
        return f"http://{host}:{self.port}"


def make_routing(ground: Ground, engines: tuple[ClusterEngine, ...]) -> Routing | None:
    """Routes for every engine; None where the profile ends below the layer."""
    if not any(layer.name == LAYER for layer in ground.layers):
        return None
    plane = ground.platform.gateway.data_plane or AGENTGATEWAY
    is_high = ground.platform.tier == "high-availability"
    image = ground.image("llm-d-router")
    return Routing(
        data_plane=plane,
        gateway_class=_CLASSES[plane],
        namespace=NAMESPACE,
        port=80 if plane == GKE_GATEWAY else GATEWAY_PORT,
        chain=make_chain(ground),
        routes=tuple(_route(engine, image, replicas=2 if is_high else 1) for engine in engines),
        replicas=3 if is_high else 2,
        # Google's health checks, and proxies of the region's proxy-only subnet.
        proxy_ranges=("35.191.0.0/16", "130.211.0.0/22", PROXY_ONLY_RANGE)
        if plane == GKE_GATEWAY
        else (),
        kept=keep_address(ground.platform),
    )


def keep_address(platform: Platform) -> KeptAddress | None:
    """The address of Google's load balancer for models; None for another data plane or substrate.

    The last of the nodes' range that anything may have: Google keeps the first two and the last two
    for itself (cloud.google.com/vpc/docs/subnets#unusable-ip-addresses-in-every-subnet).
    """
    gke = platform.substrate.gke
    if gke is None or platform.gateway.data_plane != GKE_GATEWAY:
        return None
    nodes = IPv4Network(gke.network.nodes)
    return KeptAddress(f"{platform.name}-inference", str(nodes.broadcast_address - 2))


def make_chain(ground: Ground) -> Chain:
    """The platform's three time limits with route and router between gateway and engine.

    The room between gateway and engine is cut in three: route = engine + 2/3, router = engine + 1/3.
    """
    limits = ground.platform.timeouts
    client, gateway, engine = (
        round(limit * 1000) for limit in (limits.client_s, limits.gateway_s, limits.engine_s)
    )
    room = gateway - engine
    return Chain(client, gateway, engine + 2 * room // 3, engine + room // 3, engine)


def _route(engine: ClusterEngine, image: str, *, replicas: int) -> ModelRoute:
    model = engine.launch.model
    return ModelRoute(
        model=model,
        owner=engine.owner,
        namespace=engine.namespace,
        pool=model,
        engine=engine.name,
        router=Router(f"router-{model}", image, replicas),
        prefill_from=engine.prefill.min_tokens if engine.prefill is not None else None,
    )
