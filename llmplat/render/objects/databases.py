"""A PostgreSQL by CloudNativePG: its Cluster object; the operator makes pods, Service and password."""

from dataclasses import dataclass

from llmplat.render.objects.shape import Object, make_metadata, make_object

OPERATOR = "cnpg-system"
"""Namespace of the operator."""
API_PORTS = (443, 6443)
"""Each instance asks the API server who is primary."""


@dataclass(frozen=True)
class Database:
    """One database and its owner, who is called like it."""

    name: str
    """Of the Cluster."""
    namespace: str
    database: str
    instances: int
    storage_class: str | None
    disk_bytes: int


def make_database(platform: str, wanted: Database) -> Object:
    """The Cluster; it is gone only when somebody says so twice."""
    metadata = make_metadata(platform, wanted.name, wanted.namespace)
    metadata["annotations"] = {
        "argocd.argoproj.io/sync-options": "Prune=confirm,Delete=confirm",
    }
    storage: Object = {"size": f"{wanted.disk_bytes // 1024**3}Gi"}
    if wanted.storage_class is not None:
        storage["storageClass"] = wanted.storage_class
    spec = {
        "instances": wanted.instances,
        "bootstrap": {"initdb": {"database": wanted.database, "owner": wanted.database}},
        "storage": storage,
        "resources": {
            "requests": {"cpu": "250m", "memory": "512Mi"},
            "limits": {"memory": "512Mi"},
        },
    }
    return make_object("postgresql.cnpg.io/v1", "Cluster", metadata, spec=spec)
