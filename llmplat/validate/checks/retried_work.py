"""Nobody repeats a request that is already running.

An answer takes minutes of a GPU. A retry starts it again while the first one still runs, which
doubles the load at the moment there is too much of it.
"""

from collections.abc import Iterator

from llmplat.validate.objects import Objects, get, list_or_empty, number_or
from llmplat.validate.policy import entries_of, litellm_configs
from llmplat.validate.smell import Smell

_ROUTES = ("gateway.networking.k8s.io/HTTPRoute", "gateway.networking.k8s.io/GRPCRoute")


def find(objects: Objects) -> Iterator[Smell]:
    """Routes and gateways that retry."""
    for one in objects.of(*_ROUTES):
        for index, rule in enumerate(list_or_empty(one.spec.get("rules"))):
            if number_or(get(rule, "retry", "attempts"), 0) > 0:
                yield Smell(one, ("spec", "rules", index, "retry"), "it retries", "leave retry out")
    for config, settings, path in litellm_configs(objects):
        for part in ("router_settings", "litellm_settings"):
            if number_or(get(settings, part, "num_retries"), 0) > 0:
                where = config.at(*path, part, "num_retries")
                yield Smell(config.owner, where, f"{part} retries", "num_retries: 0")
        for index, entry in entries_of(settings):
            if number_or(get(entry, "litellm_params", "max_retries"), 0) > 0:
                where = config.at(*path, "model_list", index, "litellm_params", "max_retries")
                name = entry.get("model_name")
                yield Smell(config.owner, where, f"{name} is retried", "max_retries: 0")
