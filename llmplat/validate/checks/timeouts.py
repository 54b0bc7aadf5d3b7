"""Every hop has a time limit, and each is longer than the one inside it.

client > gateway > route > router > engine. Where an inner limit is longer, the outer one gives up
first and the engine works on for nobody; where one is missing, a request may hang for ever.
"""

from collections.abc import Iterator

from llmplat.validate.faults import Path
from llmplat.validate.objects import Object, Objects, dict_or_empty, get, list_or_empty
from llmplat.validate.policy import entries_of, litellm_configs, policies, seconds, timeout_of
from llmplat.validate.smell import Smell

_ROUTE = "gateway.networking.k8s.io/HTTPRoute"
_GOOGLE = "networking.gke.io/GCPBackendPolicy"
_PARTS = ("client", "gateway", "engine")


def find(objects: Objects) -> Iterator[Smell]:
    """Hops without a limit, and limits that do not nest."""
    yield from _policies(objects)
    yield from _litellm(objects)
    yield from _edges(objects)
    gateway_s, engine_s = _bounds(objects)
    for one, path, request_s in _routes(objects):
        if request_s is None:
            yield Smell(
                one, path, "a route to a model has no time limit", "timeouts: {request: ...}"
            )
        elif gateway_s is not None and request_s >= gateway_s:
            what = f"its limit of {request_s:g} s is not below the gateway's {gateway_s:g} s"
            yield Smell(one, path, what, f"timeouts: {{request: a little below {gateway_s:g}s}}")
        elif engine_s is not None and request_s <= engine_s:
            what = f"its limit of {request_s:g} s is not above the engine's {engine_s:g} s"
            yield Smell(one, path, what, f"timeouts: {{request: a little above {engine_s:g}s}}")


def _edges(objects: Objects) -> Iterator[Smell]:
    """Routes to the gateway itself: the way in must outlast it."""
    limits = {one.owner.namespace: timeout_of(one, "gateway") for one in policies(objects)}
    google = _google(objects)
    for one in objects.of(_ROUTE):
        gateway_s = limits.get(one.namespace)
        for index, rule in enumerate(list_or_empty(one.spec.get("rules"))):
            services = [
                (one.namespace, str(get(ref, "name")))
                for ref in list_or_empty(get(rule, "backendRefs"))
                if str(get(ref, "kind") or "Service") == "Service"
            ]
            if gateway_s is None or not services:
                continue
            request_s = seconds(get(rule, "timeouts", "request")) or google.get(services[0])
            if request_s is None or request_s < gateway_s:
                what = f"the way in ends before the gateway's {gateway_s:g} s, or never"
                fix = f"timeouts: {{request: a little above {gateway_s:g}s}}"
                yield Smell(one, ("spec", "rules", index, "timeouts"), what, fix)


def _bounds(objects: Objects) -> tuple[float | None, float | None]:
    """The shortest gateway and the longest engine limit that any policy sets."""
    found = list(policies(objects))
    gateways = [s for one in found if (s := timeout_of(one, "gateway")) is not None]
    engines = [s for one in found if (s := timeout_of(one, "engine")) is not None]
    return min(gateways, default=None), max(engines, default=None)


def _policies(objects: Objects) -> Iterator[Smell]:
    for policy in policies(objects):
        limits = [timeout_of(policy, part) for part in _PARTS]
        names = [f"{part} {s:g}s" for part, s in zip(_PARTS, limits, strict=True) if s is not None]
        known = [s for s in limits if s is not None]
        if len(known) < len(_PARTS):
            what = "one of client, gateway and engine has no time limit"
            yield Smell(policy.owner, policy.at("timeouts"), what, "set all three")
        elif not known[0] > known[1] > known[2]:
            what = f"the time limits do not nest: {', '.join(names)}"
            yield Smell(policy.owner, policy.at("timeouts"), what, "client > gateway > engine")


def _litellm(objects: Objects) -> Iterator[Smell]:
    for config, settings, path in litellm_configs(objects):
        common = seconds(get(settings, "litellm_settings", "request_timeout"))
        for index, entry in entries_of(settings):
            own = seconds(get(entry, "litellm_params", "timeout"))
            if common is None and own is None:
                where = config.at(*path, "model_list", index)
                what = f"the model {entry.get('model_name')} has no time limit (LiteLLM: 6000 s)"
                yield Smell(config.owner, where, what, "litellm_settings: {request_timeout: 590}")


def _routes(objects: Objects) -> Iterator[tuple[Object, Path, float | None]]:
    """Each rule of a route to models, its place and its limit; backendRequest counts too."""
    google = _google(objects)
    for one in objects.of(_ROUTE):
        for index, rule in enumerate(list_or_empty(one.spec.get("rules"))):
            pools = [n for ref in list_or_empty(get(rule, "backendRefs")) if (n := _pool(one, ref))]
            if not pools:
                continue
            limits = dict_or_empty(get(rule, "timeouts"))
            path: Path = ("spec", "rules", index, "timeouts")
            request_s, inner_s = (
                seconds(limits.get("request")),
                seconds(limits.get("backendRequest")),
            )
            if request_s is not None and inner_s is not None and inner_s > request_s:
                yield one, path, inner_s
            yield one, path, request_s or inner_s or google.get(pools[0])


def _google(objects: Objects) -> dict[tuple[str, str], float | None]:
    """Namespace and name of what Google's policies are about -> the limit they set."""
    return {
        _target(one): seconds(get(one.spec, "default", "timeoutSec")) for one in objects.of(_GOOGLE)
    }


def _pool(route: Object, reference: object) -> tuple[str, str] | None:
    """Namespace and name of the InferencePool (or the backend in front of one) that is meant."""
    if str(get(reference, "kind")) not in {"InferencePool", "AgentgatewayBackend"}:
        return None
    return (str(get(reference, "namespace") or route.namespace), str(get(reference, "name")))


def _target(one: Object) -> tuple[str, str]:
    return (one.namespace, str(get(one.spec, "targetRef", "name")))
