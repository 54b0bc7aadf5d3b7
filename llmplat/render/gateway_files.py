"""Turns a gateway launch into the files the gateway reads: litellm.yaml and policy.json."""

from collections.abc import Callable
from typing import Any

from llmplat.domain.manifest import Manifest
from llmplat.plan.gateway import ENGINE_KEY_ENV, secret_env_name
from llmplat.plan.launch import Backend, GatewayLaunch
from llmplat.render.dump import dump_json, dump_yaml

LITELLM = "litellm.yaml"
POLICY = "policy.json"


def make_gateway_files(
    gateway: GatewayLaunch, engine_url: Callable[[Backend], str]
) -> tuple[Manifest, ...]:
    """litellm.yaml and policy.json; `engine_url` says where a replica listens, with /v1.

    No secret is in them: keys are named by the environment variable that carries them.
    """
    return (
        Manifest(LITELLM, dump_yaml(_litellm(gateway, engine_url))),
        Manifest(POLICY, dump_json(gateway.policy)),
    )


def _litellm(gateway: GatewayLaunch, engine_url: Callable[[Backend], str]) -> dict[str, Any]:
    engine_s = gateway.timeouts.engine_s
    is_traced = "traces" in gateway.policy
    return {
        "model_list": [_entry(backend, engine_s, engine_url) for backend in gateway.backends],
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        "litellm_settings": {
            "request_timeout": engine_s,
            "telemetry": False,
            "drop_params": False,
            "turn_off_message_logging": True,
            "callbacks": [
                "llmplat.gateway.hooks.stream_tap",
                *(["otel"] if is_traced else []),
            ],
        },
        # Said once more where spans are made: no prompt, no answer.
        **({"callback_settings": {"otel": {"message_logging": False}}} if is_traced else {}),
        "general_settings": {
            "master_key": "os.environ/LITELLM_MASTER_KEY",
            "custom_auth": "llmplat.gateway.hooks.admit_marked",
            "disable_spend_logs": True,
        },
    }


def _entry(
    backend: Backend, engine_s: float, engine_url: Callable[[Backend], str]
) -> dict[str, Any]:
    name = backend.name
    return {
        "model_name": name,
        "litellm_params": {
            "model": f"hosted_vllm/{backend.backend_model}",
            "api_base": engine_url(backend) if backend.url is None else backend.url,
            "api_key": _key(backend),
            "timeout": engine_s,
            "stream_timeout": engine_s,
            "max_retries": 0,
        },
        # Money is counted by the platform's own ledger; a second price would only disagree.
        "model_info": {"id": name, "input_cost_per_token": 0, "output_cost_per_token": 0},
    }


def _key(backend: Backend) -> str:
    if backend.url is None:
        return f"os.environ/{ENGINE_KEY_ENV}"
    return "none" if backend.secret is None else f"os.environ/{secret_env_name(backend.secret)}"
