"""What the rendered network policies refuse, judged by the evaluator that test_network.py holds to account."""

from functools import cache

import pytest

from tests.cluster.attacks.network import (
    EXPERIENCE_ATTACKS,
    NETWORK_ATTACKS,
    OWN_ENGINE,
    TENANT,
    Call,
    NetworkAttack,
    make_network,
    without_walls,
)
from tests.cluster.plane.furnish import all_objects
from tests.cluster.plane.network import Network
from tests.cluster.plane.rendered import render, render_pages

ATTACKS = [
    *(pytest.param(it, "teams", id=it.name) for it in NETWORK_ATTACKS),
    *(pytest.param(it, "pages", id=it.name) for it in EXPERIENCE_ATTACKS),
]
"""An attack, and the platform on which it is tried."""


@cache
def _network(platform: str) -> Network:
    """Two teams; or everything people touch, by GitHub behind Dex, with spans and the record of requests."""
    teams = platform == "teams"
    rendered = render("cluster-two-teams", "llm-gateway") if teams else render_pages()
    return make_network(all_objects(rendered))


@pytest.mark.parametrize(("attack", "platform"), ATTACKS)
def test_the_walls_refuse_it(attack: NetworkAttack, platform: str) -> None:
    network = _network(platform)
    assert not attack.call.passes(network)
    ends = (attack.call.source.namespace, attack.call.target.namespace)
    assert attack.call.passes(without_walls(network, *ends))


@pytest.mark.parametrize(("attack", "platform"), ATTACKS)
def test_the_twin_passes(attack: NetworkAttack, platform: str) -> None:
    assert attack.twin.passes(_network(platform))


def test_in_serving_the_platform_s_own_client_reaches_an_engine_and_nobody_else() -> None:
    network = make_network(all_objects(render("cluster-two-teams", "serving")))
    assert not Call(TENANT, OWN_ENGINE, 8000).passes(network)
