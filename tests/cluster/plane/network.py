"""Says whether NetworkPolicies let a connection through: in tests only, no network plugin runs here.

The rules are those of the NetworkPolicy API (networking.k8s.io/v1): a pod that no policy selects for
a direction is open in it; one that is selected takes what any rule of those policies allows;
a connection needs the sender's egress and the receiver's ingress. Checked against
network_cases.yaml, a table in our own words of what the Kubernetes documentation promises.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Peer:
    """One end of a connection: a pod of a namespace, or an address outside (namespace None)."""

    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    ip: str | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    """Its named ports."""


@dataclass(frozen=True)
class Network:
    """The policies in force and the labels of the namespaces."""

    policies: tuple[Object, ...]
    namespaces: Mapping[str, Mapping[str, str]]

    def lets(self, source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
        """Whether `source` may open a connection to `port` of `target`."""
        return self._allows("Egress", source, target, target, port, protocol) and self._allows(
            "Ingress", target, source, target, port, protocol
        )

    def _allows(
        self, way: str, owner: Peer, other: Peer, target: Peer, port: int, protocol: str
    ) -> bool:
        if owner.namespace is None:
            return True
        selecting = [
            one for one in self.policies if way in _types(one) and _selects_owner(one, owner)
        ]
        if not selecting:
            return True
        side, key = ("ingress", "from") if way == "Ingress" else ("egress", "to")
        return any(
            self._meets(rule.get(key) or (), owner, other)
            and _meets_ports(rule.get("ports") or (), target, port, protocol)
            for policy in selecting
            for rule in policy["spec"].get(side) or ()
        )

    def _meets(self, peers: Iterable[Object], owner: Peer, other: Peer) -> bool:
        peers = tuple(peers)
        return not peers or any(self._is_peer(peer, owner, other) for peer in peers)

    def _is_peer(self, peer: Object, owner: Peer, other: Peer) -> bool:
        if "ipBlock" in peer:
            return other.ip is not None and _in_block(peer["ipBlock"], other.ip)
        if other.namespace is None:
            return False
        if "namespaceSelector" in peer:
            labels = {
                "kubernetes.io/metadata.name": other.namespace,
                **self.namespaces.get(other.namespace, {}),
            }
            if not _selects(peer["namespaceSelector"], labels):
                return False
        elif other.namespace != owner.namespace:
            return False
        return _selects(peer.get("podSelector") or {}, other.labels)


def _types(policy: Object) -> tuple[str, ...]:
    """Ingress always, Egress where there are egress rules, unless the policy says its types."""
    spec = policy["spec"]
    stated = spec.get("policyTypes")
    if stated is not None:
        return tuple(stated)
    return ("Ingress", "Egress") if spec.get("egress") else ("Ingress",)


def _selects_owner(policy: Object, owner: Peer) -> bool:
    same = policy["metadata"].get("namespace", "default") == owner.namespace
    return same and _selects(policy["spec"].get("podSelector") or {}, owner.labels)


def _selects(selector: Object, labels: Mapping[str, str]) -> bool:
    exact = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in exact.items()) and all(
        _meets_expression(one, labels) for one in selector.get("matchExpressions") or ()
    )


def _meets_expression(expression: Object, labels: Mapping[str, str]) -> bool:
    key, operator = expression["key"], expression["operator"]
    values = expression.get("values") or ()
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    msg = f"no such operator: {operator}"
    raise ValueError(msg)


def _meets_ports(ports: Iterable[Object], target: Peer, port: int, protocol: str) -> bool:
    ports = tuple(ports)
    return not ports or any(_is_port(one, target, port, protocol) for one in ports)


def _is_port(wanted: Object, target: Peer, port: int, protocol: str) -> bool:
    if wanted.get("protocol", "TCP") != protocol:
        return False
    first = wanted.get("port")
    if first is None:
        return True
    if isinstance(first, str):
        return target.ports.get(first) == port
    return first <= port <= wanted.get("endPort", first)


def _in_block(block: Object, ip: str) -> bool:
    address = ipaddress.ip_address(ip)
    return address in ipaddress.ip_network(block["cidr"]) and not any(
        address in ipaddress.ip_network(hole) for hole in block.get("except") or ()
    )
