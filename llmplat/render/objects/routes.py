"""Routes -> the inference gateway, and for each model its pool, route and objectives."""

from llmplat.plan.cluster import gateway
from llmplat.plan.cluster.routing import (
    AGENTGATEWAY,
    GATEWAY,
    GKE_GATEWAY,
    KEEP,
    MODEL_HEADER,
    SHED,
    Chain,
    ModelRoute,
    Routing,
)
from llmplat.render.objects.containers import PORT
from llmplat.render.objects.engine_network import DATA_PLANE
from llmplat.render.objects.google_policies import ask_at, make_google_policies
from llmplat.render.objects.network import (
    PRIVATE_RANGES,
    come_from,
    go_to,
    make_policy,
    pods_in,
    pods_of_owners,
    prometheus,
)
from llmplat.render.objects.routers import HEALTH_PORT, PICKER_PORT, make_router_objects
from llmplat.render.objects.shape import (
    MODEL,
    OWNER,
    ROLE,
    Object,
    make_metadata,
    make_object,
)

GATEWAY_API = "gateway.networking.k8s.io"
POOL_API = "inference.networking.k8s.io"
OBJECTIVE_API = "llm-d.ai/v1alpha2"
PRIORITIES = ((KEEP, 1), (SHED, -1))
"""Objectives, the higher the more important; only what is below 0 is shed. Order is the engine's."""
CONTROL_PORT = 9978
"""Where agentgateway's proxies get their routes from."""
PARAMETERS_API = "agentgateway.dev"
CONTROL_PLANE = "agentgateway-system"
"""Namespace that agentgateway's proxies get their routes from."""


def make_inference_gateway(platform: str, routing: Routing) -> tuple[Object, ...]:
    """The one address behind which all pools stand, reached by the LLM gateway alone."""
    found = [_gateway(platform, routing)]
    if routing.data_plane == AGENTGATEWAY:
        found.append(
            make_parameters(platform, GATEWAY, routing.namespace, routing.replicas, "ClusterIP")
        )
    if routing.data_plane != GKE_GATEWAY:
        found += [_walls(platform, routing), _disruption(platform, routing)]
    return tuple(found)


def make_route_objects(platform: str, route: ModelRoute, routing: Routing) -> tuple[Object, ...]:
    """Everything of the Application route-<name>; pool and route stand with the model."""
    found = [_pool(platform, route), _route(platform, route, routing)]
    found += [_objective(platform, route, name, value) for name, value in PRIORITIES]
    if routing.data_plane == GKE_GATEWAY:
        found += _google_policies(platform, route, routing.chain)
    return (*found, *make_router_objects(platform, route, routing))


def milliseconds(count: int) -> str:
    """A Gateway API duration."""
    seconds, rest = divmod(count, 1000)
    return f"{seconds}s{rest}ms" if rest else f"{seconds}s"


def _gateway(platform: str, routing: Routing) -> Object:
    listener = {
        "name": "http",
        "port": routing.port,
        "protocol": "HTTP",
        "allowedRoutes": {
            "namespaces": {
                "from": "Selector",
                "selector": {"matchExpressions": [{"key": OWNER, "operator": "Exists"}]},
            },
            "kinds": [{"group": GATEWAY_API, "kind": "HTTPRoute"}],
        },
    }
    spec: Object = {"gatewayClassName": routing.gateway_class, "listeners": [listener]}
    if routing.data_plane == AGENTGATEWAY:
        spec["infrastructure"] = {"parametersRef": parameters_reference(GATEWAY)}
    if routing.kept is not None:
        # cloud.google.com/kubernetes-engine/docs/how-to/deploying-gateways
        spec["addresses"] = [{"type": "NamedAddress", "value": routing.kept.name}]
    metadata = make_metadata(platform, GATEWAY, routing.namespace)
    return make_object(f"{GATEWAY_API}/v1", "Gateway", metadata, spec=spec)


def parameters_reference(name: str) -> Object:
    """How a Gateway names what agentgateway is told beside it."""
    return {"group": PARAMETERS_API, "kind": "AgentgatewayParameters", "name": name}


