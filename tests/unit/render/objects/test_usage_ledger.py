"""The database of the record of requests: only where it is asked for, and only the gateway reaches it."""

import json

import pytest

from tests.fakes.cluster_platform import every, find, objects_with, plan_with


def _with_ledger(document):
    document.setdefault("components", {})["usage-ledger"] = {"enabled": True}


@pytest.fixture(scope="module")
def objects():
    return objects_with(_with_ledger)


def test_without_the_component_no_records_are_kept():
    assert every(objects_with(), "Cluster") == []
    config = find(objects_with(), "ConfigMap", "gateway-config")["data"]
    assert json.loads(config["policy.json"])["ledger"] is None
    gateway = find(objects_with(), "Deployment", "gateway")
    env = gateway["spec"]["template"]["spec"]["containers"][0]["env"]
    assert "LLMPLAT_LEDGER_URL" not in {one["name"] for one in env}


def test_the_gateway_gets_the_address_from_the_operators_secret(objects):
    config = find(objects, "ConfigMap", "gateway-config")["data"]
    assert json.loads(config["policy.json"])["ledger"]["backlog"] == 100_000
    env = find(objects, "Deployment", "gateway")["spec"]["template"]["spec"]["containers"][0]["env"]
    told = next(one for one in env if one["name"] == "LLMPLAT_LEDGER_URL")
    secret = {"secretKeyRef": {"name": "usage-ledger-app", "key": "uri"}}
    assert told["valueFrom"] == secret


def test_the_audit_log_is_not_pruned_without_being_asked(objects):
    cluster = find(objects, "Cluster", "usage-ledger")
    told = cluster["metadata"]["annotations"]["argocd.argoproj.io/sync-options"]
    assert told == "Prune=confirm,Delete=confirm"
    assert cluster["spec"]["instances"] == 1


def test_high_availability_has_three_instances():
    def change(document):
        _with_ledger(document)
        document["tier"] = "high-availability"

    assert find(objects_with(change), "Cluster", "usage-ledger")["spec"]["instances"] == 3


def test_it_stands_between_its_operator_and_the_gateway():
    waves = {one.name: one.wave for one in plan_with(_with_ledger).cluster.applications}
    assert waves["cloudnative-pg"] < waves["usage-ledger"] < waves["litellm"]


def test_only_gateway_operator_and_itself_reach_it(objects):
    spec = find(objects, "NetworkPolicy", "usage-ledger")["spec"]
    assert spec["podSelector"]["matchLabels"] == {"cnpg.io/cluster": "usage-ledger"}
    peers = [json.dumps(peer) for rule in spec["ingress"] for peer in rule["from"]]
    assert all("gateway" in p or "cnpg-system" in p or "cnpg.io/cluster" in p for p in peers)
    out = find(objects, "NetworkPolicy", "gateway")["spec"]["egress"]
    assert {"port": 5432, "protocol": "TCP"} in [port for rule in out for port in rule["ports"]]
