"""An app that believes an identity header is reached by its door alone.

Whoever else reaches it is whoever they say they are: the header is a line of text that any client
can send.
"""

from collections.abc import Iterator
from typing import Any

from llmplat.validate.faults import Path
from llmplat.validate.objects import Object, Objects, dict_or_empty, get, list_or_empty
from llmplat.validate.smell import Smell

_BELIEVES = ("WEBUI_AUTH_TRUSTED_EMAIL_HEADER", "GF_AUTH_PROXY_ENABLED", "AUTH_TRUSTED_HEADER")
"""Environment variables that make an app take a header for a sign-in."""


def find(objects: Objects) -> Iterator[Smell]:
    """Apps that believe a header in namespaces that others reach."""
    for one, path, namespace in _believers(objects):
        walls = [
            policy
            for policy in objects.of("networking.k8s.io/NetworkPolicy")
            if policy.namespace == namespace and "Ingress" in _types(policy)
        ]
        fix = "ingress from the pods of the door only, by namespaceSelector and podSelector"
        if not walls:
            what = (
                f"it believes a header, and nothing keeps others out of the namespace {namespace}"
            )
            yield Smell(one, path, what, fix)
        for policy in walls:
            for place in _openings(policy):
                what = "it lets more than a door to an app that believes a header"
                yield Smell(policy, place, what, fix)


def _believers(objects: Objects) -> Iterator[tuple[Object, Path, str]]:
    for pod in objects.pods:
        for path, container in pod.containers():
            if _believes(container.get("env")):
                yield pod.owner, (*path, "env"), pod.owner.namespace
    for config in objects.configs:
        if config.owner.kind == "argoproj.io/Application":
            namespace = str(get(config.owner.spec, "destination", "namespace"))
            for key in ("extraEnvVars", "env"):
                if _believes(config.value.get(key)):
                    yield config.owner, config.at(key), namespace


def _believes(env: object) -> bool:
    return any(
        isinstance(one, dict)
        and one.get("name") in _BELIEVES
        and str(one.get("value", "")).lower() not in {"", "false"}
        for one in list_or_empty(env)
    )


def _types(policy: Object) -> list[Any]:
    return list_or_empty(policy.spec.get("policyTypes")) or ["Ingress"]


def _openings(policy: Object) -> Iterator[Path]:
    """Rules for everybody, for addresses, or for whole namespaces."""
    for number, rule in enumerate(list_or_empty(policy.spec.get("ingress"))):
        peers = list_or_empty(dict_or_empty(rule).get("from"))
        place: Path = ("spec", "ingress", number)
        if not peers:
            yield place
        for index, peer in enumerate(peers):
            if not dict_or_empty(dict_or_empty(peer).get("podSelector")):
                yield (*place, "from", index)
