"""What the rendered network policies refuse, judged by the evaluator that test_network.py holds to account."""

import pytest

from llmplat.catalog.load import load_catalog
from llmplat.render.tree import make_tree
from tests.cluster.attacks.network import (
    ALERTMANAGER,
    COLLEAGUE,
    CONSOLE,
    CONSOLE_ATTACKS,
    EXPERIENCE_ATTACKS,
    NETWORK_ATTACKS,
    OPENCOST,
    OUTSIDE,
    OWN_ENGINE,
    PROMETHEUS,
    TENANT,
    Call,
    NetworkAttack,
    make_network,
    without_walls,
)
from tests.cluster.plane.client import Object
from tests.cluster.plane.furnish import all_objects
from tests.cluster.plane.network import Network
from tests.cluster.plane.rendered import HOME, Rendered, render, render_pages
from tests.fakes.cluster_platform import objects_with, plan_with

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


_console_ids = [attack.name for attack in CONSOLE_ATTACKS]


@pytest.fixture(scope="module")
def alone() -> Network:
    """The console where nobody signs in at a provider, with a name of the domain."""
    return _with_console({"domain": "llm.example.com", "dns": {"provider": "none"}})


def _with_console(more: Object) -> Network:
    def change(document: Object) -> None:
        document |= more
        document["components"] = {"console": {"enabled": True}}

    objects = objects_with(change)
    return make_network([it for things in objects.values() for it in things])


@pytest.mark.parametrize("attack", CONSOLE_ATTACKS, ids=_console_ids)
def test_the_walls_of_a_console_without_a_door_refuse_it(
    attack: NetworkAttack, alone: Network
) -> None:
    assert not attack.call.passes(alone)
    ends = (attack.call.source.namespace, attack.call.target.namespace)
    assert attack.call.passes(without_walls(alone, *ends))


@pytest.mark.parametrize("attack", CONSOLE_ATTACKS, ids=_console_ids)
def test_the_twin_of_a_console_without_a_door_passes(attack: NetworkAttack, alone: Network) -> None:
    assert attack.twin.passes(alone)


def test_without_a_name_nobody_reaches_the_console_by_the_network() -> None:
    network = _with_console({})
    assert not any(Call(it, CONSOLE, 8000).passes(network) for it in (TENANT, COLLEAGUE))


@pytest.mark.parametrize("is_on", [False, True])
def test_opencost_reads_prometheus_where_it_runs_and_tenants_read_neither(is_on: bool) -> None:
    plan = plan_with(lambda document: document.update(components={"opencost": {"enabled": is_on}}))
    rendered = Rendered(plan, make_tree(plan, load_catalog(HOME)))
    network = make_network(all_objects(rendered))
    assert Call(OPENCOST, PROMETHEUS, 9090).passes(network) is is_on
    assert not Call(TENANT, PROMETHEUS, 9090).passes(network)
    if is_on:
        assert Call(PROMETHEUS, OPENCOST, 9003).passes(network)
        assert not Call(TENANT, OPENCOST, 9003).passes(network)
