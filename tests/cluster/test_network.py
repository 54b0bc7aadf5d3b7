"""The evaluator of network policies against a table of what the Kubernetes documentation promises."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.plane.network import Network, Peer

_TABLE = yaml.safe_load((Path(__file__).parent / "network_cases.yaml").read_text())
_CASES = _TABLE["cases"]


@pytest.mark.parametrize("case", _CASES, ids=[case["name"] for case in _CASES])
def test_promise(case: dict[str, Any]) -> None:
    network = _network(case["policies"])
    # YAML 1.1 reads the keys yes and no as truth values.
    for connection in case.get(True, ()):
        assert _passes(network, connection), connection
    for connection in case.get(False, ()):
        assert not _passes(network, connection), connection


def _network(policies: list[dict[str, Any]]) -> Network:
    made = [
        {"metadata": {"namespace": namespace}, "spec": spec}
        for policy in policies
        for namespace, spec in policy.items()
    ]
    return Network(tuple(made), _TABLE["world"]["namespaces"])


def _passes(network: Network, connection: str) -> bool:
    source, _, rest = connection.partition(" -> ")
    target, _, port = rest.partition(":")
    number, _, protocol = port.partition("/")
    return network.lets(_peer(source), _peer(target), int(number), protocol or "TCP")


def _peer(name: str) -> Peer:
    namespace, slash, _ = name.partition("/")
    return Peer(namespace if slash else None, **_TABLE["world"]["pods"][name])
