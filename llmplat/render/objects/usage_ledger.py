"""The database of the record of requests: a CloudNativePG Cluster and its walls."""

from llmplat.plan.cluster.gateway import NAMESPACE, USAGE_LEDGER, UsageDatabase
from llmplat.render.objects.databases import API_PORTS, OPERATOR, Database, make_database
from llmplat.render.objects.network import come_from, go_to, make_policy, pods_here, pods_in
from llmplat.render.objects.shape import ROLE, Object

DATABASE_PODS = {"cnpg.io/cluster": USAGE_LEDGER}
"""Labels that the operator gives the database's pods."""
DATABASE_PORT = 5432
_STATUS_PORT = 8000
"""Where the operator asks an instance how it is."""
_NAME = "usage"
"""Of the database and of its owner."""


def make_usage_ledger_objects(platform: str, database: UsageDatabase) -> tuple[Object, ...]:
    """Everything of the Application usage-ledger; the operator makes pods, Service and password."""
    wanted = Database(
        USAGE_LEDGER,
        NAMESPACE,
        _NAME,
        database.instances,
        database.storage_class,
        database.disk_bytes,
    )
    gateway, itself = pods_here({ROLE: "gateway"}), pods_here(DATABASE_PODS)
    operator = pods_in(OPERATOR)
    return (
        make_database(platform, wanted),
        make_policy(
            platform,
            USAGE_LEDGER,
            NAMESPACE,
            DATABASE_PODS,
            ingress=[
                come_from([gateway, itself, operator], DATABASE_PORT),
                come_from([itself, operator], _STATUS_PORT),
            ],
            egress=[go_to([itself], DATABASE_PORT, _STATUS_PORT), go_to((), *API_PORTS)],
        ),
    )
