"""What LiteLLM is told."""

import json

import yaml

from llmplat.plan.gateway import secret_env_name
from llmplat.plan.launch import Backend, GatewayLaunch, Limits, Probe, Timeouts
from llmplat.render.gateway_files import make_gateway_files

GATEWAY = GatewayLaunch(
    name="gateway",
    runtime="litellm",
    argv=(),
    env=(),
    secret_env=(),
    port=4000,
    probe=Probe("/", 1, 1, 1),
    limits=Limits(1),
    stop_grace_s=1,
    backends=(
        Backend("m", "engine-m", 0, None, "m", "engine-key"),
        Backend("m", "engine-m", 1, None, "m", "engine-key"),
        Backend("x", None, 0, "https://x.example.com/v1", "big", "my.key-1"),
        Backend("y", None, 0, "https://y.example.com/v1", "open", None),
    ),
    timeouts=Timeouts(30, 20, 10),
    policy={"kind": "GatewayPolicy", "b": 1, "a": 2},
)


def files():
    made = make_gateway_files(GATEWAY, lambda b: f"http://127.0.0.1:{4001 + b.replica}/v1")
    return {file.path: file.content for file in made}


def test_one_entry_per_backend_under_its_own_name():
    entries = yaml.safe_load(files()["litellm.yaml"])["model_list"]
    assert [entry["model_name"] for entry in entries] == ["m@0", "m@1", "x@0", "y@0"]
    assert [entry["litellm_params"]["api_base"] for entry in entries] == [
        "http://127.0.0.1:4001/v1",
        "http://127.0.0.1:4002/v1",
        "https://x.example.com/v1",
        "https://y.example.com/v1",
    ]


def test_keys_are_named_by_variable():
    entries = yaml.safe_load(files()["litellm.yaml"])["model_list"]
    assert [entry["litellm_params"]["api_key"] for entry in entries] == [
        "os.environ/LLMPLAT_ENGINE_KEY",
        "os.environ/LLMPLAT_ENGINE_KEY",
        "os.environ/LLMPLAT_BACKEND_KEY_MYdKEY_1",
        "none",
    ]


def test_nothing_retries_and_every_request_ends():
    document = yaml.safe_load(files()["litellm.yaml"])
    assert document["router_settings"]["num_retries"] == 0
    assert document["litellm_settings"]["request_timeout"] == 10
    for entry in document["model_list"]:
        assert entry["litellm_params"]["max_retries"] == 0
        assert entry["litellm_params"]["timeout"] == 10


def test_policy_is_written_as_it_is():
    assert json.loads(files()["policy.json"]) == GATEWAY.policy
    assert list(json.loads(files()["policy.json"])) == ["kind", "b", "a"]


def test_names_of_variables_do_not_clash():
    names = ["a-b", "a.b", "adb", "a", "b"]
    assert len({secret_env_name(name) for name in names}) == len(names)
