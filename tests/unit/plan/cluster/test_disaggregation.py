"""Prompts read on engines of their own: what is planned, what is rendered, and where it cannot be."""

import pytest
import yaml

from llmplat.domain.errors import PlanError
from llmplat.render.tree import MARKER, make_tree
from llmplat.validate.manifests import check_manifests
from tests.fakes.cluster_platform import catalog, find, model, objects_with, plan_with


def apart(document):
    document.setdefault("components", {})["llm-d"] = {"enabled": True}
    model(document, "coder")["prefill"] = {"replicas": 2, "minTokens": 1024}
    document["substrate"]["cluster"]["gpus"][0]["count"] = 8
    document["tenants"][1]["gpuQuota"] = 5


def refusal(change, **more):
    with pytest.raises(PlanError) as refused:
        plan_with(change, **more)
    return refused.value


def pod_of(objects, name):
    return find(objects, "Deployment", name)["spec"]["template"]


def test_two_deployments_share_a_pool_and_nothing_else():
    objects = objects_with(apart)
    answers, reads = (find(objects, "Deployment", f"engine-coder{end}") for end in ("", "-prefill"))
    selectors = [one["spec"]["selector"]["matchLabels"] for one in (answers, reads)]
    assert [one["llm-d.ai/role"] for one in selectors] == ["decode", "prefill"]
    assert "replicas" not in answers["spec"]
    assert reads["spec"]["replicas"] == 2
    pool = find(objects, "InferencePool", "coder")["spec"]["selector"]["matchLabels"]
    for one in (answers, reads):
        assert pool.items() <= one["spec"]["template"]["metadata"]["labels"].items()
    service = find(objects, "Service", "engine-coder")["spec"]["selector"]
    assert service["llm-d.ai/role"] == "decode"


def test_an_engine_that_answers_stands_behind_its_sidecar():
    pod = pod_of(objects_with(apart), "engine-coder")["spec"]
    (engine,) = pod["containers"]
    sidecar = next(one for one in pod["initContainers"] if one["name"] == "sidecar")
    assert sidecar["ports"][0] == {"name": "http", "containerPort": 8000, "protocol": "TCP"}
    assert engine["ports"][0]["containerPort"] == 8200
    assert engine["args"][engine["args"].index("--port") + 1] == "8200"
    assert engine["readinessProbe"]["httpGet"]["port"] == engine["ports"][0]["name"] == "engine"
    env = {item["name"]: item.get("value") for item in engine["env"]}
    assert env["LLMPLAT_ENGINE_URL"] == "http://127.0.0.1:8200"
    assert "@sha256:" in sidecar["image"]


def test_both_hand_caches_over_and_only_to_each_other():
    objects = objects_with(apart)
    for name in ("engine-coder", "engine-coder-prefill"):
        args = pod_of(objects, name)["spec"]["containers"][0]["args"]
        assert "NixlConnector" in args[args.index("--kv-transfer-config") + 1]
    policy = find(objects, "NetworkPolicy", "engine-coder")["spec"]
    among = [{"podSelector": policy["podSelector"]}]
    assert {"from": among} in policy["ingress"]
    assert {"to": among} in policy["egress"]


def test_the_router_sends_long_prompts_apart():
    config = find(objects_with(apart), "ConfigMap", "router-coder")["data"]["picker.yaml"]
    plugins = {one["type"]: one.get("parameters", {}) for one in yaml.safe_load(config)["plugins"]}
    assert plugins["prefix-based-pd-decider"] == {"nonCachedTokens": 1024}
    assert plugins["disagg-profile-handler"]["deciders"] == {"prefill": "prefix-based-pd-decider"}
    names = {one["name"] for one in yaml.safe_load(config)["schedulingProfiles"]}
    assert names == {"prefill", "decode"}


def test_several_routers_send_every_prompt_apart_because_none_knows_all_caches():
    def change(document):
        apart(document)
        document["tier"] = "high-availability"

    config = find(objects_with(change), "ConfigMap", "router-coder")["data"]["picker.yaml"]
    plugins = {one["type"] for one in yaml.safe_load(config)["plugins"]}
    assert "always-disagg-pd-decider" in plugins
    assert not {one for one in plugins if "prefix" in one}


def test_engines_that_read_count_in_the_queue_the_price_and_not_in_scaling():
    plain, plan = plan_with(), plan_with(apart)
    need = next(n for n in plan.cluster.workloads.queues.needs if n.model == "coder")
    assert (need.floor, need.most) == (3, 5)
    prices = [next(m for m in one.models if m.name == "coder").price for one in (plain, plan)]
    ratio = prices[1].output_nanousd_per_token / prices[0].output_nanousd_per_token
    assert ratio == pytest.approx(3, rel=0.02)
    triggers = plan.cluster.workloads.engine("coder").scaling.triggers
    assert all('pod!~"engine-coder-prefill-.+"' in one.query for one in triggers)


def test_the_tree_is_clean_and_other_models_are_as_they_were():
    plan = plan_with(apart)
    files = [one for one in make_tree(plan, catalog()).files if one.path != MARKER]
    found = check_manifests("tree", files, "1.35").findings
    assert [one.what for one in found if one.severity != "note"] == []
    assert pod_of(objects_with(apart), "engine-writer") == pod_of(objects_with(), "engine-writer")


def without(key, value):
    def change(document):
        apart(document)
        document[key] = value

    return change


def test_without_the_component_it_is_refused():
    error = refusal(without("components", {}))
    assert "llm-d" in error.why
    assert error.fix[0] == "set components: {llm-d: {enabled: true}}"


def test_without_a_router_it_is_refused():
    assert "the profile serving has no router" in refusal(apart, profile="serving").why


def test_beside_kserve_it_is_refused():
    both = {"llm-d": {"enabled": True}, "kserve": {"enabled": True}}
    assert "KServe" in refusal(without("components", both)).why


def test_vectors_and_processors_are_refused():
    def vectors(document):
        apart(document)
        model(document, "coder")["kind"] = "embedding"

    assert "vectors" in refusal(vectors).why
