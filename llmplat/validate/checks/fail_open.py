"""What guards the way in stays shut when it cannot decide.

A guard that opens when it is down is passed by taking it down: requests then skip the router, the
key check or the policy, and nobody is told.
"""

from collections.abc import Iterator
from typing import Any

from llmplat.validate.faults import Path
from llmplat.validate.objects import Object, Objects, list_or_empty
from llmplat.validate.smell import Smell

_ADMISSION = "admissionregistration.k8s.io"
_POLICIES = ("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy")
_WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_DATA_PLANE = ("inference.networking", "agentgateway.dev", "gateway.kgateway.dev", "llm-d.ai")
_OPEN_KEYS = {
    "failureMode": "FailOpen",
    "allow_requests_on_db_unavailable": True,
    "fail_open": True,
}


def find(objects: Objects) -> Iterator[Smell]:
    """Every flag that opens on failure."""
    for one in objects.all:
        if one.kind.startswith(_ADMISSION):
            yield from _admission(one)
        elif one.kind.startswith(_DATA_PLANE):
            yield from (_open(one, path) for path in _walk(one.spec, ("spec",)))
    for config in objects.configs:
        yield from (_open(config.owner, config.at(*path), path) for path in _walk(config.value, ()))


def _admission(one: Object) -> Iterator[Smell]:
    kind = one.kind.rpartition("/")[2]
    if kind in _POLICIES and one.spec.get("failurePolicy") == "Ignore":
        yield _ignored(one, ("spec", "failurePolicy"))
    if kind == "ValidatingAdmissionPolicyBinding" and "Deny" not in list_or_empty(
        one.spec.get("validationActions")
    ):
        path: Path = ("spec", "validationActions")
        yield Smell(one, path, "it warns where it should refuse", "validationActions: [Deny]")
    if kind in _WEBHOOKS:
        for index, hook in enumerate(list_or_empty(one.value.get("webhooks"))):
            if isinstance(hook, dict) and hook.get("failurePolicy") == "Ignore":
                yield _ignored(one, ("webhooks", index, "failurePolicy"), is_mild=True)


def _walk(value: Any, path: Path) -> Iterator[Path]:  # noqa: ANN401 (a value of a manifest)
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _OPEN_KEYS and item == _OPEN_KEYS[key]:
                yield (*path, key)
            else:
                yield from _walk(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))


def _open(one: Object, path: Path, inner: Path = ()) -> Smell:
    key = str((inner or path)[-1])
    shut = "FailClose" if key == "failureMode" else "false"
    return Smell(one, path, f"{key} opens the way when the guard is down", f"{key}: {shut}")


def _ignored(one: Object, path: Path, *, is_mild: bool = False) -> Smell:
    what = "failurePolicy Ignore lets everything through when the check cannot run"
    return Smell(one, path, what, "failurePolicy: Fail", is_mild=is_mild)
