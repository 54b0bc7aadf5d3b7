"""Walls around what people use in the browser: in by its door, out to the gateway, nothing else."""

from llmplat.plan.cluster.experience import OPEN_WEBUI, SIGN_IN, App, Experience, Page
from llmplat.plan.cluster.gateway import NAMESPACE as GATEWAY_NAMESPACE
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
from llmplat.render.objects.shape import PREFIX, ROLE, Object

DOOR_OF = f"{PREFIX}app"
"""Label of a door's pods: the page that it leads to."""


def make_app_walls(platform: str, app: App, experience: Experience) -> tuple[Object, ...]:
    """Only its door reaches an app, and it reaches only the gateway.

    Without sign-in Open WebUI asks for its own accounts, from private addresses; the others are
    reached through the API server's port-forward alone.
    """
    if experience.sign_in is not None:
        ingress = [come_from([pods_in(SIGN_IN, door_labels(app))], app.place.port)]
    elif app.name == OPEN_WEBUI:
        ingress = [come_from(addresses(PRIVATE_RANGES), app.place.port)]
    else:
        ingress = []
    egress = [go_to([pods_in(GATEWAY_NAMESPACE, {ROLE: "gateway"})], PORT)]
    return (
        *make_walls(platform, app.name),
        make_policy(platform, app.name, app.name, {}, ingress=ingress, egress=egress),
    )


def door_labels(page: Page) -> dict[str, str]:
    """What the pods of a page's door are known by."""
    return {ROLE: "door", DOOR_OF: page.name}
