"""The order in which kinds of objects are applied, and what an object's kind is called."""

from collections.abc import Mapping
from typing import Any

_FIRST = (
    "Namespace",
    "CustomResourceDefinition",
    "PriorityClass",
    "WorkloadPriorityClass",
    "ResourceFlavor",
    "Cohort",
    "ClusterQueue",
    "LocalQueue",
    "ResourceQuota",
    "LimitRange",
    "NetworkPolicy",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "ClusterSecretStore",
    "ExternalSecret",
    "ConfigMap",
    "Service",
)
_RANK = {kind: rank for rank, kind in enumerate(_FIRST)}


def in_apply_order(item: Mapping[str, Any]) -> tuple[int, str, str, str]:
    """Sorting key: what others need comes first, then by kind, namespace and name."""
    metadata = item["metadata"]
    kind = str(item["kind"])
    return _RANK.get(kind, len(_RANK)), kind, metadata.get("namespace", ""), metadata["name"]


def kind_of(item: Mapping[str, Any]) -> str:
    """group/Kind, "/Kind" in the core group."""
    group, slash, _ = str(item["apiVersion"]).rpartition("/")
    return f"{group if slash else ''}/{item['kind']}"
