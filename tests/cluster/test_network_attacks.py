"""What the rendered network policies refuse, judged by the evaluator that test_network.py holds to account."""

import pytest

from tests.cluster.attacks.network import (
    ALERTMANAGER,
    EXPERIENCE_ATTACKS,
    NETWORK_ATTACKS,
    OUTSIDE,
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

_ids = [attack.name for attack in NETWORK_ATTACKS]


@pytest.fixture(scope="module")
def network() -> Network:
    return make_network(all_objects(render("cluster-two-teams", "llm-gateway")))


@pytest.mark.parametrize("attack", NETWORK_ATTACKS, ids=_ids)
def test_the_walls_refuse_it(attack: NetworkAttack, network: Network) -> None:
    assert not attack.call.passes(network)
    ends = (attack.call.source.namespace, attack.call.target.namespace)
    assert attack.call.passes(without_walls(network, *ends))


@pytest.mark.parametrize("attack", NETWORK_ATTACKS, ids=_ids)
def test_the_twin_passes(attack: NetworkAttack, network: Network) -> None:
    assert attack.twin.passes(network)


@pytest.mark.parametrize("port", [443, 587, 8443])
def test_alertmanager_reaches_whoever_is_told(port: int, network: Network) -> None:
    """The address is a secret, so its port is known to nobody; other ways out stay closed."""
    assert Call(ALERTMANAGER, OUTSIDE, port).passes(network)
    assert not Call(TENANT, OUTSIDE, port).passes(network)


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_two_alertmanagers_agree_on_what_was_sent(protocol: str, network: Network) -> None:
    assert network.lets(ALERTMANAGER, ALERTMANAGER, 9094, protocol)
    assert not network.lets(TENANT, ALERTMANAGER, 9094, protocol)


def test_in_serving_the_platform_s_own_client_reaches_an_engine_and_nobody_else() -> None:
    network = make_network(all_objects(render("cluster-two-teams", "serving")))
    assert not Call(TENANT, OWN_ENGINE, 8000).passes(network)


_page_ids = [attack.name for attack in EXPERIENCE_ATTACKS]


@pytest.fixture(scope="module")
def pages() -> Network:
    """Everything people touch, by GitHub behind Dex, with spans and the record of requests."""
    return make_network(all_objects(render_pages()))


@pytest.mark.parametrize("attack", EXPERIENCE_ATTACKS, ids=_page_ids)
def test_the_walls_of_the_pages_refuse_it(attack: NetworkAttack, pages: Network) -> None:
    assert not attack.call.passes(pages)
    ends = (attack.call.source.namespace, attack.call.target.namespace)
    assert attack.call.passes(without_walls(pages, *ends))


@pytest.mark.parametrize("attack", EXPERIENCE_ATTACKS, ids=_page_ids)
def test_the_twin_of_the_pages_passes(attack: NetworkAttack, pages: Network) -> None:
    assert attack.twin.passes(pages)
