"""The namespaces of components -> Namespaces with their Pod Security level, each closed by default."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from llmplat.catalog.component_entries import Component, Door
from llmplat.catalog.entries import Catalog
from llmplat.plan.plan import Plan
from llmplat.render.argocd import CONFIRM, SYNC_OPTIONS, labels_of

APPLICATION = "namespaces"
WALL = "default-deny"
METRICS = "monitoring"
"""Namespace of Prometheus, which every component lets in."""
_LEVELS = ("restricted", "baseline", "privileged")
_MODES = ("enforce", "audit", "warn")
_NAME = "kubernetes.io/metadata.name"


def make_namespaces(
    plan: Plan, catalog: Catalog, others: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """One for each that a running component names and `others` lack; the widest level wins.

    `others` are all objects of our own: where they close a namespace nothing is added to it. A door
    for a namespace that this platform does not have stays shut.
    """
    others = tuple(others)
    taken = {item["metadata"]["name"] for item in others if item["kind"] == "Namespace"}
    closed = {item["metadata"].get("namespace") for item in others if _is_wall(item)}
    running = [catalog.components[planned.name] for planned in plan.components]
    here = taken | {component.namespace for component in running}
    living: dict[str, list[Component]] = {}
    for component in running:
        if component.namespace is not None and component.namespace not in taken:
            doors = tuple(it for it in component.doors if it.from_namespace in {None, *here})
            living.setdefault(component.namespace, []).append(replace(component, doors=doors))
    return tuple(
        item
        for name, components in sorted(living.items())
        for item in _of_one(plan.platform, name, components, is_closed=name in closed)
    )


def _is_wall(item: Mapping[str, Any]) -> bool:
    return bool(item["kind"] == "NetworkPolicy" and item["metadata"]["name"] == WALL)


def _of_one(
    platform: str, name: str, components: list[Component], *, is_closed: bool
) -> Iterator[dict[str, Any]]:
    """`is_closed`: its own objects hold its walls and doors."""
    level = max((component.pod_security for component in components), key=_LEVELS.index)
    yield _namespace(platform, name, level)
    if is_closed:
        return
    yield _policy(platform, name, WALL, [])
    doors = {door for component in components for door in component.doors}
    inside = {"from": [{"podSelector": {}}, _namespace_called(METRICS)]}
    ways = [inside, *(_way(door) for door in sorted(doors, key=_in_order))]
    yield _policy(platform, name, "allow-doors", ways)


def _namespace(platform: str, name: str, level: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {
                **labels_of(platform, name),
                **{f"pod-security.kubernetes.io/{mode}": level for mode in _MODES},
            },
            "annotations": {SYNC_OPTIONS: CONFIRM},
        },
    }


def _policy(
    platform: str, namespace: str, name: str, ingress: list[dict[str, Any]]
) -> dict[str, Any]:
    """Ways in only: controllers talk to the API server and to clouds, wherever those are.

    An empty list is left out: API servers drop it, and would see a change at each apply.
    """
    metadata = {"name": name, "namespace": namespace, "labels": labels_of(platform, name)}
    spec: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Ingress"]}
    if ingress:
        spec["ingress"] = ingress
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata,
        "spec": spec,
    }


def _in_order(door: Door) -> tuple[int, str]:
    return door.port, door.from_namespace or ""


def _way(door: Door) -> dict[str, Any]:
    way: dict[str, Any] = {"ports": [{"protocol": "TCP", "port": door.port}]}
    if door.from_namespace is not None:
        way["from"] = [_namespace_called(door.from_namespace)]
    return way


def _namespace_called(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {_NAME: name}}}
