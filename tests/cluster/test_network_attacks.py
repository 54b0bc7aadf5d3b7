"""What the rendered network policies refuse, judged by the evaluator that test_network.py holds to account."""

from functools import cache

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

ATTACKS = [
    *(pytest.param(it, "teams", id=it.name) for it in NETWORK_ATTACKS),
    *(pytest.param(it, "pages", id=it.name) for it in EXPERIENCE_ATTACKS),
    *(pytest.param(it, "console", id=f"{it.name}, without a door") for it in CONSOLE_ATTACKS),
]
"""An attack, and the platform on which it is tried."""


@cache
def _network(platform: str) -> Network:
    """Two teams; everything people touch, by GitHub behind Dex, with spans and the record of requests; or
    the console where nobody signs in at a provider, with a name of the domain.
    """
    if platform == "console":
        return _with_console({"domain": "llm.example.com", "dns": {"provider": "none"}})
    teams = platform == "teams"
    rendered = render("cluster-two-teams", "llm-gateway") if teams else render_pages()
    return make_network(all_objects(rendered))


def _with_console(more: Object) -> Network:
    def change(document: Object) -> None:
        document |= more
        document["components"] = {"console": {"enabled": True}}

    objects = objects_with(change)
    return make_network([it for things in objects.values() for it in things])


@pytest.mark.parametrize(("attack", "platform"), ATTACKS)
def test_the_walls_refuse_it(attack: NetworkAttack, platform: str) -> None:
    network = _network(platform)
    assert not attack.call.passes(network)
    ends = (attack.call.source.namespace, attack.call.target.namespace)
    assert attack.call.passes(without_walls(network, *ends))


@pytest.mark.parametrize(("attack", "platform"), ATTACKS)
def test_the_twin_passes(attack: NetworkAttack, platform: str) -> None:
    assert attack.twin.passes(_network(platform))


@pytest.mark.parametrize("port", [443, 587, 8443])
def test_alertmanager_reaches_whoever_is_told(port: int) -> None:
    """The address is a secret, so its port is known to nobody; other ways out stay closed."""
    network = _network("teams")
    assert Call(ALERTMANAGER, OUTSIDE, port).passes(network)
    assert not Call(TENANT, OUTSIDE, port).passes(network)


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_two_alertmanagers_agree_on_what_was_sent(protocol: str) -> None:
    network = _network("teams")
    assert network.lets(ALERTMANAGER, ALERTMANAGER, 9094, protocol)
    assert not network.lets(TENANT, ALERTMANAGER, 9094, protocol)


def test_in_serving_the_platform_s_own_client_reaches_an_engine_and_nobody_else() -> None:
    network = make_network(all_objects(render("cluster-two-teams", "serving")))
    assert not Call(TENANT, OWN_ENGINE, 8000).passes(network)


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
