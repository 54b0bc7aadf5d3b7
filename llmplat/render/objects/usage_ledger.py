"""The database of the record of requests: a CloudNativePG Cluster and its walls."""

from llmplat.plan.cluster.gateway import NAMESPACE, USAGE_LEDGER, UsageDatabase
from llmplat.render.objects.network import come_from, go_to, make_policy, pods_here, pods_in
from llmplat.render.objects.shape import ROLE, Object, make_metadata, make_object

DATABASE_PODS = {"cnpg.io/cluster": USAGE_LEDGER}
"""Labels that the operator gives the database's pods."""
DATABASE_PORT = 5432
_STATUS_PORT = 8000
"""Where the operator asks an instance how it is."""
_OPERATOR = "cnpg-system"
_API_PORTS = (443, 6443)
_NAME = "usage"
"""Of the database and of its owner."""


def make_usage_ledger_objects(platform: str, database: UsageDatabase) -> tuple[Object, ...]:
    """Everything of the Application usage-ledger; the operator makes pods, Service and password."""
    gateway, itself = pods_here({ROLE: "gateway"}), pods_here(DATABASE_PODS)
    operator = pods_in(_OPERATOR)
    return (
        _cluster(platform, database),
        make_policy(
            platform,
            USAGE_LEDGER,
            NAMESPACE,
            DATABASE_PODS,
            ingress=[
                come_from([gateway, itself, operator], DATABASE_PORT),
                come_from([itself, operator], _STATUS_PORT),
            ],
            # Each instance asks the API server who is primary.
            egress=[go_to([itself], DATABASE_PORT, _STATUS_PORT), go_to((), *_API_PORTS)],
        ),
    )


def _cluster(platform: str, database: UsageDatabase) -> Object:
    metadata = make_metadata(platform, USAGE_LEDGER, NAMESPACE)
    # The audit log: gone only when somebody says so twice.
    metadata["annotations"] = {
        "argocd.argoproj.io/sync-options": "Prune=confirm,Delete=confirm",
    }
    storage: Object = {"size": f"{database.disk_bytes // 1024**3}Gi"}
    if database.storage_class is not None:
        storage["storageClass"] = database.storage_class
    spec = {
        "instances": database.instances,
        "bootstrap": {"initdb": {"database": _NAME, "owner": _NAME}},
        "storage": storage,
        "resources": {
            "requests": {"cpu": "250m", "memory": "512Mi"},
            "limits": {"memory": "512Mi"},
        },
    }
    return make_object("postgresql.cnpg.io/v1", "Cluster", metadata, spec=spec)
