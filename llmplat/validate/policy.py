"""What the gateway enforces, read from its configuration: our policy, or LiteLLM's own file."""

import re
from collections.abc import Iterator
from typing import Any

from llmplat.validate.objects import Config, Objects, dict_or_empty, get, list_or_empty

POLICY = "GatewayPolicy"

_MOST_S = 1e15
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)(ms|h|m|s)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")


def policies(objects: Objects) -> Iterator[Config]:
    """Every GatewayPolicy in a ConfigMap."""
    return (config for config in objects.configs if config.value.get("kind") == POLICY)


def litellm_configs(objects: Objects) -> Iterator[tuple[Config, dict[str, Any], tuple[str, ...]]]:
    """LiteLLM's configuration with its place inside its file: a file of its own, or chart values."""
    for config in objects.configs:
        if isinstance(config.value.get("model_list"), list):
            yield config, config.value, ()
        inner = config.value.get("proxy_config")
        if isinstance(inner, dict):
            yield config, inner, ("proxy_config",)


def has_policy(objects: Objects, namespace: str) -> bool:
    """Whether our guard stands in front of the LiteLLM of `namespace`."""
    return any(config.owner.namespace == namespace for config in policies(objects))


def models_of(policy: Config) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each model of a policy by its name."""
    for name, model in dict_or_empty(policy.value.get("models")).items():
        yield name, dict_or_empty(model)


def entries_of(settings: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each entry of LiteLLM's model_list."""
    for index, entry in enumerate(list_or_empty(settings.get("model_list"))):
        yield index, dict_or_empty(entry)


def seconds(value: object) -> float | None:
    """A duration of Kubernetes or Go ("1h", "30m0s", "90s", "500ms") or a number, in seconds."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if -_MOST_S < value < _MOST_S else None
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))


def timeout_of(policy: Config, part: str) -> float | None:
    """`client`, `gateway` or `engine` timeout of a policy, in seconds."""
    return seconds(get(policy.value, "timeouts", f"{part}_s"))
