"""Attacks over the network: past the gateway to routers, engines, counters and the platform's parts."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.cluster.plane.client import Object
from tests.cluster.plane.network import Network, Peer

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
_ROLE, _MODEL = "llmplat.dev/role", "llmplat.dev/model"


def _engine(space: str, model: str) -> Peer:
    return Peer(space, {_ROLE: "engine", _MODEL: model}, "10.8.0.1", {"http": 8000})


def _router(space: str, model: str) -> Peer:
    return Peer(space, {_ROLE: "router", _MODEL: model}, "10.8.0.2")


TENANT = Peer("models-team-a", {"app": "mine"}, "10.8.1.1")
PRETENDER = Peer("models-team-a", {GATEWAY_NAME: "inference-gateway"}, "10.8.1.2")
ELSEWHERE = Peer("default", {"app": "mine"}, "10.8.1.3")
OUTSIDE = Peer(ip="203.0.113.7")
GATEWAY = Peer("llm-gateway", {_ROLE: "gateway"}, "10.8.2.1", {"http": 8000})
COUNTERS = Peer("llm-gateway", {_ROLE: "counters"}, "10.8.2.2")
ROUTING = Peer("inference-gateway", {GATEWAY_NAME: "inference-gateway"}, "10.8.2.3")
PROMETHEUS = Peer("monitoring", {"app.kubernetes.io/name": "prometheus"}, "10.8.2.4")
ARGO_CD = Peer("argocd", {"app.kubernetes.io/name": "argocd-server"}, "10.8.2.5")
SECRETS = Peer("external-secrets", {"app.kubernetes.io/name": "external-secrets"}, "10.8.2.6")
OWN_ENGINE = _engine("models-team-a", "writer")
OTHER_ENGINE = _engine("models-team-b", "coder")
COMMON_ENGINE = _engine("models-platform", "assistant")
OWN_ROUTER = _router("models-team-a", "writer")
OTHER_ROUTER = _router("models-team-b", "coder")


@dataclass(frozen=True)
class Call:
    """`source` opens a connection to `port` of `target`."""

    source: Peer
    target: Peer
    port: int

    def passes(self, network: Network) -> bool:
        """Whether the policies let it through."""
        return network.lets(self.source, self.target, self.port)


@dataclass(frozen=True)
class NetworkAttack:
    """One row: a call that must not pass and the nearest one that must."""

    name: str
    call: Call
    twin: Call


_TO_GATEWAY = Call(TENANT, GATEWAY, 8000)
NETWORK_ATTACKS = (
    NetworkAttack("one's own engine without the gateway", Call(TENANT, OWN_ENGINE, 8000), _TO_GATEWAY),
    NetworkAttack("another team's engine", Call(TENANT, OTHER_ENGINE, 8000), _TO_GATEWAY),
    NetworkAttack("the common engine", Call(TENANT, COMMON_ENGINE, 8000), _TO_GATEWAY),
    NetworkAttack("an engine from another namespace", Call(ELSEWHERE, OWN_ENGINE, 8000), Call(ELSEWHERE, GATEWAY, 8000)),
    NetworkAttack("an engine from outside", Call(OUTSIDE, OWN_ENGINE, 8000), Call(Peer(ip="10.1.2.3"), GATEWAY, 8000)),
    NetworkAttack("an engine with the label of the router's gateway", Call(PRETENDER, OWN_ENGINE, 8000), Call(ROUTING, OWN_ENGINE, 8000)),
    NetworkAttack("one's own router", Call(TENANT, OWN_ROUTER, 9002), Call(ROUTING, OWN_ROUTER, 9002)),
    NetworkAttack("another team's router", Call(TENANT, OTHER_ROUTER, 9002), Call(ROUTING, OTHER_ROUTER, 9002)),
    NetworkAttack("the routing gateway", Call(TENANT, ROUTING, 8080), Call(GATEWAY, ROUTING, 8080)),
    NetworkAttack("the routing gateway from outside", Call(OUTSIDE, ROUTING, 8080), Call(GATEWAY, ROUTING, 8080)),
    NetworkAttack("the gateway's counters", Call(TENANT, COUNTERS, 6379), Call(GATEWAY, COUNTERS, 6379)),
    NetworkAttack("an engine from another team's engine", Call(OTHER_ENGINE, OWN_ENGINE, 8000), Call(OWN_ROUTER, OWN_ENGINE, 8000)),
    NetworkAttack("an engine past routing, from the gateway itself", Call(GATEWAY, OWN_ENGINE, 8000), Call(GATEWAY, ROUTING, 8080)),
    NetworkAttack("Argo CD", Call(TENANT, ARGO_CD, 8080), Call(PROMETHEUS, ARGO_CD, 8080)),
    NetworkAttack("the secrets operator", Call(TENANT, SECRETS, 8080), Call(PROMETHEUS, SECRETS, 8080)),
    NetworkAttack("the metrics of everybody", Call(TENANT, PROMETHEUS, 9090), Call(Peer("keda", {"app": "keda-operator"}, "10.8.2.7"), PROMETHEUS, 9090)),
    NetworkAttack("carrying off what one reads", Call(TENANT, OUTSIDE, 443), _TO_GATEWAY),
)  # fmt: skip


def make_network(things: list[Object]) -> Network:
    """The policies of rendered objects and the labels of their namespaces."""
    spaces: Mapping[str, Mapping[str, str]] = {
        it["metadata"]["name"]: it["metadata"].get("labels", {})
        for it in things
        if it["kind"] == "Namespace"
    }
    return Network(tuple(it for it in things if it["kind"] == "NetworkPolicy"), spaces)


def without_walls(network: Network, *spaces: str | None) -> Network:
    """Without every policy of these namespaces."""
    left = tuple(it for it in network.policies if it["metadata"].get("namespace") not in spaces)
    return Network(left, network.namespaces)
