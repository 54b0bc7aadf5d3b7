"""The gateway in a cluster: one backend a model, the whole window of all replicas, keys by hash."""

import datetime as dt

from llmplat.plan.make import make_plan
from llmplat.spec.keys import Key, KeysFile
from tests.fakes.cluster_platform import catalog, example, example_lock, plan_with


def test_each_model_has_one_backend_and_is_routed():
    gateway = plan_with().cluster.workloads.gateway
    names = [(backend.model, backend.replica) for backend in gateway.launch.backends]
    assert names == [("assistant", 0), ("writer", 0), ("coder", 0)]
    models = gateway.launch.policy["models"]
    assert {name: (m["backends"], m["routed"]) for name, m in models.items()} == dict.fromkeys(
        ("assistant", "writer", "coder"), (1, True)
    )


def test_the_window_counts_all_replicas_that_may_be():
    plan = plan_with()
    capacity = plan.cluster.workloads.gateway.launch.policy["models"]["coder"]["capacity"]
    engine = plan.cluster.workloads.engine("coder")
    assert capacity == {"running": engine.launch.max_num_seqs * 3, "waiting": 16 * 3}
    assert engine.scaling.admitted == sum(capacity.values())


def test_an_outside_service_keeps_its_own_address():
    gateway = plan_with(name="cluster-production").cluster.workloads.gateway
    assert gateway.has_external
    fallback = next(b for b in gateway.launch.backends if b.model == "fallback")
    assert fallback.url == "https://api.example.com/v1"
    assert "routed" not in gateway.launch.policy["models"]["fallback"]


def test_the_tier_says_how_many_copies():
    assert plan_with().cluster.workloads.gateway.replicas == 2
    assert plan_with(name="cluster-production").cluster.workloads.gateway.replicas == 3


def test_below_its_layer_there_is_none():
    work = plan_with(profile="serving").cluster.workloads
    assert work.gateway is None
    assert work.routing is None


def test_declared_keys_are_hashes_and_revoked_ones_are_gone():
    import yaml

    from llmplat.spec.load import parse_platform

    text = yaml.safe_dump({**example("cluster-two-teams"), "profile": "llm-gateway"})
    moment = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    made = {"tenant": "team-a", "app": "web", "sha256": "a" * 64, "created": moment}
    keys = KeysFile.model_construct(
        tenants=(),
        keys=(
            Key.model_construct(id="k-1", expires=None, revoked=None, **made),
            Key.model_construct(id="k-2", expires=None, revoked=moment, **made),
        ),
    )
    platform = parse_platform(text, "platform.yaml").platform
    plan = make_plan(platform, example_lock("cluster-two-teams"), catalog(), keys=keys)
    (key,) = plan.cluster.workloads.gateway.keys
    assert (key["id"], key["sha256"]) == ("k-1", "a" * 64)
