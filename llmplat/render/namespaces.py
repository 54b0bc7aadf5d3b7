"""The namespaces of components -> Namespace objects with the Pod Security level each needs."""

from collections.abc import Iterable, Mapping
from typing import Any

from llmplat.catalog.entries import Catalog
from llmplat.plan.plan import Plan
from llmplat.render.argocd import CONFIRM, SYNC_OPTIONS, labels_of

APPLICATION = "namespaces"
_LEVELS = ("restricted", "baseline", "privileged")


def make_namespaces(
    plan: Plan, catalog: Catalog, others: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """One for each that a running component names and `others` lack; the widest level wins."""
    taken = {item["metadata"]["name"] for item in others if item["kind"] == "Namespace"}
    levels: dict[str, str] = {}
    for planned in plan.components:
        component = catalog.components[planned.name]
        if component.namespace is not None:
            known = levels.get(component.namespace, _LEVELS[0])
            levels[component.namespace] = max(known, component.pod_security, key=_LEVELS.index)
    return tuple(
        _namespace(plan.platform, name, level)
        for name, level in sorted(levels.items())
        if name not in taken
    )


def _namespace(platform: str, name: str, level: str) -> dict[str, Any]:
    modes = ("enforce", "audit", "warn")
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {
                **labels_of(platform, name),
                **{f"pod-security.kubernetes.io/{mode}": level for mode in modes},
            },
            "annotations": {SYNC_OPTIONS: CONFIRM},
        },
    }
