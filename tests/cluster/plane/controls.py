"""Tells which control refused a request, and takes a control away for as long as a test needs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.cluster.plane.client import Client, Object, RefusedError

_ADMISSION = "admissionregistration.k8s.io/v1"
_RBAC = "rbac.authorization.k8s.io/v1"
_FREE = "test-everything-is-allowed"
_RECOGNISED = (
    (r"ValidatingAdmissionPolicy '([^']+)'", "policy:{}"),
    (r"violates PodSecurity", "pod-security"),
    (r'admission webhook "([^"]+)" denied', "webhook:{}"),
    (r"exceeded quota: ([^,]+)", "quota:{}"),
    (r"maximum .* usage per (?:Container|Pod)", "limit-range"),
)


def control_of(refused: RefusedError) -> str:
    """The control behind a refusal: policy:NAME, rbac, pod-security, webhook:NAME, quota:NAME, api."""
    for pattern, name in _RECOGNISED:
        found = re.search(pattern, refused.message)
        if found:
            return name.format(*found.groups())
    if refused.code == 403 and " cannot " in refused.message:
        return "rbac"
    # The API itself knows no such thing: nothing to take away.
    return "api"


@contextmanager
def removed(admin: Client, control: str, user: str, namespace: str) -> Iterator[None]:
    """Without `control` until the block ends; `user` and `namespace` are the attacker's."""
    kind, _, name = control.partition(":")
    match kind:
        case "policy":
            things = [it for it in _bindings(admin) if it["spec"]["policyName"] == name]
            manager = _without(admin, things)
        case "webhook":
            things = [
                it
                for one in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
                for it in admin.list(_ADMISSION, one)
                if any(hook["name"] == name for hook in it["webhooks"])
            ]
            manager = _without(admin, things)
        case "quota":
            manager = _without(admin, [admin.get("v1", "ResourceQuota", name, namespace)])
        case "rbac":
            manager = _with_all_rights(admin, user)
        case "pod-security":
            manager = _unlabelled(admin, namespace)
        case _:
            msg = f"nobody knows how to take away {control}"
            raise ValueError(msg)
    with manager:
        yield


def _bindings(admin: Client) -> list[Object]:
    return admin.list(_ADMISSION, "ValidatingAdmissionPolicyBinding")


@contextmanager
def _without(admin: Client, things: list[Object]) -> Iterator[None]:
    assert things, "the control is not there, so taking it away proves nothing"
    for thing in things:
        admin.delete(thing)
    try:
        yield
    finally:
        for thing in things:
            admin.create(_bare(thing))


@contextmanager
def _with_all_rights(admin: Client, user: str) -> Iterator[None]:
    binding: Object = {
        "apiVersion": _RBAC,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": _FREE},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "cluster-admin",
        },
        "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
    }
    admin.apply(binding)
    try:
        yield
    finally:
        admin.delete(binding)


@contextmanager
def _unlabelled(admin: Client, namespace: str) -> Iterator[None]:
    space: dict[str, Any] = admin.get("v1", "Namespace", namespace)
    before = {
        key: value
        for key, value in space["metadata"]["labels"].items()
        if key.startswith("pod-security.kubernetes.io/")
    }
    assert before, "the namespace has no pod security, so taking it away proves nothing"
    admin.patch(space, {"metadata": {"labels": dict.fromkeys(before)}})
    try:
        yield
    finally:
        admin.patch(space, {"metadata": {"labels": before}})


def _bare(thing: Object) -> Object:
    """Without what only the API server may say."""
    kept = ("name", "namespace", "labels", "annotations")
    meta = {key: value for key, value in thing["metadata"].items() if key in kept}
    return {**{k: v for k, v in thing.items() if k != "status"}, "metadata": meta}
