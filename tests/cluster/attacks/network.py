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
ALERTMANAGER = Peer("monitoring", {"app.kubernetes.io/name": "alertmanager"}, "10.8.2.8")
ARGO_CD = Peer("argocd", {"app.kubernetes.io/name": "argocd-server"}, "10.8.2.5")
SECRETS = Peer("external-secrets", {"app.kubernetes.io/name": "external-secrets"}, "10.8.2.6")
OPENCOST = Peer("opencost", {"app.kubernetes.io/name": "opencost"}, "10.8.2.8")
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
    NetworkAttack("Alertmanager, to silence an alert", Call(TENANT, ALERTMANAGER, 9093), Call(PROMETHEUS, ALERTMANAGER, 9093)),
    NetworkAttack("carrying off what one reads", Call(TENANT, OUTSIDE, 443), _TO_GATEWAY),
)  # fmt: skip


def _app(name: str, ip: str) -> Peer:
    return Peer(name, {_ROLE: "app"}, ip)


def _door(app: str, ip: str) -> Peer:
    return Peer("sign-in", {_ROLE: "door", "llmplat.dev/app": app}, ip)


EDGE_PROXY = Peer("edge", {GATEWAY_NAME: "edge"}, "10.8.3.1")
CHAT, CODE, FLOWS = (
    _app("open-webui", "10.8.3.2"),
    _app("tabby", "10.8.3.3"),
    _app("n8n", "10.8.3.4"),
)
CHAT_DOOR, CODE_DOOR, FLOWS_DOOR, CONSOLE_DOOR = (
    _door("open-webui", "10.8.3.5"),
    _door("tabby", "10.8.3.6"),
    _door("n8n", "10.8.3.7"),
    _door("console", "10.8.3.13"),
)
CONSOLE = Peer("llm-gateway", {_ROLE: "console"}, "10.8.3.14", {"http": 8000})
FALSE_DOOR = Peer("models-team-a", {_ROLE: "door", "llmplat.dev/app": "open-webui"}, "10.8.3.8")
DEX = Peer("sign-in", {_ROLE: "dex"}, "10.8.3.9")
COLLECTOR = Peer("tracing", {_ROLE: "collector"}, "10.8.3.10")
LEDGER = Peer("llm-gateway", {"cnpg.io/cluster": "usage-ledger"}, "10.8.3.11")
LANGFUSE = Peer("langfuse", {"app": "web"}, "10.8.3.12")
COLLEAGUE = Peer(ip="10.1.2.3")
"""A browser in the house: with a trusted header of its own it must not get past a door."""

