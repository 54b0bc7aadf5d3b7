"""Routes and the gateway: nested limits, closed failure, one entry per model, the same code as locally."""

import json
import re
from pathlib import Path

import pytest
import yaml

from llmplat.render.objects.routes import milliseconds
from tests.fakes.cluster_platform import HOME, every, find, objects_with, plan_with


@pytest.fixture(scope="module")
def objects():
    return objects_with()


def seconds(text):
    found = re.fullmatch(r"(\d+)s(?:(\d+)ms)?", text)
    return int(found[1]) + int(found[2] or 0) / 1000


def test_limits_nest_from_the_client_to_the_engine(objects):
    limits = plan_with().timeouts
    for item in every(objects, "HTTPRoute"):
        told = item["spec"]["rules"][0]["timeouts"]
        route, router = seconds(told["request"]), seconds(told["backendRequest"])
        assert limits.client_s > limits.gateway_s > route > router > limits.engine_s


def test_no_running_work_is_tried_again(objects):
    for item in every(objects, "HTTPRoute"):
        assert all("retry" not in rule for rule in item["spec"]["rules"])


def test_a_pool_without_its_picker_answers_nobody(objects):
    pools = every(objects, "InferencePool")
    assert len(pools) == 3
    assert {item["spec"]["endpointPickerRef"]["failureMode"] for item in pools} == {"FailClose"}


def test_pool_and_route_stand_with_the_model(objects):
    for kind in ("InferencePool", "HTTPRoute"):
        assert find(objects, kind, "coder")["metadata"]["namespace"] == "models-team-b"
    pool = find(objects, "InferencePool", "coder")["spec"]["selector"]["matchLabels"]
    template = find(objects, "Deployment", "engine-coder")["spec"]["template"]
    assert pool.items() <= template["metadata"]["labels"].items()


def test_a_request_finds_its_model_by_the_gateways_header(objects):
    match = find(objects, "HTTPRoute", "coder")["spec"]["rules"][0]["matches"][0]
    assert match["headers"] == [{"type": "Exact", "name": "x-llmplat-model", "value": "coder"}]


def test_only_what_is_below_zero_may_be_shed(objects):
    shed = find(objects, "InferenceObjective", "coder-llmplat-sheddable")["spec"]
    kept = find(objects, "InferenceObjective", "coder-llmplat-kept")["spec"]
    assert shed["priority"] < 0 < kept["priority"]


def test_several_pickers_know_nothing_that_the_others_do_not():
    def settings(objects):
        return find(objects, "ConfigMap", "router-coder")["data"]["picker.yaml"]

    assert "prefix-cache-scorer" in settings(objects_with())
    several = objects_with(name="cluster-production")
    assert "prefix-cache-scorer" not in settings(several)
    picker = find(several, "Deployment", "router-coder")["spec"]
    assert picker["replicas"] == 2
    # With a leader the one that stands by is never ready, so the Application is never healthy.
    args = picker["template"]["spec"]["containers"][0]["args"]
    assert not [word for word in args if "leader" in word]


def test_the_inference_gateway_has_no_address_outside(objects):
    found = find(objects, "AgentgatewayParameters", "inference-gateway")["spec"]
    assert found["service"]["spec"]["type"] == "ClusterIP"


def test_the_gateways_code_is_byte_for_byte_the_packages(objects):
    data = find(objects, "ConfigMap", "gateway-code")["data"]
    files = {file.name: file.read_text("utf-8") for file in (HOME / "llmplat/gateway").glob("*.py")}
    assert data == files


def test_policy_and_keys_are_seen_while_running_the_rest_rolls(objects):
    pod = find(objects, "Deployment", "gateway")["spec"]["template"]
    volume = next(item for item in pod["spec"]["volumes"] if item["name"] == "config")
    names = {source["configMap"]["name"] for source in volume["projected"]["sources"]}
    assert names == {"gateway-config", "gateway-keys"}
    mounts = pod["spec"]["containers"][0]["volumeMounts"]
    assert all("subPath" not in mount for mount in mounts), "a subPath is never updated"
    assert pod["metadata"]["annotations"]["llmplat.dev/config-hash"]


def test_a_change_of_policy_alone_rolls_nothing():
    def fingerprint(change=None):
        pod = find(objects_with(change), "Deployment", "gateway")["spec"]["template"]
        return pod["metadata"]["annotations"]["llmplat.dev/config-hash"]

    def other_budget(document):
        document["tenants"][0]["budget"] = {"usd": 999, "period": "month"}

    def other_model(document):
        document["timeouts"] = {"client": "700s", "gateway": "600s", "engine": "500s"}

    assert fingerprint(other_budget) == fingerprint()
    assert fingerprint(other_model) != fingerprint()


def test_every_model_goes_through_the_inference_gateway(objects):
    config = find(objects, "ConfigMap", "gateway-config")["data"]
    entries = yaml.safe_load(config["litellm.yaml"])["model_list"]
    assert {e["litellm_params"]["api_base"] for e in entries} == {
        "http://inference-gateway.inference-gateway.svc:8080/v1"
    }
    assert json.loads(config["policy.json"])["models"]["coder"]["backends"] == 1


def test_the_counters_keep_what_they_answered_for(objects):
    item = find(objects, "StatefulSet", "counters")
    args = item["spec"]["template"]["spec"]["containers"][0]["args"]
    assert args[args.index("--appendfsync") + 1] == "always"
    assert args[args.index("--maxmemory-policy") + 1] == "noeviction"
    assert item["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Retain"
    assert "Delete=confirm" in item["metadata"]["annotations"]["argocd.argoproj.io/sync-options"]


def test_the_way_in_is_internal():
    service = find(objects_with(), "Service", "gateway")
    assert service["spec"]["type"] == "ClusterIP"

    def without_domain(document):
        del document["domain"], document["dns"], document["identityProvider"]

    service = find(objects_with(without_domain, name="cluster-production"), "Service", "gateway")
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["metadata"]["annotations"]["networking.gke.io/load-balancer-type"] == "Internal"


def test_a_domain_brings_a_certificate_and_a_name():
    objects = objects_with(name="cluster-production")
    assert find(objects, "Certificate", "gateway-tls")["spec"]["dnsNames"] == [
        "api.llm.example.com",
        "chat.llm.example.com",
    ]
    route = find(objects, "HTTPRoute", "gateway")["spec"]
    assert route["hostnames"] == ["api.llm.example.com"]
    limits = plan_with(name="cluster-production").timeouts
    assert limits.client_s > seconds(route["rules"][0]["timeouts"]["request"]) > limits.gateway_s


def test_no_value_of_a_secret_is_anywhere(objects):
    assert not every(objects, "Secret")
    wanted = {
        (item["metadata"]["namespace"], item["metadata"]["name"])
        for item in every(objects, "ExternalSecret")
    }
    needed = {
        (deployment["metadata"]["namespace"], env["valueFrom"]["secretKeyRef"]["name"])
        for kind in ("Deployment", "StatefulSet")
        for deployment in every(objects, kind)
        for container in deployment["spec"]["template"]["spec"]["containers"]
        for env in container.get("env", ())
        if "secretKeyRef" in env.get("valueFrom", {})
    }
    assert needed <= wanted


@pytest.mark.parametrize(("count", "text"), [(590_000, "590s"), (596_667, "596s667ms")])
def test_durations(count, text):
    assert milliseconds(count) == text


def test_nothing_of_this_machine_is_in_the_manifests(objects):
    text = json.dumps(objects)
    assert str(Path.home()) not in text
    assert str(HOME) not in text
