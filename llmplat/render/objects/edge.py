"""A domain -> the way in that speaks TLS: an own authority, a certificate, a Gateway and a route."""

from dataclasses import dataclass

from llmplat.plan.cluster.experience import DEX_PORT, SIGN_IN
from llmplat.plan.cluster.gateway import COMPONENT, EDGE, NAMESPACE, Entry, internal_annotations
from llmplat.plan.cluster.routing import AGENTGATEWAY, GKE_GATEWAY, Routing
from llmplat.plan.console import NAME as CONSOLE
from llmplat.render.objects.containers import PORT
from llmplat.render.objects.google_policies import ask_at, make_google_policies
from llmplat.render.objects.issuers import CERT_API, issuer_reference, make_issuers
from llmplat.render.objects.network import (
    PRIVATE_RANGES,
    addresses,
    come_from,
    go_to,
    make_policy,
    pods_in,
)
from llmplat.render.objects.routes import (
    CONTROL_PLANE,
    CONTROL_PORT,
    GATEWAY_API,
    make_parameters,
    milliseconds,
    parameters_reference,
)
from llmplat.render.objects.shape import (
    NAME,
    NAMESPACE_NAME,
    ROLE,
    Object,
    make_metadata,
    make_object,
)

API_HOST = "api"
DOOR_PORT = 4180
CERTIFICATE = "gateway-tls"
_PODS = {"gateway.networking.k8s.io/gateway-name": EDGE}


@dataclass(frozen=True)
class Health:
    """Where a page's pods tell that they can answer."""

    path: str
    port: int


def make_edge_objects(
    platform: str, entry: Entry, routing: Routing, gateway_health: str
) -> list[Object]:
    """api.<domain> over TLS to the gateway, other names to their pages, from private addresses."""
    domain = str(entry.domain)
    found = [
        *make_issuers(platform, entry),
        _certificate(platform, entry),
        _gateway(platform, entry, routing),
    ]
    if routing.data_plane == AGENTGATEWAY:
        found.append(make_parameters(platform, EDGE, EDGE, routing.replicas, "LoadBalancer"))
    health = Health(gateway_health, PORT)
    found += make_host_way(platform, f"api.{domain}", NAMESPACE, "gateway", routing, health)
    if routing.data_plane != GKE_GATEWAY:
        found.append(_walls(platform, entry))
    return found


def _metadata(platform: str, name: str, namespace: str = EDGE) -> Object:
    return make_metadata(platform, name, namespace, {NAME: COMPONENT})


def _certificate(platform: str, entry: Entry) -> Object:
    spec = {
        "secretName": CERTIFICATE,
        "dnsNames": [f"{host}.{entry.domain}" for host in (API_HOST, *dict(entry.hosts))],
        "duration": "2160h0m0s",
        "renewBefore": "720h0m0s",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "issuerRef": issuer_reference(entry),
    }
    return make_object(CERT_API, "Certificate", _metadata(platform, CERTIFICATE), spec=spec)


def _gateway(platform: str, entry: Entry, routing: Routing) -> Object:
    listeners = [_listener("https", f"{API_HOST}.{entry.domain}", NAMESPACE)]
    listeners += [_listener(host, f"{host}.{entry.domain}", space) for host, space in entry.hosts]
    infrastructure: Object = {"annotations": internal_annotations()}
    if routing.data_plane == AGENTGATEWAY:
        infrastructure["parametersRef"] = parameters_reference(EDGE)
    spec: Object = {
        "gatewayClassName": routing.gateway_class,
        "infrastructure": infrastructure,
        "listeners": listeners,
    }
    if routing.data_plane == GKE_GATEWAY:
        del spec["infrastructure"]
    return make_object(f"{GATEWAY_API}/v1", "Gateway", _metadata(platform, EDGE), spec=spec)


def _listener(name: str, host: str, namespace: str) -> Object:
    """Routes for a name may come from one namespace only."""
    allowed = {"from": "Selector", "selector": {"matchLabels": {NAMESPACE_NAME: namespace}}}
    return {
        "name": name,
        "hostname": host,
        "port": 443,
        "protocol": "HTTPS",
        "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": CERTIFICATE}]},
        "allowedRoutes": {"namespaces": allowed},
    }


def make_host_way(  # noqa: PLR0913 (from where, to where, and how one sees that it is open)
    platform: str,
    host: str,
    namespace: str,
    service: str,
    routing: Routing,
    health: Health,
    *,
    port: int = 80,
) -> tuple[Object, ...]:
    """The route from a name of the edge to a Service, and what only Google reads from policies."""
    route = _host_route(platform, host, namespace, service, routing, port)
    if routing.data_plane != GKE_GATEWAY:
        return (route,)
    metadata = make_metadata(platform, service, namespace, {NAME: COMPONENT})
    check = {"config": ask_at(health.path, health.port)}
    limit = {"timeoutSec": _limit_ms(routing) // 1000}
    target = {"group": "", "kind": "Service"}
    return (route, *make_google_policies(metadata, target, check, limit))


def _limit_ms(routing: Routing) -> int:
    """Between the client's and the gateway's."""
    return (routing.chain.client_ms + routing.chain.gateway_ms) // 2


def _host_route(
    platform: str, host: str, namespace: str, service: str, routing: Routing, port: int
) -> Object:
    limit = milliseconds(_limit_ms(routing))
    backend = {"group": "", "kind": "Service", "name": service, "port": port, "weight": 1}
    rule: Object = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [backend],
    }
    if routing.data_plane != GKE_GATEWAY:
        rule["timeouts"] = {"request": limit, "backendRequest": limit}
    first = host.partition(".")[0]
    parent = {
        "group": GATEWAY_API,
        "kind": "Gateway",
        "name": EDGE,
        "namespace": EDGE,
        "sectionName": "https" if first == API_HOST else first,
    }
    spec = {"parentRefs": [parent], "hostnames": [host], "rules": [rule]}
    metadata = make_metadata(platform, service, namespace, {NAME: COMPONENT})
    return make_object(f"{GATEWAY_API}/v1", "HTTPRoute", metadata, spec=spec)


def _walls(platform: str, entry: Entry) -> Object:
    egress = [
        go_to([pods_in(NAMESPACE, {ROLE: "gateway"})], PORT),
        go_to([pods_in(CONTROL_PLANE)], CONTROL_PORT),
    ]
    spaces = set(dict(entry.hosts).values())
    if SIGN_IN in spaces:
        egress.append(go_to([pods_in(SIGN_IN)], DOOR_PORT, DEX_PORT))
    if NAMESPACE in spaces:
        egress.append(go_to([pods_in(NAMESPACE, {ROLE: CONSOLE})], PORT))
    return make_policy(
        platform,
        EDGE,
        EDGE,
        _PODS,
        ingress=[come_from(addresses(PRIVATE_RANGES), 443)],
        egress=egress,
    )
