"""A route -> the settings of its endpoint picker: by what it chooses a replica."""

from functools import cache

from llmplat.plan.cluster.routing import ModelRoute
from llmplat.render.dump import dump_yaml
from llmplat.render.objects.shape import Object

_METRICS: tuple[Object, ...] = (
    {"type": "metrics-data-source", "parameters": {"scheme": "http", "path": "/metrics"}},
    {"type": "core-metrics-extractor"},
)


def picker_settings(route: ModelRoute) -> str:
    """The picker's file: one choice for each request, or two where others read its prompt."""
    is_several = route.router.replicas > 1
    if route.prefill_from is None:
        return _one_choice(is_several=is_several)
    return _two_choices(route.prefill_from, is_several=is_several)


def _weights(*, is_several: bool) -> tuple[tuple[str, int], ...]:
    """By queue and free KV cache, in the weights of the project's own default.

    One picker alone also knows which replica holds a prompt's beginning. Several would each know
    only what they sent themselves, and the project allows them only without that knowledge.
    """
    known = () if is_several else (("prefix-cache-scorer", 3),)
    return (("queue-scorer", 2), ("kv-cache-utilization-scorer", 2), *known)


@cache
def _one_choice(*, is_several: bool) -> str:
    weights = _weights(is_several=is_several)
    return _dump(
        [{"type": name} for name, _ in weights],
        [{"name": "default", "plugins": _weighed(weights)}],
    )


@cache
def _two_choices(prefill_from: int, *, is_several: bool) -> str:
    """Who answers, then who reads the prompt first: only a long one, where its length is known.

    https://github.com/llm-d/llm-d-router/blob/v0.10.0/deploy/config/pd-epp-config.yaml
    """
    weights = _weights(is_several=is_several)
    decider: Object = {"type": "always-disagg-pd-decider"}
    if prefill_from:
        decider = {
            "type": "prefix-based-pd-decider",
            "parameters": {"nonCachedTokens": prefill_from},
        }
    handler = {
        "type": "disagg-profile-handler",
        "parameters": {"deciders": {"prefill": decider["type"]}},
    }
    producer: list[Object] = [] if is_several else [{"type": "approx-prefix-cache-producer"}]
    filters: list[Object] = [{"type": "prefill-filter"}, {"type": "decode-filter"}]
    profiles: list[Object] = [
        {
            "name": role,
            "plugins": [
                {"pluginRef": f"{role}-filter"},
                {"pluginRef": "max-score-picker"},
                *_weighed(weights),
            ],
        }
        for role in ("prefill", "decode")
    ]
    scorers: list[Object] = [{"type": name} for name, _ in weights]
    picker: Object = {"type": "max-score-picker"}
    return _dump([*producer, *scorers, *filters, picker, decider, handler], profiles)


def _weighed(weights: tuple[tuple[str, int], ...]) -> list[Object]:
    return [{"pluginRef": name, "weight": weight} for name, weight in weights]


def _dump(plugins: list[Object], profiles: list[Object]) -> str:
    return dump_yaml(
        {
            "apiVersion": "llm-d.ai/v1alpha1",
            "kind": "EndpointPickerConfig",
            "plugins": [*plugins, *_METRICS],
            "schedulingProfiles": profiles,
        }
    )