def make_parameters(
    platform: str, name: str, namespace: str, replicas: int, service: str
) -> Object:
    """The kind of Service, several copies, and what the restricted level asks of their pods."""
    security = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    told: Object = {"type": service}
    if service == "LoadBalancer":
        told["loadBalancerSourceRanges"] = list(PRIVATE_RANGES)
    pod = {"securityContext": security}
    spec = {
        "service": {"spec": told},
        "deployment": {"spec": {"replicas": replicas, "template": {"spec": pod}}},
        "resources": {
            "requests": {"cpu": "250m", "memory": "256Mi"},
            "limits": {"memory": "512Mi"},
        },
        "logging": {"format": "json", "level": "info"},
    }
    metadata = make_metadata(platform, name, namespace)
    return make_object(f"{PARAMETERS_API}/v1alpha1", "AgentgatewayParameters", metadata, spec=spec)


def _walls(platform: str, routing: Routing) -> Object:
    control = pods_in(CONTROL_PLANE)
    return make_policy(
        platform,
        GATEWAY,
        routing.namespace,
        DATA_PLANE,
        ingress=[
            come_from([pods_in(gateway.NAMESPACE, {ROLE: "gateway"})], routing.port),
            come_from([prometheus()], 15020),
        ],
        egress=[
            go_to([pods_of_owners()], PORT, PICKER_PORT, HEALTH_PORT),
            go_to([control], CONTROL_PORT),
        ],
    )


def _disruption(platform: str, routing: Routing) -> Object:
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": DATA_PLANE}}
    metadata = make_metadata(platform, GATEWAY, routing.namespace)
    return make_object("policy/v1", "PodDisruptionBudget", metadata, spec=spec)


def _labels(route: ModelRoute) -> dict[str, str]:
    return {MODEL: route.model, OWNER: route.owner}


def _pool(platform: str, route: ModelRoute) -> Object:
    spec = {
        "selector": {"matchLabels": {MODEL: route.model, ROLE: "engine"}},
        "targetPorts": [{"number": PORT}],
        "appProtocol": "http",
        "endpointPickerRef": {
            "group": "",
            "kind": "Service",
            "name": route.router.name,
            "port": {"number": PICKER_PORT},
            # Without its picker a pool answers nobody, rather than anybody at random.
            "failureMode": "FailClose",
        },
    }
    metadata = make_metadata(platform, route.pool, route.namespace, _labels(route))
    return make_object(f"{POOL_API}/v1", "InferencePool", metadata, spec=spec)


def _route(platform: str, route: ModelRoute, routing: Routing) -> Object:
    header = {"type": "Exact", "name": MODEL_HEADER, "value": route.model}
    rule: Object = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/v1"}, "headers": [header]}],
        "backendRefs": [
            {"group": POOL_API, "kind": "InferencePool", "name": route.pool, "weight": 1}
        ],
    }
    if routing.data_plane != GKE_GATEWAY:
        rule["timeouts"] = {
            "request": milliseconds(routing.chain.route_ms),
            "backendRequest": milliseconds(routing.chain.router_ms),
        }
    parent = {
        "group": GATEWAY_API,
        "kind": "Gateway",
        "name": GATEWAY,
        "namespace": routing.namespace,
        "sectionName": "http",
    }
    metadata = make_metadata(platform, route.model, route.namespace, _labels(route))
    spec = {"parentRefs": [parent], "rules": [rule]}
    return make_object(f"{GATEWAY_API}/v1", "HTTPRoute", metadata, spec=spec)


def _objective(platform: str, route: ModelRoute, name: str, priority: int) -> Object:
    reference = {"group": POOL_API, "kind": "InferencePool", "name": route.pool}
    metadata = make_metadata(platform, f"{route.model}-{name}", route.namespace, _labels(route))
    spec = {"priority": priority, "poolRef": reference}
    return make_object(OBJECTIVE_API, "InferenceObjective", metadata, spec=spec)


def _google_policies(platform: str, route: ModelRoute, chain: Chain) -> tuple[Object, Object]:
    metadata = make_metadata(platform, route.pool, route.namespace, _labels(route))
    target = {"group": POOL_API, "kind": "InferencePool"}
    health = {"timeoutSec": 2, "checkIntervalSec": 2, "config": ask_at("/health", PORT)}
    limit = {"timeoutSec": chain.route_ms // 1000, "logging": {"enabled": True}}
    return make_google_policies(metadata, target, health, limit)
