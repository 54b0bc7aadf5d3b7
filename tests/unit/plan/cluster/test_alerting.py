"""Who is told: the secrets it takes, that they are listed, and a warning where nobody is."""

import pytest

from llmplat.apply.secrets import wanted_secrets
from llmplat.plan.cluster.alerting import addresses_of
from llmplat.plan.make import UNHEARD
from llmplat.spec.surroundings import AlertReceiver
from tests.fakes.cluster_platform import plan_with


def told(receiver, **components):
    def change(document):
        document["alertReceiver"] = receiver
        document["components"] = {**(document.get("components") or {}), **components}

    return plan_with(change, profile="llm-gateway")


def test_its_secrets_are_listed_and_wait_for_a_person():
    plan = told({"kind": "slack", "secret": "alerts-slack", "heartbeatSecret": "beat"})
    found = {one.name: one for one in wanted_secrets(plan)}
    for name in ("alerts-slack", "beat"):
        assert found[name].readers == ("monitoring/kube-prometheus-stack",)
        assert found[name].remote == f"two-teams-{name}"
        assert not found[name].is_generated
        assert found[name].restarts == ()  # read at each message


def test_nobody_is_told_and_that_is_said():
    assert UNHEARD in plan_with(profile="llm-gateway").warnings
    assert UNHEARD not in told({"kind": "webhook", "secret": "s"}).warnings


def test_without_alerts_there_is_nothing_to_say():
    def change(document):
        document["components"] = {"observability": {"enabled": False}}

    assert UNHEARD not in plan_with(change, profile="llm-gateway").warnings


@pytest.mark.parametrize(
    ("receiver", "addresses"),
    [
        (None, ()),
        ({"kind": "webhook", "secret": "s"}, ()),
        ({"kind": "pagerduty", "secret": "s"}, ("https://events.pagerduty.com/v2/enqueue",)),
        ({"kind": "pagerduty", "secret": "s", "target": "https://e.x.com/v2"}, ("https://e.x.com/v2",)),
        ({"kind": "email", "target": "o@x.com", "smtp": {"server": "m.x.com:25", "sender": "l@x.com"}},
         ("m.x.com:25",)),
    ],
)  # fmt: skip
def test_addresses_outside_are_known_where_the_file_names_them(receiver, addresses):
    given = AlertReceiver.model_validate(receiver) if receiver else None
    assert addresses_of(given) == addresses
