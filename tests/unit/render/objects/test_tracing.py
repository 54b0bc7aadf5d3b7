"""Spans: who makes them, what is left of them, and who may send them where."""

import json

import pytest
import yaml

from llmplat.domain.errors import PlanError
from tests.fakes.cluster_platform import every, find, objects_with, plan_with
from tests.fakes.experience import with_sign_in, with_traces


def test_without_traces_nothing_speaks_of_them():
    text = json.dumps(objects_with())
    assert "otlp" not in text.lower()
    assert "OTEL_" not in text


def test_gateway_and_engines_send_to_the_collector_and_leave_the_choice_to_the_gateway():
    objects = objects_with(with_traces)
    engine = find(objects, "Deployment", "engine-coder")["spec"]["template"]["spec"]
    args = engine["containers"][0]["args"]
    at = args[args.index("--otlp-traces-endpoint") + 1]
    assert at == "http://otel-collector.tracing.svc:4318/v1/traces"
    for item in (engine, find(objects, "Deployment", "gateway")["spec"]["template"]["spec"]):
        env = {one["name"]: one.get("value") for one in item["containers"][0]["env"]}
        assert env["OTEL_TRACES_SAMPLER"] == "parentbased_always_off"
        assert env["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] == "NO_CONTENT"
    files = find(objects, "ConfigMap", "gateway-config")["data"]
    assert json.loads(files["policy.json"])["traces"] == {"share": 0.5}
    litellm = yaml.safe_load(files["litellm.yaml"])
    assert "otel" in litellm["litellm_settings"]["callbacks"]
    assert litellm["litellm_settings"]["turn_off_message_logging"] is True
    assert litellm["callback_settings"]["otel"]["message_logging"] is False


def test_the_collector_drops_every_text():
    config = yaml.safe_load(
        find(objects_with(with_traces), "ConfigMap", "otel-collector")["data"]["collector.yaml"]
    )
    keep = config["processors"]["redaction/keep"]
    assert keep["allow_all_keys"] is False
    for key in keep["allowed_keys"]:
        assert not any(
            word in key for word in ("prompt.", "completion.", "messages", "input.value")
        )
    assert config["processors"]["filter/events"]["traces"]["spanevent"] == ["true"]
    used = config["service"]["pipelines"]["traces"]["processors"]
    assert set(config["processors"]) == set(used)
    assert list(config["service"]["pipelines"]) == ["traces"]


def test_only_senders_reach_the_collector_and_it_goes_where_the_file_says():
    spec = next(
        one["spec"]
        for one in every(objects_with(with_traces), "NetworkPolicy")
        if (one["metadata"]["namespace"], one["metadata"]["name"]) == ("tracing", "otel-collector")
    )
    peers = json.dumps(spec["ingress"])
    assert "gateway" in peers
    assert "engine" in peers
    assert spec["egress"] == [{"ports": [{"protocol": "TCP", "port": 443}]}]


def with_langfuse(document, **values):
    with_sign_in(document)
    document["traces"] = {}
    stores = {
        "clickhouse": {"host": "clickhouse.example.com"},
        "s3": {"endpoint": "https://s3.example.com", "bucket": "spans"},
    }
    document["components"]["langfuse"] = {"enabled": True, "values": stores | values}


def test_langfuse_gets_spans_by_the_key_of_its_own_project():
    objects = objects_with(with_langfuse)
    config = yaml.safe_load(find(objects, "ConfigMap", "otel-collector")["data"]["collector.yaml"])
    exporter = config["exporters"]["otlphttp"]
    assert exporter["endpoint"] == "http://langfuse-web.langfuse.svc:3000/api/public/otel"
    assert exporter["auth"]["authenticator"] in config["service"]["extensions"]
    wanted = {one["metadata"]["name"] for one in every(objects, "ExternalSecret")}
    assert {"langfuse-project-key", "langfuse-salt", "langfuse-s3-secret-key"} <= wanted
    database = find(objects, "Cluster", "langfuse-db")
    assert database["spec"]["bootstrap"]["initdb"]["database"] == "langfuse"
    waves = {one.name: one.wave for one in plan_with(with_langfuse).cluster.applications}
    assert waves["cloudnative-pg"] < waves["langfuse-config"] < waves["langfuse"]


def test_only_the_collector_and_itself_reach_langfuse():
    spec = next(
        one["spec"]
        for one in every(objects_with(with_langfuse), "NetworkPolicy")
        if (one["metadata"]["namespace"], one["metadata"]["name"]) == ("langfuse", "langfuse")
    )
    pages = [rule for rule in spec["ingress"] if rule.get("ports", [{}])[0].get("port") == 3000]
    (peer,) = pages[0]["from"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "tracing"}


def test_langfuse_without_its_stores_is_refused():
    with pytest.raises(PlanError, match="nowhere to keep its spans") as caught:
        plan_with(lambda document: with_langfuse(document, s3={"bucket": "b"}))
    assert "s3.endpoint" in caught.value.why
