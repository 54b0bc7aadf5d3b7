"""A domain -> the way in that speaks TLS: an own authority, a certificate, a Gateway and a route."""

from llmplat.plan.cluster.gateway import COMPONENT, EDGE, NAMESPACE, internal_annotations
from llmplat.plan.cluster.routing import AGENTGATEWAY, Routing
from llmplat.render.objects.containers import PORT
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

CERT_API = "cert-manager.io/v1"
AUTHORITY = "llmplat-authority"
CERTIFICATE = "gateway-tls"
_PODS = {"gateway.networking.k8s.io/gateway-name": EDGE}


def make_edge_objects(platform: str, domain: str, routing: Routing) -> list[Object]:
    """api.<domain> over TLS to the gateway, from private addresses."""
    found = [*_certificates(platform, domain), _gateway(platform, domain, routing)]
    if routing.data_plane == AGENTGATEWAY:
        found.append(make_parameters(platform, EDGE, EDGE, routing.replicas, "LoadBalancer"))
    found.append(_route(platform, domain, routing))
    if routing.data_plane != "gke-gateway":
        found.append(_walls(platform))
    return found


def _metadata(platform: str, name: str, namespace: str = EDGE) -> Object:
    return make_metadata(platform, name, namespace, {NAME: COMPONENT})


def _certificates(platform: str, domain: str) -> list[Object]:
    """An authority of the platform's own: an internal name is proven to nobody outside."""
    issuer = {"kind": "Issuer", "group": "cert-manager.io"}
    root = {
        "isCA": True,
        "commonName": f"{platform} authority",
        "secretName": AUTHORITY,
        "duration": "87600h0m0s",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
        "issuerRef": {"name": "self-signed", **issuer},
    }
    leaf = {
        "secretName": CERTIFICATE,
        "dnsNames": [f"api.{domain}"],
        "duration": "2160h0m0s",
        "renewBefore": "720h0m0s",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "issuerRef": {"name": AUTHORITY, **issuer},
    }
    return [
        make_object(
            CERT_API, "Issuer", _metadata(platform, "self-signed"), spec={"selfSigned": {}}
        ),
        make_object(CERT_API, "Certificate", _metadata(platform, AUTHORITY), spec=root),
        make_object(
            CERT_API,
            "Issuer",
            _metadata(platform, AUTHORITY),
            spec={"ca": {"secretName": AUTHORITY}},
        ),
        make_object(CERT_API, "Certificate", _metadata(platform, CERTIFICATE), spec=leaf),
    ]


def _gateway(platform: str, domain: str, routing: Routing) -> Object:
    listener = {
        "name": "https",
        "hostname": f"api.{domain}",
        "port": 443,
        "protocol": "HTTPS",
        "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": CERTIFICATE}]},
        "allowedRoutes": {
            "namespaces": {
                "from": "Selector",
                "selector": {"matchLabels": {NAMESPACE_NAME: NAMESPACE}},
            }
        },
    }
    infrastructure: Object = {"annotations": internal_annotations()}
    if routing.data_plane == AGENTGATEWAY:
        infrastructure["parametersRef"] = parameters_reference(EDGE)
    spec: Object = {
        "gatewayClassName": routing.gateway_class,
        "infrastructure": infrastructure,
        "listeners": [listener],
    }
    if routing.data_plane == "gke-gateway":
        del spec["infrastructure"]
    return make_object(f"{GATEWAY_API}/v1", "Gateway", _metadata(platform, EDGE), spec=spec)


def _route(platform: str, domain: str, routing: Routing) -> Object:
    """Its time limit lies between the client's and the gateway's."""
    chain = routing.chain
    limit = milliseconds((chain.client_ms + chain.gateway_ms) // 2)
    rule: Object = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [
            {"group": "", "kind": "Service", "name": "gateway", "port": 80, "weight": 1}
        ],
    }
    if routing.data_plane != "gke-gateway":
        rule["timeouts"] = {"request": limit, "backendRequest": limit}
    parent = {
        "group": GATEWAY_API,
        "kind": "Gateway",
        "name": EDGE,
        "namespace": EDGE,
        "sectionName": "https",
    }
    spec = {"parentRefs": [parent], "hostnames": [f"api.{domain}"], "rules": [rule]}
    return make_object(
        f"{GATEWAY_API}/v1", "HTTPRoute", _metadata(platform, "gateway", NAMESPACE), spec=spec
    )


def _walls(platform: str) -> Object:
    return make_policy(
        platform,
        EDGE,
        EDGE,
        _PODS,
        ingress=[come_from(addresses(PRIVATE_RANGES), 443)],
        egress=[
            go_to([pods_in(NAMESPACE, {ROLE: "gateway"})], PORT),
            go_to([pods_in(CONTROL_PLANE)], CONTROL_PORT),
        ],
    )
