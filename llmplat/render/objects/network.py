"""Who may speak to whom: nothing at all, then exactly what the platform needs."""

from collections.abc import Sequence

from llmplat.render.objects.shape import (
    NAMESPACE_NAME,
    OWNER,
    Object,
    make_metadata,
    make_object,
)

KUBE_DNS = "kube-system"
NODE_DNS = "169.254.20.10/32"
"""Where a node-local DNS cache listens, GKE's among them."""
PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
MONITORING = "monitoring"


def make_policy(  # noqa: PLR0913 (the parts of a NetworkPolicy)
    platform: str,
    name: str,
    namespace: str,
    pods: dict[str, str] | None,
    *,
    selector: Object | None = None,
    ingress: Sequence[Object] | None = None,
    egress: Sequence[Object] | None = None,
) -> Object:
    """One NetworkPolicy for `pods` or `selector`; a direction that is None is left to others."""
    types = [
        kind for kind, rules in (("Ingress", ingress), ("Egress", egress)) if rules is not None
    ]
    chosen = selector or ({"matchLabels": pods} if pods else {})
    spec: Object = {"podSelector": chosen, "policyTypes": types}
    if ingress:
        spec["ingress"] = list(ingress)
    if egress:
        spec["egress"] = list(egress)
    metadata = make_metadata(platform, name, namespace)
    return make_object("networking.k8s.io/v1", "NetworkPolicy", metadata, spec=spec)


def make_walls(platform: str, namespace: str) -> tuple[Object, ...]:
    """Nothing in and nothing out of `namespace`, names alone may be asked for."""
    dns = [
        {
            "to": [{"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: KUBE_DNS}}}],
            "ports": _ports(53, "UDP", "TCP"),
        },
        {"to": [{"ipBlock": {"cidr": NODE_DNS}}], "ports": _ports(53, "UDP", "TCP")},
    ]
    return (
        make_policy(platform, "default-deny", namespace, {}, ingress=(), egress=()),
        make_policy(platform, "allow-dns", namespace, {}, egress=dns),
    )


def come_from(peers: Sequence[Object], *ports: int) -> Object:
    """An ingress rule."""
    return {"from": list(peers), "ports": [port for number in ports for port in _ports(number)]}


def go_to(peers: Sequence[Object], *ports: int) -> Object:
    """An egress rule; without peers to any address."""
    rule: Object = {"ports": [port for number in ports for port in _ports(number)]}
    return {"to": list(peers), **rule} if peers else rule


def pods_in(namespace: str, labels: dict[str, str] | None = None) -> Object:
    """Pods of one namespace, all of them or those with `labels`."""
    peer: Object = {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: namespace}}}
    if labels:
        peer["podSelector"] = {"matchLabels": labels}
    return peer


def anybody_inside() -> Object:
    """Every pod of the cluster."""
    return {"namespaceSelector": {}}


def pods_here(labels: dict[str, str]) -> Object:
    """Pods with `labels` in the policy's own namespace."""
    return {"podSelector": {"matchLabels": labels}}


def pods_of_owners(labels: dict[str, str] | None = None) -> Object:
    """Pods in any owner's namespace."""
    peer: Object = {
        "namespaceSelector": {"matchExpressions": [{"key": OWNER, "operator": "Exists"}]}
    }
    if labels:
        peer["podSelector"] = {"matchLabels": labels}
    return peer


def addresses(ranges: Sequence[str]) -> list[Object]:
    """Addresses by range."""
    return [{"ipBlock": {"cidr": cidr}} for cidr in ranges]


def prometheus() -> Object:
    """Where metrics are read from."""
    return pods_in(MONITORING, {"app.kubernetes.io/name": "prometheus"})


def _ports(number: int, *protocols: str) -> list[Object]:
    return [{"protocol": protocol, "port": number} for protocol in protocols or ("TCP",)]
