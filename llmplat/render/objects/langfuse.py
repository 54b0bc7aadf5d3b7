"""What surrounds Langfuse: its database and its walls; the chart brings the rest."""

from llmplat.plan.cluster.langfuse import DATABASE, LANGFUSE, PORT, Langfuse
from llmplat.plan.cluster.tracing import NAMESPACE as TRACING
from llmplat.render.objects.collector import LABELS as COLLECTOR
from llmplat.render.objects.databases import API_PORTS, OPERATOR, Database, make_database
from llmplat.render.objects.network import come_from, go_to, make_policy, make_walls, pods_in
from llmplat.render.objects.shape import Object

_STORES = (443, 8123, 8443, 9000, 9440)
"""A bucket over https, and ClickHouse over HTTP and its own protocol."""


def make_langfuse_objects(platform: str, langfuse: Langfuse) -> tuple[Object, ...]:
    """The collector sends to it; people reach it through the API server's port-forward."""
    database = Database(DATABASE, LANGFUSE, "langfuse", 1, langfuse.storage_class, 8 * 1024**3)
    within: Object = {"podSelector": {}}
    return (
        *make_walls(platform, LANGFUSE),
        make_database(platform, database),
        make_policy(
            platform,
            LANGFUSE,
            LANGFUSE,
            {},
            ingress=[
                come_from([pods_in(TRACING, COLLECTOR)], PORT),
                {"from": [within]},
                come_from([pods_in(OPERATOR)], 5432, 8000),
            ],
            egress=[{"to": [within]}, go_to((), *_STORES), go_to((), *API_PORTS)],
        ),
    )
