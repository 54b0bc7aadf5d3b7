"""What surrounds the chat in the browser: its walls; the chart brings the rest."""

from llmplat.plan.cluster.gateway import NAMESPACE as GATEWAY_NAMESPACE
from llmplat.plan.cluster.workloads import OPEN_WEBUI
from llmplat.render.objects.containers import PORT
from llmplat.render.objects.network import (
    PRIVATE_RANGES,
    addresses,
    come_from,
    go_to,
    make_policy,
    make_walls,
    pods_in,
)
from llmplat.render.objects.shape import ROLE, Object


def make_open_webui_objects(platform: str) -> tuple[Object, ...]:
    """It may call the gateway and nothing else, and is called from private addresses."""
    return (
        *make_walls(platform, OPEN_WEBUI),
        make_policy(
            platform,
            OPEN_WEBUI,
            OPEN_WEBUI,
            {},
            ingress=[come_from(addresses(PRIVATE_RANGES), 8080)],
            egress=[go_to([pods_in(GATEWAY_NAMESPACE, {ROLE: "gateway"})], PORT)],
        ),
    )
