"""Who may speak to whom: closed both ways, and each opening is one that is needed."""

import pytest

from tests.fakes.cluster_platform import every, find, objects_with

PROFILES = ("serving", "llm-gateway", "full")


@pytest.fixture(scope="module", params=PROFILES)
def objects(request):
    return objects_with(profile=request.param)


def policies(objects, namespace):
    return {
        item["metadata"]["name"]: item["spec"]
        for item in every(objects, "NetworkPolicy")
        if item["metadata"]["namespace"] == namespace
    }


def peers(spec, direction):
    word = {"ingress": "from", "egress": "to"}[direction]
    return [peer for rule in spec.get(direction, ()) for peer in rule.get(word, ())]


def test_every_namespace_of_ours_is_closed_both_ways(objects):
    for item in every(objects, "Namespace"):
        deny = policies(objects, item["metadata"]["name"])["default-deny"]
        assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_every_namespace_of_ours_is_restricted(objects):
    for item in every(objects, "Namespace"):
        assert item["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_no_opening_selects_every_pod_of_another_namespace_by_accident(objects):
    for item in every(objects, "NetworkPolicy"):
        if item["metadata"]["name"] == "gateway":
            continue  # the one address that is for everybody with a key
        for peer in [*peers(item["spec"], "ingress"), *peers(item["spec"], "egress")]:
            assert peer, item["metadata"]["name"]
            assert peer.get("namespaceSelector") != {}, item["metadata"]["name"]


def test_below_the_gateway_only_the_platforms_own_pods_reach_an_engine():
    engine = policies(objects_with(profile="serving"), "models-team-b")["engine-coder"]
    callers = peers(engine, "ingress")
    assert callers[0]["podSelector"]["matchLabels"] == {"llmplat.dev/role": "client"}
    assert callers[0]["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "llmplat-system"
    }
    assert len(callers) == 2


def test_an_engine_is_reached_by_its_own_picker_the_data_plane_and_prometheus():
    engine = policies(objects_with(), "models-team-b")["engine-coder"]
    picker, plane, prometheus = peers(engine, "ingress")
    assert picker["podSelector"]["matchLabels"] == {
        "llmplat.dev/model": "coder",
        "llmplat.dev/role": "router",
    }
    assert plane["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "inference-gateway"
    }
    assert prometheus["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "monitoring"
    }


def test_only_the_llm_gateway_reaches_the_inference_gateway():
    spec = policies(objects_with(), "inference-gateway")["inference-gateway"]
    (model_calls, _) = spec["ingress"]
    (caller,) = model_calls["from"]
    assert caller["podSelector"]["matchLabels"] == {"llmplat.dev/role": "gateway"}
    assert caller["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "llm-gateway"
    }


def test_only_the_gateway_reaches_the_counters():
    spec = policies(objects_with(), "llm-gateway")["counters"]
    assert peers(spec, "ingress") == [
        {"podSelector": {"matchLabels": {"llmplat.dev/role": "gateway"}}}
    ]
    assert "egress" not in spec


def test_an_engine_whose_image_is_a_volume_goes_nowhere():
    def change(document):
        document["substrate"]["cluster"]["kubernetes"] = "1.36"

    spec = policies(objects_with(change), "models-team-b")["engine-coder"]
    assert "Egress" not in spec["policyTypes"]


def test_the_gateway_leaves_the_cluster_only_for_an_outside_service():
    def goes_out(name):
        spec = policies(objects_with(name=name), "llm-gateway")["gateway"]
        return any("to" not in rule for rule in spec["egress"])

    assert goes_out("cluster-production")
    assert not goes_out("cluster-two-teams")


def test_tenants_rights_hold_no_secrets_and_no_way_around_the_walls():
    role = find(
        {
            "n": [
                o
                for o in objects_with()["namespaces"]
                if o["metadata"].get("namespace") == "models-team-a"
            ]
        },
        "Role",
        "tenant",
    )
    granted = {resource: rule["verbs"] for rule in role["rules"] for resource in rule["resources"]}
    for forbidden in (
        "secrets", "pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy",
        "pods/ephemeralcontainers", "roles", "rolebindings", "externalsecrets",
    ):  # fmt: skip
        assert forbidden not in granted
    for only_read in ("networkpolicies", "resourcequotas", "localqueues", "httproutes"):
        assert granted[only_read] == ["get", "list", "watch"]


def test_an_owner_opens_no_way_in_and_asks_for_no_more_gpus_than_there_are():
    quotas = every(objects_with(), "ResourceQuota")
    for item in quotas:
        hard = item["spec"]["hard"]
        assert (hard["services.loadbalancers"], hard["services.nodeports"]) == ("0", "0")
        assert hard["requests.nvidia.com/gpu"] == "8"
