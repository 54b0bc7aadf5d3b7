"""Who may leave: by rank of data classes, closed for all that is not known, the same in plan and gateway."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmplat.gateway.backends import Backends
from llmplat.gateway.bodies import make_reservation, parse_wish
from llmplat.gateway.lanes import get_lane
from llmplat.gateway.policy import DATA_CLASSES, Key, list_ways_out
from llmplat.gateway.policy_files import parse_policy
from llmplat.plan.serve import may_leave
from llmplat.spec import data_class

_CLASSES = st.sampled_from([*DATA_CLASSES, "secret", "", "PUBLIC"])


def _policy(model_class="public", tenant_class="public", way_class="public", use="fallback"):
    app = {"budget": {"nanousd": 5, "period": "day"}, "models": ["m"], "class": None}
    price = {"input_nanousd_per_token": 1, "output_nanousd_per_token": 2}
    dear = {"input_nanousd_per_token": 10, "output_nanousd_per_token": 20}
    return parse_policy(
        {
            "platform": "p",
            "models": {
                "m": {
                    "aliases": [], "kind": "chat", "context": 1000, "price": price,
                    "capacity": {"running": 1, "waiting": 1}, "data_class": model_class,
                    "routed": True,
                    "overflow": [{"use": use, "data_class": way_class, "price": dear}],
                }
            },
            "classes": {"interactive": {"allowance_ms": 0, "share": 1}},
            "tenants": {"t": app | {"data_class": tenant_class, "apps": {"x": app}}},
            "timeouts": {"gateway_s": 10},
        }
    )  # fmt: skip


def test_both_know_the_same_classes():
    assert DATA_CLASSES == data_class.DATA_CLASSES


@given(_CLASSES, _CLASSES, _CLASSES)
def test_it_leaves_only_where_all_three_classes_are_known_and_in_order(model, tenant, way):
    policy = _policy(model, tenant, way)
    leaves = bool(list_ways_out(policy.models["m"], policy.tenants["t"]))
    are_known = {model, tenant, way} <= set(DATA_CLASSES)
    assert leaves == (are_known and may_leave(way, model, tenant))


def test_the_dearest_way_is_reserved_and_the_outside_gets_no_priority():
    policy = _policy()
    model = policy.models["m"]
    way = model.ways_out[0]
    wish = parse_wish("chat", b'{"model":"m","messages":[{"role":"user","content":"x"}]}')
    own, dearest = make_reservation(wish, model), make_reservation(wish, model, [way.served])
    assert dearest.nanousd == 10 * own.nanousd
    assert (way.name, way.served.is_external, way.served.is_routed) == ("m@out0", True, False)


@pytest.mark.parametrize(
    ("use", "tenant", "soft"),
    [("burst", "public", "over_capacity"), ("fallback", "public", ""), ("burst", "internal", "")],
)
def test_a_full_model_is_a_refusal_unless_this_tenant_may_burst(use, tenant, soft):
    policy = _policy(tenant_class=tenant, use=use)
    key = Key("k", "t", "x", None)
    lane = get_lane(policy, key, policy.models["m"], 0)
    burst = get_lane(policy, key, policy.models["m"], 0, is_burst=True)
    assert f'"soft":"{soft}"' in lane.text
    assert "slots:model:m" in lane.slots
    assert "slots:model:m" not in burst.slots
    assert "slots:tenant:t" in burst.slots


def test_a_name_that_failed_is_not_picked_again():
    backends = Backends()
    assert backends.pick_of(["m@out0"], set()) == "m@out0"
    assert backends.pick_of(["m@out0"], {"m@out0"}) is None
    assert backends.pick_of([], set()) is None
