"""Plays the controllers that do not run here: gives what they look after the status they would give."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.cluster.plane.client import Client, Object, RefusedError, conditions

EVERY_S = 0.8
"""How long a thing waits at most before it is played ready."""
_NEVER = "1970-01-01T00:00:00Z"
_DATABASE_UP = "Cluster in healthy state"
"""CloudNativePG's own words, which Argo CD's health check of a Cluster knows."""


def _condition(kind: str, thing: Object) -> Object:
    return {
        "type": kind,
        "status": "True",
        "reason": "Played",
        "message": "",
        "observedGeneration": thing["metadata"].get("generation", 1),
        "lastTransitionTime": _NEVER,
    }


def _is_ready(thing: Object) -> bool:
    return conditions(thing).get("Ready") == "True"


def _ready(thing: Object) -> Object:
    plain = {k: v for k, v in _condition("Ready", thing).items() if k != "observedGeneration"}
    return {"conditions": [plain]}


def _is_database_up(thing: Object) -> bool:
    return (thing.get("status") or {}).get("phase") == _DATABASE_UP


def _database(thing: Object) -> Object:
    return {"phase": _DATABASE_UP, **_ready(thing)}


def _has_parents(thing: Object) -> bool:
    return bool((thing.get("status") or {}).get("parents"))


def _route(thing: Object) -> Object:
    both = [_condition("Accepted", thing), _condition("ResolvedRefs", thing)]
    return {
        "parents": [
            {"parentRef": ref, "controllerName": "llmplat.test/played", "conditions": both}
            for ref in thing["spec"]["parentRefs"]
        ]
    }


def _pool(thing: Object) -> Object:
    both = [_condition("Accepted", thing), _condition("ResolvedRefs", thing)]
    return {"parents": [{"parentRef": {"name": "played"}, "conditions": both}]}


def _is_programmed(thing: Object) -> bool:
    return conditions(thing).get("Programmed") == "True"


def _gateway(thing: Object) -> Object:
    return {"conditions": [_condition("Accepted", thing), _condition("Programmed", thing)]}


def _is_balanced(thing: Object) -> bool:
    is_balancer = thing["spec"].get("type") == "LoadBalancer"
    return not is_balancer or bool((thing["status"].get("loadBalancer") or {}).get("ingress"))


@dataclass(frozen=True)
class _Part:
    api: str
    kind: str
    is_done: Callable[[Object], bool]
    status: Callable[[Object], Object]


_PARTS = (
    _Part("external-secrets.io/v1", "ClusterSecretStore", _is_ready, _ready),
    _Part("external-secrets.io/v1", "ExternalSecret", _is_ready, _ready),
    _Part("cert-manager.io/v1", "ClusterIssuer", _is_ready, _ready),
    _Part("cert-manager.io/v1", "Issuer", _is_ready, _ready),
    _Part("cert-manager.io/v1", "Certificate", _is_ready, _ready),
    _Part("postgresql.cnpg.io/v1", "Cluster", _is_database_up, _database),
    _Part("keda.sh/v1alpha1", "ScaledObject", _is_ready, _ready),
    _Part("gateway.networking.k8s.io/v1", "Gateway", _is_programmed, _gateway),
    _Part("gateway.networking.k8s.io/v1", "HTTPRoute", _has_parents, _route),
    _Part("inference.networking.k8s.io/v1", "InferencePool", _has_parents, _pool),
    _Part("v1", "Service", _is_balanced, lambda _: {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}),
)  # fmt: skip


@contextmanager
def played_controllers(admin: Client, every_s: float = EVERY_S) -> Iterator[None]:
    """Play them until the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=_play, args=(admin, over, every_s), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _play(admin: Client, over: threading.Event, every_s: float) -> None:
    while not over.wait(every_s):
        for part in _PARTS:
            for thing in _list(admin, part.api, part.kind):
                if not part.is_done(thing):
                    _act(admin, thing, part.status(thing))
        for claim in _list(admin, "v1", "PersistentVolumeClaim"):
            if (claim.get("status") or {}).get("phase") != "Bound":
                _try(lambda claim=claim: admin.apply(_volume(claim)))


def _act(admin: Client, thing: Object, status: Object) -> None:
    if thing["kind"] == "ExternalSecret":
        _try(lambda: admin.apply(_secret(thing)))
    _try(lambda: admin.patch(thing, {"status": status}, "/status"))


def _list(admin: Client, api: str, kind: str) -> list[Object]:
    try:
        return admin.list(api, kind)
    except (RefusedError, KeyError, httpx.TransportError):
        return []  # its CRD is not there yet, or the API server is starved


def _try(act: Callable[[], Any]) -> None:
    """Gone or changed meanwhile, in a namespace that goes, or not in time: the next round looks again."""
    try:
        act()
    except httpx.TransportError:
        return
    except RefusedError as refused:
        is_going = refused.code == 403 and "being terminated" in refused.message
        if not is_going and refused.code < 500 and refused.code not in {404, 409, 422, 429}:
            raise


def _secret(thing: Object) -> Object:
    meta = thing["metadata"]
    spec = thing["spec"]
    name = (spec.get("target") or {}).get("name") or meta["name"]
    keys = [one["secretKey"] for one in spec.get("data") or ()] or ["value"]
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "ownerReferences": [_owner(thing)],
        },
        "stringData": dict.fromkeys(keys, "played"),
    }


def _owner(thing: Object) -> Object:
    """As External Secrets does: the Secret goes with what asked for it."""
    meta = thing["metadata"]
    named = {"apiVersion": thing["apiVersion"], "kind": thing["kind"]}
    return {**named, "name": meta["name"], "uid": meta["uid"], "controller": True}


def _volume(claim: Object) -> Object:
    meta, spec = claim["metadata"], claim["spec"]
    made: Object = {
        "accessModes": spec["accessModes"],
        "capacity": spec["resources"]["requests"],
        "hostPath": {"path": "/played"},
        "claimRef": {"name": meta["name"], "namespace": meta["namespace"]},
    }
    if spec.get("storageClassName"):
        made["storageClassName"] = spec["storageClassName"]
    # A claim of the same name that comes later is another one: a volume is bound but once.
    name = f"played-{meta['uid']}"
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": made,
    }