_TO_CONSOLE = Call(CONSOLE_DOOR, CONSOLE, 8000)
_BY_THE_DOOR = Call(CHAT_DOOR, CHAT, 8080)
_CHAT_TO_GATEWAY = Call(CHAT, GATEWAY, 8000)
_FLOWS_TO_GATEWAY = Call(FLOWS, GATEWAY, 8000)
EXPERIENCE_ATTACKS = (
    NetworkAttack("a forged identity header past the door, by a tenant", Call(TENANT, CHAT, 8080), _BY_THE_DOOR),
    NetworkAttack("a forged identity header past the door, by a browser", Call(COLLEAGUE, CHAT, 8080), Call(EDGE_PROXY, CHAT_DOOR, 4180)),
    NetworkAttack("a forged identity header past the door, by the edge", Call(EDGE_PROXY, CHAT, 8080), Call(EDGE_PROXY, CHAT_DOOR, 4180)),
    NetworkAttack("a forged identity header, by a pod that calls itself a door", Call(FALSE_DOOR, CHAT, 8080), _BY_THE_DOOR),
    NetworkAttack("a forged identity header, by another app's door", Call(FLOWS_DOOR, CHAT, 8080), Call(FLOWS_DOOR, FLOWS, 5678)),
    NetworkAttack("the door itself past the edge", Call(TENANT, CHAT_DOOR, 4180), Call(EDGE_PROXY, CHAT_DOOR, 4180)),
    NetworkAttack("workflows past their door", Call(TENANT, FLOWS, 5678), Call(FLOWS_DOOR, FLOWS, 5678)),
    NetworkAttack("code answers past their door", Call(TENANT, CODE, 8080), Call(CODE_DOOR, CODE, 8080)),
    NetworkAttack("an app to another app", Call(FLOWS, CHAT, 8080), _FLOWS_TO_GATEWAY),
    NetworkAttack("an app to an engine", Call(CHAT, COMMON_ENGINE, 8000), _CHAT_TO_GATEWAY),
    NetworkAttack("an app to the routing gateway", Call(CHAT, ROUTING, 8080), _CHAT_TO_GATEWAY),
    NetworkAttack("an app to the counters", Call(FLOWS, COUNTERS, 6379), _FLOWS_TO_GATEWAY),
    NetworkAttack("an app to the record of requests", Call(FLOWS, LEDGER, 5432), Call(GATEWAY, LEDGER, 5432)),
    NetworkAttack("a workflow that carries off what it read", Call(FLOWS, OUTSIDE, 443), _FLOWS_TO_GATEWAY),
    NetworkAttack("a chat that carries off what it read", Call(CHAT, OUTSIDE, 443), _CHAT_TO_GATEWAY),
    NetworkAttack("an app to the API server", Call(FLOWS, Peer(ip="10.0.0.1"), 443), _FLOWS_TO_GATEWAY),
    NetworkAttack("a door to the gateway", Call(CHAT_DOOR, GATEWAY, 8000), _BY_THE_DOOR),
    NetworkAttack("Dex inside, past its name", Call(TENANT, DEX, 5556), Call(CHAT_DOOR, DEX, 5556)),
    NetworkAttack("Dex from an app", Call(CHAT, DEX, 5556), Call(EDGE_PROXY, DEX, 5556)),
    NetworkAttack("spans that a tenant made up", Call(TENANT, COLLECTOR, 4318), Call(GATEWAY, COLLECTOR, 4318)),
    NetworkAttack("spans that an app made up", Call(CHAT, COLLECTOR, 4318), Call(COMMON_ENGINE, COLLECTOR, 4318)),
    NetworkAttack("the page of spans", Call(TENANT, LANGFUSE, 3000), Call(COLLECTOR, LANGFUSE, 3000)),
    NetworkAttack("the page of spans from an app", Call(CHAT, LANGFUSE, 3000), Call(COLLECTOR, LANGFUSE, 3000)),
    NetworkAttack("the console past its door, by a tenant", Call(TENANT, CONSOLE, 8000), _TO_CONSOLE),
    NetworkAttack("the console past its door, by a browser", Call(COLLEAGUE, CONSOLE, 8000), Call(EDGE_PROXY, CONSOLE_DOOR, 4180)),
    NetworkAttack("the console past its door, by the edge", Call(EDGE_PROXY, CONSOLE, 8000), Call(EDGE_PROXY, CONSOLE_DOOR, 4180)),
    NetworkAttack("the console by another page's door", Call(CHAT_DOOR, CONSOLE, 8000), _TO_CONSOLE),
    NetworkAttack("the console's door to the gateway beside it", Call(CONSOLE_DOOR, GATEWAY, 8000), _TO_CONSOLE),
    NetworkAttack("the console to the counters", Call(CONSOLE, COUNTERS, 6379), Call(CONSOLE, GATEWAY, 8000)),
    NetworkAttack("the console to the record of requests", Call(CONSOLE, LEDGER, 5432), Call(CONSOLE, GATEWAY, 8000)),
    NetworkAttack("a console that carries off keys", Call(CONSOLE, OUTSIDE, 443), Call(CONSOLE, GATEWAY, 8000)),
    NetworkAttack("the record of requests", Call(TENANT, LEDGER, 5432), Call(GATEWAY, LEDGER, 5432)),
)  # fmt: skip
"""What stands in front of and behind the pages that tenants use."""
_FROM_EDGE = Call(EDGE_PROXY, CONSOLE, 8000)
CONSOLE_ATTACKS = (
    NetworkAttack("a console without a door, by a tenant", Call(TENANT, CONSOLE, 8000), _FROM_EDGE),
    NetworkAttack("a console without a door, by a browser past the edge", Call(COLLEAGUE, CONSOLE, 8000), Call(COLLEAGUE, EDGE_PROXY, 443)),
    NetworkAttack("a console without a door, by an app", Call(CHAT, CONSOLE, 8000), _FROM_EDGE),
    NetworkAttack("a console without a door, by a false edge", Call(Peer("models-team-a", {GATEWAY_NAME: "edge"}, "10.8.3.15"), CONSOLE, 8000), _FROM_EDGE),
    NetworkAttack("the counters from the edge", Call(EDGE_PROXY, COUNTERS, 6379), _FROM_EDGE),
)  # fmt: skip
"""Where a name leads straight to the console, which asks for a key by itself."""


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
