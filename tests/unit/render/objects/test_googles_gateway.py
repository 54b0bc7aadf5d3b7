"""Google's load balancer in front of models: one kept address, and every part that speaks of it."""

import pytest

from llmplat.plan.cluster.routing import keep_address
from llmplat.spec.load import parse_platform
from tests.fakes.cluster_platform import EXAMPLES, every, find, objects_with, plan_with
from tests.fakes.experience import with_googles_gateway

EXAMPLE = "gke-two-teams"
ADDRESS = "10.128.15.253"
"""The third from the end of 10.128.0.0/20: Google keeps the last two."""


@pytest.fixture(scope="module")
def objects():
    return objects_with(with_googles_gateway, name=EXAMPLE)


@pytest.fixture(scope="module")
def plan():
    return plan_with(with_googles_gateway, name=EXAMPLE)


def test_the_gateway_asks_for_the_kept_address(objects):
    spec = find(objects, "Gateway", "inference-gateway")["spec"]
    assert spec["gatewayClassName"] == "gke-l7-rilb"
    assert spec["addresses"] == [{"type": "NamedAddress", "value": "two-teams-inference"}]
    assert [one["port"] for one in spec["listeners"]] == [80]


def test_the_llm_gateway_asks_that_address_and_may_go_nowhere_else_for_models(objects, plan):
    assert plan.cluster.workloads.routing.address == f"http://{ADDRESS}:80"
    config = find(objects, "ConfigMap", "gateway-config")["data"]
    files = "".join(config.values())
    assert f"http://{ADDRESS}:80/v1" in files
    assert "inference-gateway.svc" not in files
    spec = find(objects, "NetworkPolicy", "gateway")["spec"]
    (models,) = (rule for rule in spec["egress"] if rule["ports"][0]["port"] == 80)
    assert models["to"] == [{"ipBlock": {"cidr": f"{ADDRESS}/32"}}]
    assert "inference-gateway" not in str(spec["egress"])


def test_nothing_stands_for_a_service_that_gke_does_not_make(objects):
    assert every(objects, "EndpointSlice") == []
    assert every(objects, "AgentgatewayParameters") == []
    spaces = {item["metadata"]["namespace"] for item in every(objects, "Service")}
    assert "inference-gateway" not in spaces


def test_limits_nest_in_googles_policies(objects, plan):
    limits = plan.timeouts
    chain = plan.cluster.workloads.routing.chain
    for route in plan.cluster.workloads.routing.routes:
        name, space = route.pool, route.namespace
        (policy,) = (
            it
            for it in every(objects, "GCPBackendPolicy")
            if (it["metadata"]["name"], it["metadata"]["namespace"]) == (name, space)
        )
        assert policy["spec"]["targetRef"]["kind"] == "InferencePool"
        limit = policy["spec"]["default"]["timeoutSec"]
        assert limits.client_s > limits.gateway_s > limit > chain.router_ms / 1000 > limits.engine_s
        assert "timeouts" not in find(objects, "HTTPRoute", route.model)["spec"]["rules"][0]


def test_health_is_asked_where_an_engine_answers_it(objects):
    checks = [
        it["spec"]
        for it in every(objects, "HealthCheckPolicy")
        if it["spec"]["targetRef"]["kind"] == "InferencePool"
    ]
    assert len(checks) == len(every(objects, "InferencePool"))
    for check in checks:
        asked = check["default"]["config"]["httpHealthCheck"]
        assert asked == {"requestPath": "/health", "port": 8000}


def test_engines_and_pickers_let_googles_proxies_and_health_checks_in(objects):
    wanted = {"35.191.0.0/16", "130.211.0.0/22", "10.128.64.0/23"}
    for name in ("engine-coder", "router-coder"):
        spec = find(objects, "NetworkPolicy", name)["spec"]
        ranges = {
            peer["ipBlock"]["cidr"]
            for rule in spec["ingress"]
            for peer in rule["from"]
            if "ipBlock" in peer
        }
        assert ranges == wanted, name


@pytest.mark.parametrize(
    ("nodes", "address"),
    [("10.1.0.0/16", "10.1.255.253"), ("192.168.7.0/29", "192.168.7.5")],
)
def test_the_address_follows_the_range_of_machines(nodes, address):
    text = (EXAMPLES / f"{EXAMPLE}.yaml").read_text("utf-8")
    kept = f"network: {{nodes: {nodes}}}"
    text = text.replace("    region:", f"    {kept}\n    region:", 1)
    platform = parse_platform(
        text + "gateway: {dataPlane: gke-gateway}\n", "platform.yaml"
    ).platform
    found = keep_address(platform)
    assert (found.name, found.address) == (f"{platform.name}-inference", address)


def test_no_other_data_plane_keeps_one():
    routing = plan_with(name=EXAMPLE).cluster.workloads.routing
    assert routing.kept is None
    assert routing.address == "http://inference-gateway.inference-gateway.svc:8080"
